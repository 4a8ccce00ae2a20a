import { openCheckpoint } from '../checkpoint/open.ts';
import { runPlan } from '../convert/run.ts';
import { bytesOf, type DType, elementsOf } from '../safetensors/dtype.ts';
import { createMemorySink } from '../sink/memory.ts';
import type { FileSet } from '../source/types.ts';
import { filesOf, patternBytes, safetensorsBytes } from '../testing.fixture.ts';
import type { PlanOptions } from './conversion.ts';
import type { Target } from './types.ts';
import { planWithValues } from './with-values.ts';

export const EXPERTS = 3;
const [HIDDEN, INTERMEDIATE] = [64, 128];

/** Bytes of a part, where they may not be any: by projection and expert. */
export type Given = (part: string, projection: string, expert: number) => Uint8Array | undefined;

/** A part's dtype and its shape by the outputs and inputs of its matrix. */
export type FormatPart = readonly [dtype: DType, shape: (out: number, input: number) => readonly number[]];

const up = (size: number, of: number) => Math.ceil(size / of);

/** Companions as each format has them beside one matrix [out, in]. */
export const FORMATS = {
  fp8: {
    weight: ['F8_E4M3', (out, input) => [out, input]],
    weight_scale_inv: ['F32', (out, input) => [up(out, 128), up(input, 128)]],
  },
  'fp8-tensor': {
    weight: ['F8_E4M3', (out, input) => [out, input]],
    weight_scale: ['F32', () => [1]],
    input_scale: ['F32', () => [1]],
  },
  nvfp4: {
    weight: ['U8', (out, input) => [out, input / 2]],
    weight_scale: ['F8_E4M3', (out, input) => [out, input / 16]],
    weight_scale_2: ['F32', () => []],
    input_scale: ['F32', () => []],
  },
  'nvfp4-compressed': {
    weight_packed: ['U8', (out, input) => [out, input / 2]],
    weight_scale: ['F8_E4M3', (out, input) => [out, input / 16]],
    weight_global_scale: ['F32', () => [1]],
    input_global_scale: ['F32', () => [1]],
  },
  'mxfp4-compressed': {
    weight_packed: ['U8', (out, input) => [out, input / 2]],
    weight_scale: ['U8', (out, input) => [out, input / 32]],
  },
  gptq: {
    qweight: ['I32', (out, input) => [input / 8, out]],
    qzeros: ['I32', (out, input) => [up(input, 32), out / 8]],
    scales: ['F16', (out, input) => [up(input, 32), out]],
    g_idx: ['I32', (_, input) => [input]],
  },
  'gptq-3-bit': {
    qweight: ['I32', (out, input) => [(3 * input) / 32, out]],
    qzeros: ['I32', (out, input) => [up(input, 32), (3 * out) / 32]],
    scales: ['F16', (out, input) => [up(input, 32), out]],
    g_idx: ['I32', (_, input) => [input]],
  },
  awq: {
    qweight: ['I32', (out, input) => [input, out / 8]],
    qzeros: ['I32', (out, input) => [up(input, 32), out / 8]],
    scales: ['F16', (out, input) => [up(input, 32), out]],
  },
  int4: {
    weight_packed: ['I32', (out, input) => [out, input / 8]],
    weight_scale: ['BF16', (out, input) => [out, input / 32]],
    weight_shape: ['I64', () => [2]],
  },
  'int4-asymmetric': {
    weight_packed: ['I32', (out, input) => [out, input / 8]],
    weight_scale: ['BF16', (out, input) => [out, input / 32]],
    weight_zero_point: ['I32', (out, input) => [out / 8, input / 32]],
    weight_g_idx: ['I32', (_, input) => [input]],
    weight_shape: ['I64', () => [2]],
  },
  bitsandbytes: {
    weight: ['U8', (out, input) => [(out * input) / 2, 1]],
    'weight.absmax': ['U8', (out, input) => [(out * input) / 64]],
    'weight.quant_map': ['F32', () => [16]],
    'weight.quant_state.bitsandbytes__nf4': ['U8', () => [80]],
  },
} satisfies Readonly<Record<string, Readonly<Record<string, FormatPart>>>>;

export type Format = keyof typeof FORMATS;

export interface Sizes {
  readonly intermediate?: number;
  readonly hidden?: number;
  readonly shards?: number;
}

/** Values that gate and up have in common, another for each expert. */
const COMMON = new Set([
  'weight_scale_2',
  'input_scale',
  'weight_global_scale',
  'input_global_scale',
  'g_idx',
  'weight_g_idx',
]);

/** A checkpoint of one layer in a quantised format: any bytes, but for what gate and up share and for shapes. */
export function quantisedFiles(format: Format, given: Given = () => undefined, sizes: Sizes = {}): FileSet {
  const { intermediate = INTERMEDIATE, hidden = HIDDEN, shards = 2 } = sizes;
  const base = 'model.layers.0.mlp.';
  const tensors: { name: string; dtype: DType; shape: readonly number[]; bytes?: Uint8Array }[] = [
    { name: `${base}gate.weight`, dtype: 'BF16', shape: [EXPERTS, hidden] },
  ];
  for (let expert = 0; expert < EXPERTS; expert++) {
    for (const projection of ['gate', 'up', 'down']) {
      const [out, input] = projection === 'down' ? [hidden, intermediate] : [intermediate, hidden];
      for (const [part, [dtype, shapeOf]] of Object.entries<FormatPart>(FORMATS[format])) {
        const shape = shapeOf(out, input);
        const size = bytesOf(dtype, elementsOf(shape));
        const common = COMMON.has(part) || (format === 'fp8-tensor' && part === 'weight_scale');
        const seed = common && projection !== 'down' ? `${expert} ${part}` : `${expert} ${projection} ${part}`;
        const own = part === 'weight_shape' ? shapeBytes(out, input) : patternBytes(seed, size);
        const bytes = given(part, projection, expert) ?? own;
        tensors.push({ name: `${base}experts.${expert}.${projection}_proj.${part}`, dtype, shape, bytes });
      }
    }
  }
  const config = {
    model_type: 'qwen3_moe',
    num_experts: EXPERTS,
    moe_intermediate_size: intermediate,
    hidden_size: hidden,
    num_hidden_layers: 1,
  };
  return filesOf({ ...shardsOf(tensors, shards), 'config.json': JSON.stringify(config) });
}

/** A `weight_shape`. */
export function shapeBytes(out: number, input: number): Uint8Array {
  return new Uint8Array(new BigInt64Array([BigInt(out), BigInt(input)]).buffer);
}

function shardsOf(tensors: Parameters<typeof safetensorsBytes>[0], shards: number): Record<string, Uint8Array> {
  const per = Math.ceil(tensors.length / shards);
  return Object.fromEntries(
    Array.from({ length: shards }, (_, at) => [
      `model-0000${at + 1}-of-0000${shards}.safetensors`,
      safetensorsBytes(tensors.slice(at * per, (at + 1) * per)),
    ]),
  );
}

/** Converts as the command line does; the plan travels as it does between workers. */
export async function convertFiles(files: FileSet, target: Target, options: PlanOptions = {}) {
  const plan = await planWithValues(await openCheckpoint(files), files, target, options);
  const sink = createMemorySink();
  if (plan.refusals.length > 0) return { plan, files: sink.files(), refusal: plan.refusals[0]?.message ?? '' };
  await runPlan(structuredClone(plan), { files, sink });
  return { plan, files: sink.files(), refusal: null };
}
