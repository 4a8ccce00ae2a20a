/**
 * Kills a conversion at random moments, again and again, goes on each time, and holds what is left to a run that nothing
 * interrupted: no half shard under its final name, the same bytes at the end, at most one shard a thread made again.
 *
 *     npm run build && npm run bench:kill -- [--kills 200] [--seed 1]
 */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { indexJson, QWEN3_235B, qwen3MoeConfig, shardName, virtualShards } from '../e2e/support/hub/qwen3-moe.ts';

const { values: flags } = parseArgs({
  options: { kills: { type: 'string', default: '200' }, seed: { type: 'string', default: '1' } },
});
const BIN = fileURLToPath(new URL('../dist/cli/moe-loom.js', import.meta.url));
const DIMS = { ...QWEN3_235B, layers: 3, experts: 32, hidden: 512, heads: 8, moeIntermediate: 256, vocab: 4096 };
const THREADS = 2;
const JOURNAL = '.moe-loom-journal';

function generate(folder: string): void {
  mkdirSync(folder);
  const shards = virtualShards({ dims: DIMS, layout: 'per-expert', seed: 'kill', maxShardBytes: 40e6 });
  for (const [at, { body }] of shards.entries()) {
    const file = openSync(join(folder, shardName(at, shards.length)), 'w');
    writeSync(file, body.read(0, body.size));
    closeSync(file);
  }
  writeFileSync(join(folder, 'model.safetensors.index.json'), indexJson(shards));
  writeFileSync(join(folder, 'config.json'), JSON.stringify(qwen3MoeConfig(DIMS)));
}

const args = (source: string, out: string) => [
  ...[BIN, 'convert', source, '--to', 'stacked', '--out', out, '--max-shard-size', '10MB'],
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

const sumOf = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
/** The report says how many shards were kept, and so differs. */
const sums = (folder: string) =>
  new Map(
    readdirSync(folder)
      .filter((name) => name !== 'moe-loom-report.json')
      .sort()
      .map((name) => [name, sumOf(join(folder, name))]),
  );

function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
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
  const found = { kills: 0, tooLate: 0, conversions: 0, half: 0, differing: 0, mostRedone: 0, kept: 0 };
  while (found.kills < Number(flags.kills)) {
    rmSync(out, { recursive: true, force: true });
    found.conversions++;
    for (let ended = false; !ended; ) {
      const going = existsSync(join(out, JOURNAL)) ? ['--resume'] : [];
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
      const journal = existsSync(join(out, JOURNAL)) ? readFileSync(join(out, JOURNAL), 'utf8') : '';
      const begun = readdirSync(out).filter((name) => /\.safetensors(\.moe-loom-part)?$/.test(name)).length;
      const finished = Math.max(0, journal.split('\n').length - 2);
      found.mostRedone = Math.max(found.mostRedone, begun - finished);
    }
    const made = sums(out);
    if (JSON.stringify([...made]) !== JSON.stringify([...wanted])) found.differing++;
  }
  const bytes = DIMS.layers * DIMS.experts * 3 * DIMS.hidden * DIMS.moeIntermediate * 2;
  process.stdout.write(
    `${JSON.stringify({ bench: 'kill', threads: THREADS, expert_bytes: bytes, shards: wanted.size - 2, straight_ms: Math.round(straight.ms), ...found })}\n`,
  );
  const wrong = found.half + found.differing > 0 || found.mostRedone > THREADS;
  process.exitCode = wrong ? 1 : 0;
} finally {
  rmSync(work, { recursive: true, force: true });
}
