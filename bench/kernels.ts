/**
 * Measures every kernel on a graphics device through Dawn and prints one JSON line: bytes moved per second as a share of
 * what a plain copying shader moves in the same run, upload and readback, and whether the bytes are the CPU form's.
 *
 *     npm install --no-save webgpu && npx tsx bench/kernels.ts [--mebibytes 128] [--rounds 7] [--repeats 50] [--only statistics]
 *
 * bench/kernels/README.md says how to run it where there is no Node.
 */
import { parseArgs } from 'node:util';
import { CASES, type Case, cpuOf, firstDifferent } from '../src/core/kernels/cases.fixture.ts';
import { createGpu, type Gpu } from '../src/core/kernels/device.ts';
import { createEngine } from '../src/core/kernels/engine.ts';
import { runTiles } from '../src/core/kernels/run-tiles.ts';
import { MAX_TILE_BYTES } from '../src/core/kernels/tile.ts';
import { GB, MIB } from '../src/core/units.ts';
import { benchCases, type Measured } from './kernels/cases.ts';
import { requireDawn } from './kernels/dawn.ts';
import { copyCase, type Prepared, prepare, timeInTurns } from './kernels/timing.ts';
import { measureTransfers } from './kernels/transfers.ts';

const { values: flags } = parseArgs({
  options: {
    mebibytes: { type: 'string', default: '128' },
    rounds: { type: 'string', default: '7' },
    repeats: { type: 'string', default: '50' },
    only: { type: 'string', default: '' },
    proof: { type: 'boolean', default: true },
    points: { type: 'boolean', default: true },
  },
  allowNegative: true,
});
const BYTES = Math.min(Number(flags.mebibytes) * MIB, MAX_TILE_BYTES);
const ROUNDS = Number(flags.rounds);
const REPEATS = Number(flags.repeats);

async function main(): Promise<void> {
  const dawn = await requireDawn();
  if (!dawn) return;
  // Dawn's objects must outlive what was made of them, also while the process ends.
  Object.assign(globalThis, { dawn });
  const gpu = createGpu(dawn.device, { name: dawn.name, tileBytes: MAX_TILE_BYTES });
  const copy = await prepare(gpu, copyCase(BYTES));
  const kernels: Record<string, object> = {};
  for (const each of benchCases(BYTES).filter(({ name }) => name.startsWith(flags.only))) {
    kernels[each.name] = await measure(gpu, copy, each);
    process.stderr.write(`${each.name} ${JSON.stringify(kernels[each.name])}\n`);
  }
  const wrong = flags.points ? await codePoints(gpu) : null;
  const result = {
    bench: 'kernels',
    adapter: gpu.name,
    mebibytes: BYTES / MIB,
    rounds: ROUNDS,
    repeats: REPEATS,
    timestamps: dawn.device.features.has('timestamp-query'),
    kernels,
    ...(await measureTransfers(gpu, Math.min(BYTES, 32 * MIB))),
    code_points_equal: wrong === null ? null : wrong.length === 0,
    ...(wrong && wrong.length > 0 ? { wrong } : {}),
    auto: flags.proof ? await choices(dawn.gpu) : null,
  };
  copy.destroy();
  process.stdout.write(`${JSON.stringify(result)}\n`);
  gpu.dispose();
}

/** Copy and kernel in turns, medians of the rounds; then the bytes. */
async function measure(gpu: Gpu, copy: Prepared, { kernelCase: make, bytes }: Measured) {
  const kernelCase = make();
  const tiles = kernelCase.use((kernel, spec) => [...(kernel.tiles(spec, gpu.limits) ?? [])]);
  const [tile] = tiles;
  if (!tile || tiles.length > 1) throw new Error(`${kernelCase.name} takes ${tiles.length} tiles instead of one.`);
  const prepared = await prepare(gpu, { tile, inputs: kernelCase.inputs });
  const times = await timeInTurns(gpu, [copy, prepared], { rounds: ROUNDS, repeats: REPEATS });
  const rates = (at: number, each: number) => (times[at] ?? []).map((seconds) => (each * REPEATS) / seconds / GB);
  const [copied, computed] = [rates(0, 2 * BYTES), rates(1, bytes)];
  prepared.destroy();
  const [copyRate, rate] = [median(copied), median(computed)];
  const equal = flags.proof ? (await differs(gpu, kernelCase)) === null : null;
  const shares = computed.map((each, i) => each / (copied[i] ?? 1)).sort((a, b) => a - b);
  return {
    gbs: round1(rate),
    copy_gbs: round1(copyRate),
    share: Number((rate / copyRate).toFixed(3)),
    shares: [shares[0], shares.at(-1)].map((share) => Number(share?.toFixed(3))),
    equal,
  };
}

async function differs(gpu: Gpu, kernelCase: Case): Promise<number | null> {
  const output = await kernelCase.use(async (kernel, spec, inputs) => {
    const bytes = new Uint8Array(kernel.outputBytes(spec)).fill(0xa5);
    await runTiles(gpu, kernel.tiles(spec, gpu.limits) ?? [], inputs, bytes);
    return bytes;
  });
  return firstDifferent(output, cpuOf(kernelCase));
}

/** The cases of the tests, on this device: those whose bytes differ. */
async function codePoints(gpu: Gpu): Promise<string[]> {
  const wrong: string[] = [];
  for (const make of Object.values(CASES)) {
    for (const each of make()) {
      for (const tileBytes of [gpu.limits.tileBytes, 64 * 1024]) {
        const at = await differs({ ...gpu, limits: { tileBytes } }, each);
        if (at !== null) wrong.push(`${each.name}: byte ${at}`);
      }
    }
  }
  return wrong;
}

/** What `auto` decides on parts of the size that conversions have. */
async function choices(gpu: GPU) {
  const engine = createEngine({ engine: 'auto', gpu });
  for (const { kernelCase } of benchCases(Math.min(BYTES, 16 * MIB))) {
    await kernelCase().use((kernel, spec, inputs) =>
      engine.run(kernel, spec, inputs, new Uint8Array(kernel.outputBytes(spec))),
    );
  }
  const decisions = engine.decisions().map(({ kernel, op, on, cpuRate, gpuRate }) => ({
    op: `${kernel} ${op}`,
    on,
    cpu_gbs: round2(cpuRate),
    webgpu_gbs: round2(gpuRate),
  }));
  engine.dispose();
  return decisions;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

const round1 = (value: number) => Number(value.toFixed(1));
const round2 = (value: number | null) => (value === null ? null : Number(value.toFixed(2)));

await main();
