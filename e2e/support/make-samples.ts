import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { constants, gzipSync } from 'node:zlib';
import { shortenOffsets } from '../../src/core/source/short-offsets.ts';
import { readAll } from './hub/body.ts';
import { modelFiles, QWEN3_235B } from './hub/qwen3-moe.ts';

/** Makes the samples of `public/samples`: `npx tsx e2e/support/make-samples.ts`. */
const SAMPLES = fileURLToPath(new URL('../../public/samples', import.meta.url));
const FIXTURES = fileURLToPath(new URL('../../fixtures/checkpoints', import.meta.url));

/** What a checkpoint of 118 shards and 470 GB looks like from its headers: no tensor bytes. */
function makeHeadersOnly(): void {
  const dir = join(SAMPLES, 'qwen3-235b-a22b');
  mkdirSync(dir, { recursive: true });
  const options = { dims: QWEN3_235B, layout: 'per-expert', seed: 'Qwen3-235B-A22B', maxShardBytes: 4e9 } as const;
  const wanted = modelFiles('Qwen/Qwen3-235B-A22B', options).filter(
    ({ path }) => path.endsWith('.safetensors') || path.endsWith('.index.json') || path === 'config.json',
  );
  const parts = wanted.map(({ path, body }) => {
    const size = body.size;
    const held = path.endsWith('.safetensors') ? 8 + Number(Buffer.from(body.read(0, 8)).readBigUInt64LE()) : size;
    if (held === size) return { name: path, byteLength: size, held, bytes: readAll(body) };
    const bytes = shortenOffsets(body.read(0, held));
    return { name: path, byteLength: size, held, stored: bytes.length, bytes };
  });
  const blob = Buffer.concat(parts.map((part) => part.bytes));
  writeFileSync(join(dir, 'headers.bin'), gzipSync(blob, { level: 9, memLevel: 9, strategy: constants.Z_FILTERED }));
  const files = parts.map(({ bytes: _, ...file }) => file);
  writeManifest('qwen3-235b-a22b', { identity: 'Qwen3-235B-A22B (headers only)', blob: 'headers.bin', files });
}

/** A whole checkpoint small enough to ship. */
function makeTiny(id: string, identity: string, fixture?: string): void {
  const dir = join(SAMPLES, id);
  if (fixture) cpSync(join(FIXTURES, fixture, 'hub'), dir, { recursive: true });
  const files = readdirSync(dir).sort();
  for (const file of files.filter((each) => each.endsWith('.safetensors'))) cutMantissas(join(dir, file));
  writeManifest(id, { identity, files });
}

/** The lower 4 of the 7 mantissa bits of bf16: random ones are most of what the npm package would weigh. */
const CUT_BITS = 0xf;

/** Clears bits of a file whose tensors are all BF16. Names, shapes and sizes stay. @throws Error for another dtype. */
function cutMantissas(path: string): void {
  const bytes = readFileSync(path);
  const start = 8 + Number(bytes.readBigUInt64LE());
  const dtypes = new Set([...bytes.toString('utf8', 8, start).matchAll(/"dtype":"(\w+)"/g)].map(([, dtype]) => dtype));
  if ([...dtypes].join() !== 'BF16') throw new Error(`${path} holds ${[...dtypes].join(', ')}; only BF16 can be cut.`);
  for (let at = start; at < bytes.length; at += 2) bytes[at] = (bytes[at] ?? 0) & ~CUT_BITS;
  writeFileSync(path, bytes);
}

/** Beside the sample's folder, so that the folder holds what a checkpoint's folder holds. */
function writeManifest(id: string, manifest: object): void {
  writeFileSync(join(SAMPLES, `${id}.json`), `${JSON.stringify(manifest)}\n`);
}

makeTiny('tiny-qwen3-moe', 'tiny-qwen3-moe');
makeTiny('tiny-gpt-oss', 'tiny-gpt-oss', 'gpt_oss');
makeHeadersOnly();
