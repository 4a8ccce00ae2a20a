/**
 * Converts a generated checkpoint of stacked in-out matrices (the shapes of Qwen3-VL-30B-A3B, which store gate and up as
 * [E, H, 2I]) with the built command line: from a plain folder, which states no hashes, and from a Hub cache folder, whose
 * blobs are named by their SHA-256. In turns; the ratio is what checking the stated hashes costs. One JSON line a target.
 *
 *     npm run build && npm run bench:source-hash -- [--pairs 3] [--layers 1] [--to gate-up,per-expert] [--folder /tmp]
 *
 * Needs three times the bytes of the checkpoint on the disk: 3.6 GB for one layer.
 */
import { createHash } from 'node:crypto';
import {
  createReadStream,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { parseArgs } from 'node:util';
import { median, round } from './convert/measure.ts';
import { convertInNode } from './convert/node.ts';
import { generate } from './convert/shapes.ts';

const { values: flags } = parseArgs({
  options: {
    pairs: { type: 'string', default: '3' },
    layers: { type: 'string', default: '1' },
    to: { type: 'string', default: 'gate-up,per-expert' },
    folder: { type: 'string', default: tmpdir() },
  },
});

const SHAPE = { modelType: 'qwen3_vl_moe', experts: 128, intermediate: 768, hidden: 2048, stored: 'in-out' } as const;
const COMMIT = '0123456789abcdef0123456789abcdef01234567';

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** The same files as a repo of the Hub cache: blobs by their hashes, and links to them by name. */
async function asCache(plain: string, repo: string): Promise<string> {
  const snapshot = join(repo, 'snapshots', COMMIT);
  for (const folder of [join(repo, 'blobs'), join(repo, 'refs'), snapshot]) mkdirSync(folder, { recursive: true });
  writeFileSync(join(repo, 'refs', 'main'), COMMIT);
  for (const name of readdirSync(plain)) {
    const blob = await sha256(join(plain, name));
    linkSync(join(plain, name), join(repo, 'blobs', blob));
    symlinkSync(join('..', '..', 'blobs', blob), join(snapshot, name));
  }
  return repo;
}

const work = mkdtempSync(join(flags.folder, 'moe-loom-bench-'));
try {
  const plain = join(work, 'plain');
  const bytes = generate(plain, { ...SHAPE, layers: Number(flags.layers) });
  const cache = await asCache(plain, join(work, 'models--bench--in-out'));
  for (const to of flags.to.split(',')) {
    const seconds = { plain: [] as number[], cache: [] as number[] };
    for (let pair = 0; pair < Number(flags.pairs); pair++) {
      seconds.plain.push((await convertInNode(plain, join(work, 'out'), to)).seconds);
      seconds.cache.push((await convertInNode(cache, join(work, 'out'), to)).seconds);
    }
    const ratios = seconds.cache.map((value, pair) => round(value / (seconds.plain[pair] ?? Number.NaN)));
    const line = { bench: 'source-hash', to, bytes, pairs: ratios.length, ratio: median(ratios), ratios };
    const all = {
      plain_seconds: seconds.plain.map((s) => round(s)),
      cache_seconds: seconds.cache.map((s) => round(s)),
    };
    process.stdout.write(`${JSON.stringify({ ...line, ...all })}\n`);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
