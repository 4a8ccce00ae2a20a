/**
 * Kills a conversion at random moments, again and again, goes on each time, and holds what is left to a run that nothing
 * interrupted: no half shard under its final name, the same bytes at the end, at most one shard a thread made again.
 *
 * First each signal that ends a process, once a conversion, as a table: SIGTERM, SIGINT and SIGHUP keep finished shards and
 * end with exit code 2. Then the process of the command line again and again (SIGKILL), and the tab of the built app in
 * Chromium (closed).
 *
 *     npm run build && npm run bench:kill -- [--signals 20] [--only SIGTERM] [--kills 170] [--tabs 30] [--seed 1]
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { INDEX_FILE } from '../src/core/safetensors/index-file.ts';
import { JOURNAL_FILE } from '../src/core/sink/ledger.node.ts';
import { BIN } from './convert/node.ts';
import { createRandom, DIMS, generate, MAX_SHARD, sumOf, sums } from './kill/common.ts';
import { isWrong, killBy, SIGNALS, type SignalRow, signalTable } from './kill/signals.ts';
import { killTabs } from './kill/tabs.ts';

const { values: flags } = parseArgs({
  options: {
    signals: { type: 'string', default: '20' },
    only: { type: 'string' },
    kills: { type: 'string', default: '170' },
    tabs: { type: 'string', default: '30' },
    seed: { type: 'string', default: '1' },
  },
});
const THREADS = 2;

const args = (source: string, out: string) => [
  ...[BIN, 'convert', source, '--to', 'stacked', '--out', out, '--max-shard-size', MAX_SHARD],
  ...['--threads', String(THREADS), '--quiet', '--json'],
];

interface Ended {
  readonly code: number | null;
  readonly text: string;
  readonly ms: number;
}

/** Runs the program, and kills it after so many milliseconds where that is given. */
function convert(source: string, out: string, more: readonly string[], killAfter?: number): Promise<Ended> {
  const start = performance.now();
  const child = spawn(process.execPath, [...args(source, out), ...more], { stdio: ['ignore', 'pipe', 'ignore'] });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfter);
  return new Promise((resolve) => {
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code, text, ms: performance.now() - start });
    });
  });
}

const work = mkdtempSync(join(tmpdir(), 'moe-loom-kill-'));
try {
  const source = join(work, 'source');
  generate(source);
  const straight = await convert(source, join(work, 'straight'), []);
  if (straight.code !== 0) throw new Error('The run that nothing interrupts failed.');
  const wanted = sums(join(work, 'straight'));
  const random = createRandom(Number(flags.seed));
  const out = join(work, 'out');
  const signals: SignalRow[] = [];
  if (Number(flags.signals) > 0) {
    for (const signal of SIGNALS.filter((one) => flags.only === undefined || one === flags.only)) {
      const kills = { args: (to: string) => args(source, to), out, wanted, withinMs: straight.ms, random };
      signals.push(await killBy(signal, { ...kills, kills: Number(flags.signals) }));
    }
    process.stdout.write(`${signalTable(signals).join('\n')}\n`);
  }
  const found = { kills: 0, tooLate: 0, conversions: 0, half: 0, differing: 0, mostRedone: 0, kept: 0 };
  while (found.kills < Number(flags.kills)) {
    rmSync(out, { recursive: true, force: true });
    found.conversions++;
    for (let ended = false; !ended; ) {
      const going = existsSync(join(out, JOURNAL_FILE)) ? ['--resume'] : [];
      const last = found.kills >= Number(flags.kills);
      const { code, text } = await convert(source, out, going, last ? undefined : random() * straight.ms);
      ended = code !== null;
      if (ended) {
        if (code !== 0) throw new Error(`Going on ended with ${code}: ${text}`);
        found.kept += JSON.parse(text).kept ?? 0;
        if (!last) found.tooLate++;
        continue;
      }
      found.kills++;
      if (!existsSync(out)) continue;
      const names = readdirSync(out).filter((name) => name.endsWith('.safetensors'));
      found.half += names.filter((name) => sumOf(join(out, name)) !== wanted.get(name)).length;
      // Killed between the journal's end and its own: the conversion is whole.
      ended = existsSync(join(out, INDEX_FILE)) && !existsSync(join(out, JOURNAL_FILE));
      if (ended) continue;
      const journal = existsSync(join(out, JOURNAL_FILE)) ? readFileSync(join(out, JOURNAL_FILE), 'utf8') : '';
      const begun = readdirSync(out).filter((name) => /\.safetensors(\.moe-loom-part)?$/.test(name)).length;
      const finished = Math.max(0, journal.split('\n').length - 2);
      found.mostRedone = Math.max(found.mostRedone, begun - finished);
    }
    const made = sums(out);
    if (JSON.stringify([...made]) !== JSON.stringify([...wanted])) found.differing++;
  }
  const tabs =
    Number(flags.tabs) > 0 ? await killTabs(work, { source, wanted, random, kills: Number(flags.tabs) }) : null;
  const bytes = DIMS.layers * DIMS.experts * 3 * DIMS.hidden * DIMS.moeIntermediate * 2;
  process.stdout.write(
    `${JSON.stringify({ bench: 'kill', threads: THREADS, expert_bytes: bytes, shards: wanted.size - 2, straight_ms: Math.round(straight.ms), ...found, tabs, signals })}\n`,
  );
  const wrong = found.half + found.differing > 0 || found.mostRedone > THREADS;
  const wrongTabs = tabs !== null && tabs.half + tabs.differing > 0;
  process.exitCode = wrong || wrongTabs || signals.some(isWrong) ? 1 : 0;
} finally {
  rmSync(work, { recursive: true, force: true });
}
process.exit();
