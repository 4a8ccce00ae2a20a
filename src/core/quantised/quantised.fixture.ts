import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openCheckpoint } from '../checkpoint/open.ts';
import { memoryFiles } from '../source/memory.ts';
import type { FileSet } from '../source/types.ts';
import { allTensors, FIXTURES } from '../testing.fixture.ts';
import { decodeMatrix } from './decode/decode-matrix.ts';
import { matrixRanges, type QuantModule, type QuantModules } from './modules.ts';

const ROOT = join(FIXTURES, 'quantised');

/** The sound checkpoints, one a format. */
export const SOUND = readdirSync(ROOT).filter(
  (name) => existsSync(join(ROOT, name, 'truth.safetensors')) || name === 'exl3-2bit',
);
export const FAULTS = readdirSync(join(ROOT, 'faults'));

export interface Expected {
  readonly hidden: number;
  readonly intermediate: number;
  readonly experts: number;
  readonly layers: number;
  readonly truth?: { readonly ulp: number };
}

export function expected(name: string): Expected {
  return JSON.parse(readFileSync(join(ROOT, name, 'expect.json'), 'utf8'));
}

export async function openQuantised(name: string) {
  const folder = join(ROOT, name, 'input');
  const files = memoryFiles(
    name,
    new Map(readdirSync(folder).map((file) => [file, new Uint8Array(readFileSync(join(folder, file)))])),
  );
  return { files, checkpoint: await openCheckpoint(files) };
}

/** What the numbers are, by `layers.{l}.experts.{e}.{gate|up|down}`. */
export async function truthOf(name: string): Promise<ReadonlyMap<string, Float32Array>> {
  const file = 'truth.safetensors';
  const files = memoryFiles(name, new Map([[file, new Uint8Array(readFileSync(join(ROOT, name, file)))]]));
  const tensors = await allTensors(files);
  return new Map([...tensors].map(([key, { bytes }]) => [key, new Float32Array(bytes.slice().buffer)]));
}

/** One matrix of a module, read and decoded. */
export async function decoded(files: FileSet, { config }: QuantModules, module: QuantModule, matrix = 0) {
  const parts = await Promise.all(
    matrixRanges(module, matrix).map(async (range) => {
      const { role, tensor, start, end } = range;
      return { role, range, bytes: await (await files.open(tensor.file)).read({ start, end }) };
    }),
  );
  return decodeMatrix(module, config, parts);
}
