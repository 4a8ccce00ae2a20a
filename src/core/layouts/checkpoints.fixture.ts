import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Checkpoint, CheckpointTensor } from '../checkpoint/types.ts';
import { type DType, isDType } from '../safetensors/dtype.ts';
import type { FileOffset } from '../safetensors/types.ts';

export type TestCheckpoint = Pick<Checkpoint, 'tensors' | 'config'>;
export type Headers = Readonly<Record<string, { readonly dtype: string; readonly shape: readonly number[] }>>;

const FIXTURES = join(import.meta.dirname, '../../../fixtures');

/** Names of dtypes as torch prints them, which the fixtures of models in memory have. */
const TORCH: Readonly<Record<string, DType>> = {
  bfloat16: 'BF16',
  'torch.bfloat16': 'BF16',
  int64: 'I64',
  'torch.int64': 'I64',
};

function dtypeOf(name: string): DType {
  const dtype = isDType(name) ? name : TORCH[name];
  if (!dtype) throw new Error(`The fixture's dtype ${name} is not known.`);
  return dtype;
}

/** What a usual model has outside its layers: without it, headers are a cut piece of a model, and that is a finding. */
export const ENDS: Headers = {
  'model.embed_tokens.weight': { dtype: 'BF16', shape: [8, 4] },
  'model.norm.weight': { dtype: 'BF16', shape: [4] },
  'lm_head.weight': { dtype: 'BF16', shape: [8, 4] },
};

/** A checkpoint of headers alone. */
export function checkpointOf(headers: Headers, config: Checkpoint['config']): TestCheckpoint {
  const tensors = new Map<string, CheckpointTensor>();
  for (const [name, { dtype, shape }] of Object.entries(headers)) {
    const at = 0 as FileOffset;
    tensors.set(name, { name, dtype: dtypeOf(dtype), shape, file: 'model.safetensors', start: at, end: at });
  }
  return { tensors, config };
}

function readHeaders(path: string): Headers {
  const file = readFileSync(path);
  const { __metadata__, ...tensors } = JSON.parse(
    file.subarray(8, 8 + Number(file.readBigUInt64LE(0))).toString('utf8'),
  );
  return tensors;
}

/** The two forms of a fixture: as on the Hub, and as transformers 5 holds it in memory. */
export function readFixture(modelType: string): { readonly hub: TestCheckpoint; readonly state: TestCheckpoint } {
  const folder = join(FIXTURES, 'checkpoints', modelType);
  const config = JSON.parse(readFileSync(join(folder, 'hub/config.json'), 'utf8'));
  const shards = readdirSync(join(folder, 'hub')).filter((name) => name.endsWith('.safetensors'));
  const hub = Object.assign({}, ...shards.map((name) => readHeaders(join(folder, 'hub', name))));
  return {
    hub: checkpointOf(hub, config),
    state: checkpointOf(readHeaders(join(folder, 'state.safetensors')), config),
  };
}

export interface RealNames {
  readonly config: Record<string, unknown>;
  readonly disk: Headers;
  readonly memory: Headers;
}

/** Names that transformers wrote for many model types; empty while the file is not there. */
export function readRealNames(): Readonly<Record<string, RealNames>> {
  const path = join(FIXTURES, 'architectures/transformers-5.17.json');
  return existsSync(path) ? JSON.parse(readFileSync(path, 'utf8')) : {};
}
