import { createHash } from 'node:crypto';
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { indexJson, QWEN3_235B, qwen3MoeConfig, shardName, virtualShards } from '../../e2e/support/hub/qwen3-moe.ts';
import { REPORT_FILE } from '../../src/core/plan/side-files.ts';

/** A checkpoint whose conversion takes about a second and makes two dozen shards of {@link MAX_SHARD}. */
export const DIMS = { ...QWEN3_235B, layers: 3, experts: 32, hidden: 512, heads: 8, moeIntermediate: 256, vocab: 4096 };
export const MAX_SHARD = '10MB';

export function generate(folder: string): void {
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

export const sumOf = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
/** SHA-256 of every file of a folder but the report, which says how many shards were kept and so differs. */
export const sums = (folder: string) =>
  new Map(
    readdirSync(folder)
      .filter((name) => name !== REPORT_FILE && !name.startsWith('.'))
      .sort()
      .map((name) => [name, sumOf(join(folder, name))]),
  );

/** Numbers from 0 to 1, the same for the same seed. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}
