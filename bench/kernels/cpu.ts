/**
 * Measures the CPU forms of dequantise and of turned gathers in one thread and prints one JSON line: bytes in and out per
 * second / 10⁹, the median of the rounds, and the best.
 *
 *     npx tsx bench/kernels/cpu.ts [--rounds 9] [--only fp8] [--against <folder of another checkout>]
 *
 * `--against` measures the same kernels of another checkout by turns with these, so that both meet the same load.
 */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { noise } from '../../src/core/kernels/cases.fixture.ts';
import type { Kernel } from '../../src/core/kernels/kernel.ts';
import type { UnpackSpec } from '../../src/core/kernels/unpack/cpu.ts';
import { GB } from '../../src/core/units.ts';

const { values: flags } = parseArgs({
  options: {
    rounds: { type: 'string', default: '9' },
    only: { type: 'string', default: '' },
    against: { type: 'string', default: '' },
  },
});
const ROUNDS = Number(flags.rounds);

interface Bench {
  readonly name: string;
  readonly kernel: 'dequantise' | 'gather' | 'unpack';
  readonly spec: object;
  readonly inputs: readonly Uint8Array[];
}

/** Qwen3-235B: `intermediate` 1536, `hidden` 4096. */
const [I, H] = [1536, 4096];
const fp8 = { batch: 1, blockRows: 128, blockColumns: 128 };
const one = { itemBytes: 2, bases: [0], select: null };
const scales = (count: number) => {
  const values = Float32Array.from({ length: count }, (_, i) => 0.0001 * (1 + (i % 97)));
  return new Uint8Array(values.buffer);
};
const BENCHES: readonly Bench[] = [
  {
    name: 'fp8 e4m3 [1536, 4096]',
    kernel: 'dequantise',
    spec: { ...fp8, format: 'e4m3', rows: I, columns: H },
    inputs: [noise(I * H), scales((I / 128) * (H / 128))],
  },
  {
    name: 'mxfp4 [1536, 4096]',
    kernel: 'dequantise',
    spec: { format: 'mxfp4', groups: (I * H) / 32 },
    inputs: [noise((I * H) / 2), noise((I * H) / 32).map((byte) => 110 + (byte % 16))],
  },
  {
    name: 'turn bf16 [1536, 4096]',
    kernel: 'gather',
    spec: { ...one, shape: [H, I], strides: [1, H] },
    inputs: [noise(2 * I * H)],
  },
  {
    name: 'turn bf16 [4096, 1536]',
    kernel: 'gather',
    spec: { ...one, shape: [I, H], strides: [1, I] },
    inputs: [noise(2 * I * H)],
  },
  {
    name: 'turn two bf16 [1536, 4096] concatenated',
    kernel: 'gather',
    spec: { itemBytes: 2, shape: [H, 2, I], strides: [1, 0, H], bases: [0, 0], select: 1 },
    inputs: [noise(2 * I * H), noise(2 * I * H, 2)],
  },
  {
    name: 'turn two bf16 [1536, 4096] interleaved',
    kernel: 'gather',
    spec: { itemBytes: 2, shape: [H, I, 2], strides: [1, H, 0], bases: [0, 0], select: 2 },
    inputs: [noise(2 * I * H), noise(2 * I * H, 2)],
  },
];

const fp8Coding = { ...fp8, format: 'e4m3', rows: I, columns: H };
const fp8Inputs = (seed: number) => [noise(I * H, seed), scales((I / 128) * (H / 128))];
const mxCoding = { format: 'mxfp4', groups: (I * H) / 32 };
const mxInputs = (seed: number) => [
  noise((I * H) / 2, seed),
  noise((I * H) / 32, seed).map((byte) => 110 + (byte % 16)),
];
const UNPACKS: readonly Bench[] = [
  {
    name: 'unpack fp8 [1536, 4096], turned',
    kernel: 'unpack',
    spec: { packed: [fp8Coding], gather: { ...one, shape: [H, I], strides: [1, H] } },
    inputs: fp8Inputs(1),
  },
  {
    name: 'unpack two fp8 [1536, 4096], turned, concatenated',
    kernel: 'unpack',
    spec: {
      packed: [fp8Coding, fp8Coding],
      gather: { itemBytes: 2, shape: [H, 2, I], strides: [1, 0, H], bases: [0, 0], select: 1 },
    },
    inputs: [...fp8Inputs(1), ...fp8Inputs(2)],
  },
  {
    name: 'unpack mxfp4 [1536, 4096], turned',
    kernel: 'unpack',
    spec: { packed: [mxCoding], gather: { ...one, shape: [H, I], strides: [1, H] } },
    inputs: mxInputs(1),
  },
];

type AnyKernel = Kernel<object>;

async function kernelOf(root: string, name: Bench['kernel']): Promise<AnyKernel> {
  const file = join(root, 'src', 'core', 'kernels', name, 'kernel.ts');
  if (name === 'unpack' && !existsSync(file)) return twoKernels(root);
  const module = (await import(pathToFileURL(file).href)) as Record<string, AnyKernel>;
  return module[`${name}Kernel`] as AnyKernel;
}

/** A checkout without the unpack kernel makes all numbers first, and gathers them then. */
async function twoKernels(root: string): Promise<AnyKernel> {
  const [dequantise, gather] = [await kernelOf(root, 'dequantise'), await kernelOf(root, 'gather')];
  return {
    ...gather,
    outputBytes: (spec) => gather.outputBytes((spec as UnpackSpec).gather),
    cpu: (spec, inputs, output) => {
      const { packed, gather: moves } = spec as UnpackSpec;
      const numbers = packed.map((coding, at) => {
        const made = new Uint8Array(dequantise.outputBytes(coding));
        dequantise.cpu(coding, inputs.slice(2 * at, 2 * at + 2), made);
        return made;
      });
      gather.cpu(moves, numbers, output);
    },
  };
}

async function measure({ name, kernel, spec, inputs }: Bench, roots: readonly string[]): Promise<object> {
  const kernels = await Promise.all(roots.map((root) => kernelOf(root, kernel)));
  const output = new Uint8Array(kernels[0]?.outputBytes(spec) ?? 0);
  const bytes = inputs.reduce((sum, input) => sum + input.byteLength, output.byteLength);
  const rates = kernels.map((): number[] => []);
  for (let round = -2; round < ROUNDS; round++) {
    for (const [at, each] of kernels.entries()) {
      const start = performance.now();
      each.cpu(spec, inputs, output);
      const seconds = (performance.now() - start) / 1000;
      if (round >= 0) rates[at]?.push(bytes / seconds / GB);
    }
  }
  return { name, gbs: rates.map(summary) };
}

function summary(rates: readonly number[]) {
  const sorted = [...rates].sort((a, b) => a - b);
  const two = (value: number | undefined) => Number(value?.toFixed(2));
  return { median: two(sorted[sorted.length >> 1]), best: two(sorted.at(-1)) };
}

const roots = [resolve(import.meta.dirname, '..', '..'), ...(flags.against ? [resolve(flags.against)] : [])];
const results = [];
for (const bench of [...BENCHES, ...UNPACKS].filter(({ name }) => name.startsWith(flags.only)))
  results.push(await measure(bench, roots));
process.stdout.write(`${JSON.stringify({ bench: 'kernels-cpu', rounds: ROUNDS, results }, null, 1)}\n`);
