import { describe, expect, it } from 'vitest';
import { DECODERS } from './decode/decode-matrix.ts';
import { QUANT_FORMATS } from './formats/all.ts';
import { type QuantModule, quantisedModules } from './modules.ts';
import { decoded, expected, openQuantised, SOUND, truthOf } from './quantised.fixture.ts';

/** The format of each checkpoint's experts, as its maker says it. */
const FORMATS: Readonly<Record<string, string>> = {
  'autoround-gptq': 'gptq',
  'awq-gemm': 'awq',
  'bnb-int8': 'bnb-8bit',
  'bnb-nf4': 'bnb-4bit',
  'exl3-2bit': 'exl3',
  'fp8-block': 'fp8-block',
  'fp8-block-ds4': 'fp8-block',
  'fp8-block-edge': 'fp8-block',
  'fp8-channel-ct': 'fp8-row',
  'fp8-tensor-modelopt': 'fp8-tensor',
  'gptq-actorder': 'gptq',
  'gptq-v1': 'gptq',
  'gptq-v2-asym': 'gptq',
  'hqq-4bit': 'hqq',
  'int4-ct': 'int-packed',
  'int4-ct-actorder': 'int-packed',
  'int4-ct-asym': 'int-packed',
  'int8-channel-ct': 'int8-rows',
  'int8-ct-pack': 'int-packed',
  'mlx-affine4': 'mlx-affine',
  'mlx-mxfp4': 'mxfp4-mlx',
  'mxfp4-ct': 'mxfp4-compressed-tensors',
  'mxfp4-ds4': 'mxfp4-deepseek',
  'mxfp4-gpt-oss': 'mxfp4-blocks',
  'nvfp4-ct': 'nvfp4-compressed-tensors',
  'nvfp4-fused-llama4': 'nvfp4-modelopt-stacked',
  'nvfp4-modelopt': 'nvfp4-modelopt',
};

/** Where the truth's matrix lies: its module, its number in the stack, and its rows. */
interface Place {
  readonly module: string;
  readonly matrix: number;
  /** First row and step, where gate and up are one matrix. */
  readonly rows?: readonly [first: number, step: number];
}

const MIXTRAL = { gate: 'w1', up: 'w3', down: 'w2' } as const;

function placeOf(key: string, modules: ReadonlyMap<string, QuantModule>): Place {
  const [, layer, expert, what] = /^layers\.(\d+)\.experts\.(\d+)\.(gate|up|down)$/.exec(key) ?? [];
  const projection = what as 'gate' | 'up' | 'down';
  const among = [...modules.values()].filter(({ name }) => new RegExp(`layers\\.${layer}\\.`).test(name));
  const named = (end: string) => among.find(({ name }) => name.endsWith(end));
  const single = named(`experts.${expert}.${projection}_proj`) ?? named(`experts.${expert}.${MIXTRAL[projection]}`);
  if (single) return { module: single.name, matrix: 0 };
  const matrix = Number(expert);
  const stack = named(`switch_mlp.${projection}_proj`) ?? named(`experts.${projection}_proj`);
  if (stack) return { module: stack.name, matrix };
  const joint = named('experts.gate_up_proj') as QuantModule;
  const half = (joint.form?.rows ?? 0) / 2;
  const second = projection === 'up';
  // gpt-oss has gate and up in turns.
  return {
    module: joint.name,
    matrix,
    rows: joint.format.id === 'mxfp4-blocks' ? [second ? 1 : 0, 2] : [second ? half : 0, 1],
  };
}

function rowsOf(all: Float32Array, columns: number, count: number, [first, step]: readonly [number, number]) {
  const rows = Array.from({ length: count }, (_, row) => first + row * step);
  return Float32Array.from(rows.flatMap((row) => [...all.subarray(row * columns, (row + 1) * columns)]));
}

/** Steps between F32 neighbours that lie between two numbers. */
function stepsApart(a: number, b: number): number {
  const [left, right] = new Int32Array(Float32Array.of(a, b).buffer);
  return Math.abs((left as number) - (right as number));
}

describe.each(SOUND)('%s', (name) => {
  it('is named, with its sizes, and lacks nothing', async () => {
    const { checkpoint } = await openQuantised(name);
    const { modules } = quantisedModules(checkpoint);
    const { hidden, intermediate, experts, layers } = expected(name);
    const all = [...modules.values()];
    expect(new Set(all.map(({ format }) => format.id))).toEqual(new Set([FORMATS[name]]));
    expect(all.flatMap(({ lacks }) => lacks)).toEqual([]);
    const numbers = all.reduce((sum, { form }) => sum + (form?.numbers ?? Number.NaN) * (form?.matrices ?? 1), 0);
    expect(numbers).toBe(layers * experts * 3 * hidden * intermediate);
  });

  it.skipIf(expected(name).truth === undefined)('decodes to the truth', async () => {
    const { files, checkpoint } = await openQuantised(name);
    const found = quantisedModules(checkpoint);
    const truth = await truthOf(name);
    const { ulp = 0 } = expected(name).truth ?? {};
    let compared = 0;
    for (const [key, numbers] of truth) {
      if (key.endsWith('_bias')) continue;
      const { module, matrix, rows } = placeOf(key, found.modules);
      const of = found.modules.get(module) as QuantModule;
      const all = await decoded(files, found, of, matrix);
      if (typeof all === 'string') throw new Error(all);
      const columns = of.form?.columns ?? 1;
      const own = rows ? rowsOf(all, columns, numbers.length / columns, rows) : all;
      expect(own.length).toBe(numbers.length);
      const far = numbers.findIndex((number, at) => !(stepsApart(number, own[at] as number) <= ulp));
      expect([key, far, numbers[far], own[far]]).toEqual([key, -1, undefined, undefined]);
      compared += 1;
    }
    expect(compared).toBeGreaterThan(11);
  });
});

it('finds nothing where nothing is quantised', async () => {
  const { checkpoint } = await openQuantised('faults/global-dropped-bf16');
  expect(quantisedModules(checkpoint).modules.size).toBe(0);
});

it('says of every format how its numbers are known, or why they are not', () => {
  expect(Object.keys(DECODERS).sort()).toEqual(QUANT_FORMATS.map(({ id }) => id).sort());
});
