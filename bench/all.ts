/**
 * Runs the benches that this machine can run, one after another, and prints one table: what was measured, the floor of the
 * same run, the ratio, the goal, and whether it is met.
 *
 *     npm run bench [-- --only header,ui] [--quick] [--json rows.json] [--lines lines.jsonl]
 *
 * `--lines` writes what the benches themselves printed. Builds first where `dist/` is missing. `--quick` takes small sizes. It exits with 0 where a goal is missed, and with 2 where a
 * bench crashed.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { BENCHES } from './all/benches.ts';
import { describeMachine, thisMachine } from './all/machine.ts';
import type { Row } from './all/row.ts';
import { runBench } from './all/run-bench.ts';
import { formatTable } from './all/table.ts';

const { values: flags } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    json: { type: 'string' },
    lines: { type: 'string' },
  },
});
const ROOT = fileURLToPath(new URL('..', import.meta.url));

async function main(): Promise<number> {
  const chosen = flags.only?.split(',') ?? BENCHES.map(({ name }) => name);
  const unknown = chosen.filter((name) => BENCHES.every((bench) => bench.name !== name));
  if (unknown.length > 0) {
    process.stderr.write(`${unknown.join(', ')}: --only takes ${BENCHES.map(({ name }) => name).join(', ')}\n`);
    return 1;
  }
  if (!['dist/app/index.html', 'dist/cli/moe-loom.js'].every((file) => existsSync(`${ROOT}${file}`)))
    execFileSync('npm', ['run', '--silent', 'build'], { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
  const machine = thisMachine();
  const sizes = flags.quick ? ' (quick: small sizes, few runs)' : '';
  const title = `moe-loom benches${sizes}: ${describeMachine(machine)}`;
  const rows: Row[] = [];
  const lines: string[] = [];
  let crashed = false;
  for (const bench of BENCHES.filter(({ name }) => chosen.includes(name))) {
    process.stderr.write(`${bench.name} …\n`);
    const outcome = await runBench(bench, bench.run(machine, flags.quick), machine);
    rows.push(...outcome.rows);
    lines.push(...outcome.lines);
    crashed ||= outcome.crashed;
  }
  process.stdout.write(`${formatTable(title, rows)}\n`);
  if (flags.json !== undefined)
    writeFileSync(flags.json, `${JSON.stringify({ title, quick: flags.quick, rows }, null, 2)}\n`);
  if (flags.lines !== undefined) writeFileSync(flags.lines, lines.map((line) => `${line}\n`).join(''));
  return crashed ? 2 : 0;
}

process.exitCode = await main();
