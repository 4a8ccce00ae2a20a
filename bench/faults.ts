/**
 * Faults of the network × the built command line: exit code (`!` where an answer is wrong), requests, seconds and what is said; what is
 * wrong below it. Exit 1 if anything is. `npm run bench:faults -- word` runs those whose name the pattern finds, with all that they print.
 */
import { FAULTS } from '../src/cli/faults/list.fixture.ts';
import { describeFaults, runFaults } from '../src/cli/faults/run.fixture.ts';

const start = performance.now();
const word = process.argv[2] ?? '';
const outcomes = await runFaults(
  FAULTS.filter(({ name }) => new RegExp(word).test(name)),
  (outcome) => {
    const lines = [...describeFaults([outcome]), ...outcome.wrong.map((what) => `    ${what}`)];
    process.stderr.write(`${lines.join('\n')}\n`);
  },
);
const wrong = outcomes.flatMap((outcome) => outcome.wrong.map((what) => `${outcome.row.name}: ${what}`));
const whole = outcomes.flatMap(({ row, stdout, stderr }) => ['', `== ${row.name}`, stdout.trimEnd(), stderr.trimEnd()]);
const seconds = ((performance.now() - start) / 1000).toFixed(1);
const closing = `${outcomes.length} faults, ${wrong.length} wrong answers, ${seconds} s`;
process.stdout.write(
  `${[...describeFaults(outcomes), ...(word === '' ? [] : whole), '', ...wrong, closing].join('\n')}\n`,
);
process.exitCode = wrong.length > 0 ? 1 : 0;
