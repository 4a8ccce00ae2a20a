import { expect, it } from 'vitest';
import { createBudget } from '../budget.ts';
import { openCheckpoint } from '../checkpoint/open.ts';
import { firstDifferent, noise } from '../kernels/cases.fixture.ts';
import { USAGE } from '../kernels/device.ts';
import { createEngine, type EngineChoice } from '../kernels/engine.ts';
import { planConversion } from '../plan/conversion.ts';
import type { Target } from '../plan/types.ts';
import { layoutHeader, type TensorSpec } from '../safetensors/write-header.ts';
import { createMemorySink } from '../sink/memory.ts';
import { memoryFiles } from '../source/memory.ts';
import type { FileSet } from '../source/types.ts';
import { MIB } from '../units.ts';
import { readBack } from '../verify/read-back.ts';
import { writeShard } from './write-shard.ts';

const [INTERMEDIATE, HIDDEN, BLOCK] = [192, 320, 64];
const CONFIG = {
  architectures: ['Qwen3MoeForCausalLM'],
  model_type: 'qwen3_moe',
  num_experts: 4,
  num_hidden_layers: 1,
  torch_dtype: 'bfloat16',
  hidden_size: HIDDEN,
  moe_intermediate_size: INTERMEDIATE,
  quantization_config: { quant_method: 'fp8', weight_block_size: [BLOCK, BLOCK] },
};

/** A layer of four FP8 experts. */
function fp8Layer(): FileSet {
  const specs: TensorSpec[] = ['gate', 'up', 'down'].flatMap((projection) =>
    [0, 1, 2, 3].flatMap((expert) => {
      const shape = projection === 'down' ? [HIDDEN, INTERMEDIATE] : [INTERMEDIATE, HIDDEN];
      const name = `model.layers.0.mlp.experts.${expert}.${projection}_proj.weight`;
      const grid = shape.map((size) => Math.ceil(size / BLOCK));
      return [
        { name, dtype: 'F8_E4M3' as const, shape },
        { name: `${name}_scale_inv`, dtype: 'F32' as const, shape: grid },
      ];
    }),
  );
  const laid = layoutHeader(specs, new Map([['format', 'pt']]));
  const file = noise(laid.fileSize, 3);
  file.set(laid.bytes);
  for (const { dtype, start, end } of laid.tensors.filter((tensor) => tensor.dtype === 'F32')) {
    const scales = Float32Array.from({ length: (end - start) / 4 }, (_, i) => 0.001 * (1 + i + dtype.length));
    file.set(new Uint8Array(scales.buffer), laid.dataStart + start);
  }
  const config = new TextEncoder().encode(JSON.stringify(CONFIG));
  return memoryFiles(
    'layer',
    new Map([
      ['model.safetensors', file],
      ['config.json', config],
    ]),
  );
}

/** The browser's WebGPU with a device whose result number `wrong` differs by a bit; null for none. */
function lyingGpu(wrong: number | null) {
  let results = 0;
  const requestAdapter = async () => {
    const adapter = await navigator.gpu.requestAdapter();
    if (!adapter) throw new Error('This browser gives no WebGPU adapter; a device cannot be tested without one.');
    const requestDevice = async (descriptor?: GPUDeviceDescriptor) => {
      const device = await adapter.requestDevice(descriptor);
      const createBuffer = device.createBuffer.bind(device);
      device.createBuffer = (given) => {
        const buffer = createBuffer(given);
        if (given.usage !== (USAGE.mapRead | USAGE.copyDst)) return buffer;
        const getMappedRange = buffer.getMappedRange.bind(buffer);
        buffer.getMappedRange = (...range) => {
          const bytes = getMappedRange(...range);
          if (results++ === wrong) new Uint8Array(bytes)[77] = 1 ^ (new Uint8Array(bytes)[77] ?? 0);
          return bytes;
        };
        return buffer;
      };
      return device;
    };
    return { limits: adapter.limits, info: adapter.info, requestDevice };
  };
  return { gpu: { requestAdapter } as unknown as GPU, results: () => results };
}

/** Converts and reads back. Null: not what it has to be. */
async function convert(target: Target, choice: EngineChoice, wrong: number | null = null) {
  const files = fp8Layer();
  const plan = planConversion(await openCheckpoint(files), target, { dtype: 'bf16' });
  const [shard] = plan.shards;
  if (!shard) throw new Error('no shard');
  const sink = createMemorySink();
  const file = await sink.create(shard.file, shard.byteLength);
  const { gpu, results } = lyingGpu(wrong);
  const engine = createEngine({ engine: choice, gpu, tileBytes: 16 * 1024 });
  const options = { shard, budget: createBudget(64 * MIB), signal: undefined, onBytes: () => {} };
  const { digests } = await writeShard({ ...options, file, engine, open: (name) => files.open(name) });
  await file.commit();
  const runs = engine.decisions().reduce((sum, decision) => sum + decision.runs.webgpu, 0);
  engine.dispose();
  try {
    await readBack({ ...options, digests, files: sink.files() });
    return { runs, results: results(), bytes: sink.written.get(shard.file) };
  } catch (error) {
    expect(error).toMatchObject({ tag: 'verify-failed' });
    return { runs, results: results(), bytes: null };
  }
}

const NONE = new Uint8Array(0);

it.each(['gate-up', 'gate-up-transposed'] as const)(
  'unpacks FP8 to %s on a device as on the CPU, and proves nothing that a device made otherwise',
  async (target) => {
    const onCpu = await convert(target, 'cpu');
    const onDevice = await convert(target, 'webgpu');
    expect(onDevice.runs).toBeGreaterThan(5);
    const differs = ({ bytes }: typeof onCpu) => firstDifferent(bytes ?? NONE, onCpu.bytes ?? NONE);
    expect(onCpu.bytes?.length).toBeGreaterThan(MIB);
    expect(differs(onDevice)).toBeNull();
    const auto = await convert(target, 'auto');
    expect({ runs: auto.runs, differs: differs(auto) }).toEqual({ runs: 0, differs: null });
    // The last result, long after the first runs, which are compared with the CPU's.
    expect((await convert(target, 'webgpu', onDevice.results - 1)).bytes).toBeNull();
  },
  120_000,
);
