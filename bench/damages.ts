/** Planted damages × commands: a table of exit codes, `!` where an answer is wrong, and what is wrong below it. Exit 1 if any is. */
import { describeDamages, runDamages } from '../src/cli/damages/run.fixture.ts';

const start = performance.now();
const rows = await runDamages();
const wrong = rows.flatMap(({ damage, outcomes }) =>
  Object.entries(outcomes).flatMap(([tried, outcome]) =>
    outcome.wrong === null ? [] : [`${damage.name}: ${tried} ${outcome.wrong}`],
  ),
);
const seconds = ((performance.now() - start) / 1000).toFixed(1);
process.stdout.write(
  `${[...describeDamages(rows), '', ...wrong, `${rows.length} damages, ${wrong.length} wrong answers, ${seconds} s`].join('\n')}\n`,
);
process.exitCode = wrong.length > 0 ? 1 : 0;
