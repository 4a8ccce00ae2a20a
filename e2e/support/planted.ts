import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CheckpointTensor } from '../../src/core/checkpoint/types.ts';
import { openCheckpoint, planConversion, runPlan } from '../../src/core/index.ts';
import { createFolderSink } from '../../src/core/sink/folder.node.ts';
import { openLocal } from '../../src/core/source/folder.node.ts';

/** The checkpoint that transformers wrote, which the fixture Hub serves as tiny/qwen3-moe. */
export const QWEN3_MOE = fileURLToPath(new URL('../../fixtures/checkpoints/qwen3_moe/hub', import.meta.url));

/** Changes the bytes of a file, whose tensors it can ask for. */
export type Plant = (file: Buffer, tensor: (name: string) => CheckpointTensor) => void;

/** The fixture in fused form, its bytes changed by `plant`. */
export async function fused(plant: Plant): Promise<string> {
  const folder = join(mkdtempSync(join(tmpdir(), 'moe-loom-compare-')), 'fused');
  const files = await openLocal(QWEN3_MOE);
  await runPlan(planConversion(await openCheckpoint(files), 'gate-up'), {
    files,
    sink: await createFolderSink(folder),
  });
  const { tensors, shards } = await openCheckpoint(await openLocal(folder));
  const path = join(folder, shards[0]?.file ?? '');
  const bytes = readFileSync(path);
  plant(bytes, (name) => tensors.get(name) as CheckpointTensor);
  writeFileSync(path, bytes);
  return folder;
}

const LAYER = 'model.layers.0.mlp';
const SIZE = 96 * 64 * 2;
/** What a faulty conversion does, and what must be said of it. */
export const PLANTED: readonly [string, Plant, RegExp][] = [
  [
    'two experts swapped',
    (file, tensor) => {
      for (const [name, size] of [
        [`${LAYER}.experts.gate_up_proj`, SIZE],
        [`${LAYER}.experts.down_proj`, SIZE / 2],
      ] as const) {
        const { start } = tensor(name);
        const [second, ninth] = [start + 2 * size, start + 9 * size];
        const kept = Buffer.from(file.subarray(second, second + size));
        file.copy(file, second, ninth, ninth + size);
        kept.copy(file, ninth);
      }
    },
    /experts 2 and 9 are exchanged/,
  ],
  [
    'gate and up swapped',
    (file, tensor) => {
      const { start } = tensor(`${LAYER}.experts.gate_up_proj`);
      for (let expert = 0; expert < 12; expert += 1) {
        const gate = start + expert * SIZE;
        const kept = Buffer.from(file.subarray(gate, gate + SIZE / 2));
        file.copy(file, gate, gate + SIZE / 2, gate + SIZE);
        kept.copy(file, gate + SIZE / 2);
      }
    },
    /gate and up are swapped/,
  ],
  [
    'router rows in another order',
    (file, tensor) => {
      const { start } = tensor(`${LAYER}.gate.weight`);
      const kept = Buffer.from(file.subarray(start, start + 128));
      file.copy(file, start, start + 128, start + 256);
      kept.copy(file, start + 128);
    },
    /gate\.weight has its rows in another order/,
  ],
];
