/**
 * Lets several processes go for the lock of an output folder at the same moment, again and again, with and without the lock
 * of a process that has ended: there are never two in. Prints a table, and one JSON line.
 *
 *     npm run bench:lock -- [--rounds 2000] [--processes 4]
 */
import { parseArgs } from 'node:util';
import { lockRounds, lockTable } from './lock/rounds.ts';

const { values: flags } = parseArgs({
  options: { rounds: { type: 'string', default: '2000' }, processes: { type: 'string', default: '4' } },
});
const rows = [];
for (const stale of [false, true]) rows.push(await lockRounds(Number(flags.rounds), Number(flags.processes), stale));
process.stdout.write(`${lockTable(rows).join('\n')}\n${JSON.stringify({ bench: 'lock', rows })}\n`);
process.exitCode = rows.some(({ twoIn, left }) => twoIn + left > 0) ? 1 : 0;
