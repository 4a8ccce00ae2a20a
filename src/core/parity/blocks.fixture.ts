import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openCheckpoint } from '../checkpoint/open.ts';
import { readHeader } from '../safetensors/read-header.ts';
import type { TensorInfo } from '../safetensors/types.ts';
import { FIXTURES, filesOf, memorySource, safetensorsBytes } from '../testing.fixture.ts';
import type { ParitySource } from './types.ts';

export interface Plain {
  readonly info: TensorInfo;
  readonly bytes: Uint8Array;
}

/** Every tensor of a safetensors file. */
export async function tensorsOf(path: string): Promise<Map<string, Plain>> {
  const file = new Uint8Array(readFileSync(path));
  const header = await readHeader(memorySource(file, path), { file: path });
  return new Map(
    [...header.tensors.values()].map((info) => [
      info.name,
      { info, bytes: file.slice(header.dataStart + info.start, header.dataStart + info.end) },
    ]),
  );
}

export function floats({ bytes }: Plain): Float32Array {
  return new Float32Array(bytes.slice().buffer);
}

export function wholes({ bytes }: Plain): number[] {
  return Array.from(new BigInt64Array(bytes.slice().buffer), Number);
}

interface CaseJson {
  readonly model_type: string;
  readonly case: string;
  readonly block: string;
  readonly weights: string;
  readonly config: Record<string, unknown>;
}

export interface BlockCase {
  readonly name: string;
  readonly modelType: string;
  readonly block: string;
  readonly layer: number;
  readonly source: () => Promise<ParitySource>;
  readonly input: Float32Array;
  readonly output: Float32Array;
  /** Chosen experts and their weights, where the router module gave them back. */
  readonly indices: number[] | null;
  readonly weights: Float32Array | null;
  readonly tokens: number;
}

/** Blocks of many architectures as transformers 5.17.0 ran them; see fixtures/README.md. */
export async function blockCases(): Promise<BlockCase[]> {
  const all = await Promise.all(['blocks', 'more-blocks'].map(casesIn));
  return all.flat();
}

async function casesIn(stem: string): Promise<BlockCase[]> {
  const { cases } = JSON.parse(readFileSync(join(FIXTURES, `blocks/${stem}.json`), 'utf8')) as {
    cases: Record<string, CaseJson>;
  };
  const tensors = await tensorsOf(join(FIXTURES, `blocks/${stem}.safetensors`));
  return Object.entries(cases).map(([name, json]) => caseOf(name, json, tensors));
}

function caseOf(name: string, json: CaseJson, tensors: ReadonlyMap<string, Plain>): BlockCase {
  const own = [...tensors].filter(
    ([key]) => key.startsWith(`${json.weights}/`) && /\.(layers|blocks)\.|\/layers\./.test(key),
  );
  const stored = own.map(([key, { info, bytes }]) => ({ ...info, name: key.slice(json.weights.length + 1), bytes }));
  const layer = Number(/(?:layers|blocks)\.(\d+)\./.exec(stored[0]?.name ?? '')?.[1]);
  const input = tensors.get(`${name}/input`) as Plain;
  const tokens = input.info.shape[0] ?? 0;
  const routed = [0, 1, 2, 3].flatMap((at) => tensors.get(`${name}/router.${at}`) ?? []);
  const indices = routed.find(({ info }) => info.dtype === 'I64' && info.shape.length === 2);
  const topK = indices?.info.shape.at(-1);
  const weights = routed.find(
    ({ info }) => info.dtype === 'F32' && info.shape.at(-1) === topK && info.shape.length === 2,
  );
  return {
    name,
    modelType: json.model_type,
    block: json.block,
    layer,
    source: async () => {
      const files = filesOf(
        { 'model.safetensors': safetensorsBytes(stored), 'config.json': JSON.stringify(json.config) },
        name,
      );
      return { files, checkpoint: await openCheckpoint(files) };
    },
    input: floats(input),
    output: floats(tensors.get(`${name}/output`) as Plain),
    indices: indices ? wholes(indices) : null,
    weights: weights ? floats(weights) : null,
    tokens,
  };
}
