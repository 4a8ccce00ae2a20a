import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { createBudget } from '../budget.ts';
import { openCheckpoint } from '../checkpoint/open.ts';
import { writeShard } from '../convert/write-shard.ts';
import { dequantiseKernel } from '../kernels/dequantise/kernel.ts';
import { createEngine, type Engine, type EngineChoice, type Where } from '../kernels/engine.ts';
import { decode, encode } from '../kernels/plain.fixture.ts';
import type { DType } from '../safetensors/dtype.ts';
import { createMemorySink } from '../sink/memory.ts';
import type { FileSet } from '../source/types.ts';
import { allTensors, filesOf, safetensorsBytes } from '../testing.fixture.ts';
import { MIB } from '../units.ts';
import { readBack } from '../verify/read-back.ts';
import { planConversion } from './conversion.ts';
import { describePlan } from './explain.ts';
import { partBytes, spansOf } from './parts.ts';
import { convertFiles, FORMATS, type Format, quantisedFiles } from './quantised.fixture.ts';
import { TARGETS } from './targets.ts';
import type { Part, Target } from './types.ts';
import { CONFIG, fp8, fp8Checkpoints, fp8Matrix, gptOss, QUANTISED } from './unpack.fixture.ts';
import { unpackCheckpoint } from './unpack.ts';
import { unpackParts } from './unpack-parts.ts';

async function assertSameOutput(made: FileSet, expected: FileSet): Promise<void> {
  const [ours, theirs] = [await allTensors(made), await allTensors(expected)];
  expect([...ours.keys()].sort()).toEqual([...theirs.keys()].sort());
  for (const [name, tensor] of ours) {
    const other = theirs.get(name);
    expect(`${name} ${tensor.dtype} ${tensor.shape}`).toBe(`${name} ${other?.dtype} ${other?.shape}`);
    const first = tensor.bytes.findIndex((byte, at) => byte !== other?.bytes[at]);
    expect(`${name} differs at ${first}`).toBe(`${name} differs at -1`);
  }
}

const text = async (files: FileSet, name: string) => {
  const source = await files.open(name);
  return new TextDecoder().decode(await source.read({ start: 0, end: source.byteLength }));
};

describe('unpacking FP8', () => {
  it.each([
    [64, 48, 'e4m3', 16],
    [40, 72, 'e5m2', 16],
    [192, 136, 'e4m3', 128],
  ] as const)(
    '%i × %i %s in blocks of %i gives what the plain weights give, in every target',
    async (i, h, format, block) => {
      const { packed, plain } = fp8Checkpoints(i, h, format, block);
      for (const target of Object.keys(TARGETS) as Target[]) {
        const expected = await convertFiles(plain, target);
        const made = await convertFiles(packed, target, { dtype: 'bf16' });
        expect(made.refusal).toBe(expected.refusal);
        if (made.refusal !== null) continue;
        await assertSameOutput(made.files, expected.files);
        expect(await text(made.files, 'config.json')).toBe(await text(expected.files, 'config.json'));
      }
    },
  );

  it('gives it from stacked and from joined FP8 too, whose blocks end between gate and up', async () => {
    const { packed, plain } = fp8Checkpoints(64, 48, 'e4m3', 16);
    for (const between of ['stacked', 'gate-up'] as const) {
      const source = (await convertFiles(packed, between)).files;
      for (const target of ['per-expert', 'stacked', 'gate-up'] as const) {
        const made = await convertFiles(source, target, { dtype: 'bf16' });
        expect(made.refusal).toBeNull();
        await assertSameOutput(made.files, (await convertFiles(plain, target)).files);
      }
    }
  });

  it.each([
    ['one for all', [1, 1], [], [40, 24]],
    ['one for all, as a list', [1, 1], [1], [40, 24]],
    ['one a row', [40, 1], [40, 1], [1, 24]],
    ['one a row, as a list', [40, 1], [40], [1, 24]],
  ] as const)('takes scales that are %s', async (_, grid, scaleShape, block) => {
    const options = { format: 'e4m3', rows: 40, columns: 24, grid, scaleShape, block } as const;
    const made = ['gate', 'up', 'down'].map((projection) =>
      fp8Matrix(`model.layers.0.mlp.experts.0.${projection}_proj.weight`, { ...options }),
    );
    const files = filesOf({ 'model.safetensors': safetensorsBytes(made.flatMap(({ packed }) => packed)) });
    const unpacked = unpackCheckpoint(await openCheckpoint(files));
    expect(unpacked.packed.size).toBe(3);
    for (const tensor of unpacked.packed.values()) expect([tensor.blockRows, tensor.blockColumns]).toEqual(block);
  });
});

describe('parts of unpacked tensors', () => {
  it('write every number once, from codes and scales that belong to it, however they are cut', () => {
    const size = fc.integer({ min: 1, max: 40 });
    fc.assert(
      fc.property(
        fc.record({
          matrices: fc.integer({ min: 1, max: 3 }),
          rows: size,
          columns: size,
          blockRows: size,
          blockColumns: size,
        }),
        fc.integer({ min: 1, max: 4000 }),
        fc.array(fc.nat(), { minLength: 2, maxLength: 2 }),
        ({ matrices, rows, columns, blockRows, blockColumns }, chunk, cuts) => {
          const total = matrices * rows;
          const [first = 0, last = 0] = cuts.map((cut) => cut % (total + 1)).sort((a, b) => a - b);
          const info = (name: string, dtype: DType, start: number) => ({
            name,
            dtype,
            shape: [],
            file: 'f',
            start,
            end: 0,
          });
          const tensor = {
            codes: info('w', 'F8_E4M3', 1000),
            scales: info('s', 'F32', 9_000_000),
            format: 'e4m3',
            matrices,
            rows,
            columns,
            blockRows,
            blockColumns,
            turned: false,
          } as unknown as Parameters<typeof unpackParts>[1] extends ReadonlyMap<string, infer T> ? T : never;
          const span = { file: 'v', start: 2 * columns * first, end: 2 * columns * last } as never;
          const parts = unpackParts([{ kind: 'copy', span }], new Map([['v', tensor]]), chunk);
          const across = Math.ceil(columns / blockColumns);
          const down = Math.ceil(rows / blockRows);
          let row = first;
          for (const part of parts) {
            if (part.kind !== 'dequantise') throw new Error('not unpacked');
            const [codes, scales] = part.spans;
            const coding = part.packed[0]?.coding;
            if (!codes || !scales || coding?.format !== 'e4m3') throw new Error('no codes');
            expect(codes.start).toBe(1000 + row * columns);
            const count = coding.batch * coding.rows;
            expect(codes.end - codes.start).toBe(count * columns);
            for (let r = 0; r < count; r++) {
              // The scale that the kernel takes for a row, against the scale that is the row's own.
              const grid = Math.floor(r / coding.rows) * Math.ceil(coding.rows / coding.blockRows);
              const taken = scales.start + 4 * across * (grid + Math.floor((r % coding.rows) / coding.blockRows));
              const [matrix, within] = [Math.floor((row + r) / rows), (row + r) % rows];
              expect(taken).toBe(9_000_000 + 4 * across * (matrix * down + Math.floor(within / blockRows)));
              expect(taken).toBeLessThan(scales.end);
            }
            row += count;
          }
          expect(row).toBe(last);
          const bytes = parts.reduce((sum, part) => sum + partBytes(part), 0);
          expect(bytes).toBe(2 * columns * (last - first));
        },
      ),
      { numRuns: 300 },
    );
  });
});

it('unpacking MXFP4 gives what the architecture’s bf16 files give, in every target', async () => {
  const { packed, plain } = gptOss();
  let made = 0;
  for (const target of Object.keys(TARGETS) as Target[]) {
    const expected = await convertFiles(plain, target);
    const ours = await convertFiles(packed, target, { dtype: 'bf16' });
    expect(`${target}: ${ours.refusal}`).toBe(`${target}: ${expected.refusal}`);
    if (ours.refusal !== null) continue;
    made++;
    await assertSameOutput(ours.files, expected.files);
    const config = JSON.parse(await text(ours.files, 'config.json'));
    expect(config).toEqual(JSON.parse(await text(expected.files, 'config.json')));
  }
  expect(made).toBeGreaterThan(1);
});

describe('a plan that unpacks', () => {
  it('says that it is not lossless, and what config.json loses', async () => {
    const { packed } = fp8Checkpoints(64, 48, 'e4m3', 16);
    const plan = planConversion(await openCheckpoint(packed), 'stacked', { dtype: 'bf16' });
    expect(plan.unpacked).toEqual({ dtype: 'bf16', formats: ['FP8 e4m3'], tensors: 10 });
    expect(structuredClone(plan)).toEqual(plan);
    expect(plan.groups.map(({ operations }) => operations)).toEqual([['Dequantize', 'MergeModulelist']]);
    const attention = plan.shards[0]?.tensors.find(({ name }) => name.includes('q_proj'));
    expect(attention?.operations).toEqual(['Dequantize']);
    const norm = plan.shards[0]?.tensors.find(({ name }) => name.includes('norm'));
    expect(norm?.operations).toEqual(['Keep']);
    const lines = describePlan(plan).join('\n');
    expect(lines).toContain('Not lossless: 10 tensors in FP8 e4m3 become bf16.');
    expect(lines).toContain('config.json: quantization_config is taken out (The weights are no longer quantised).');
    const parts: Part[] = plan.shards.flatMap((shard) => shard.tensors.flatMap((tensor) => tensor.parts));
    expect(parts.flatMap(spansOf).every(({ file }) => file === 'model.safetensors')).toBe(true);
    expect(planConversion(await openCheckpoint(packed), 'stacked').unpacked).toBeNull();
  });

  it('takes chosen layers alone, and refuses them beside packed ones', async () => {
    const { packed } = fp8Checkpoints(64, 48, 'e4m3', 16);
    const checkpoint = await openCheckpoint(packed);
    const some = planConversion(checkpoint, 'stacked', { dtype: 'bf16', layers: [0] });
    expect(some.refusals).toEqual([]);
    expect(some.configChanges).toEqual([]);
    expect(some.unpacked?.tensors).toBe(10);
    const unknown = planConversion(checkpoint, 'stacked', { dtype: 'bf16', layers: [9] });
    expect(unknown.refusals).toMatchObject([{ tag: 'layers-unknown' }]);
    const mixed = planConversion(checkpoint, 'stacked', { dtype: 'bf16', layers: [0], keepRest: true });
    expect(mixed.refusals).toMatchObject([{ tag: 'dtype-unsupported' }]);
  });

  it('counts only what it takes along', async () => {
    const [row, config] = [{ format: 'e4m3', rows: 16, columns: 16, grid: [1, 1], block: [16, 16] } as const, CONFIG];
    const plainExperts = ['gate', 'up', 'down'].flatMap((projection) =>
      [0, 1, 2].map((expert) => {
        const name = `model.layers.0.mlp.experts.${expert}.${projection}_proj.weight`;
        return { name, dtype: 'BF16' as const, shape: projection === 'down' ? [16, 8] : [8, 16] };
      }),
    );
    const files = filesOf({
      'model.safetensors': safetensorsBytes([...plainExperts, ...fp8Matrix('lm_head.weight', row).packed]),
      'config.json': JSON.stringify(config),
    });
    const checkpoint = await openCheckpoint(files);
    expect(planConversion(checkpoint, 'stacked', { dtype: 'bf16' }).unpacked?.tensors).toBe(1);
    const some = planConversion(checkpoint, 'stacked', { dtype: 'bf16', layers: [0] });
    expect(some.refusals[0]?.message).toContain('nothing to unpack');
  });

  it.each<[Format, string]>([
    ['nvfp4', 'NVFP4'],
    ['nvfp4-compressed', 'NVFP4'],
    ['mxfp4-compressed', 'MXFP4'],
    ['gptq', 'GPTQ'],
    ['awq', 'AWQ'],
    ['int4', 'packed integers'],
    ['bitsandbytes', 'bitsandbytes'],
  ])('refuses %s by name', async (format, name) => {
    const { refusal, plan } = await convertFiles(quantisedFiles(format), 'stacked', { dtype: 'bf16' });
    expect(plan.refusals).toMatchObject([{ tag: 'dtype-unsupported' }]);
    expect(refusal).toContain(name);
  });

  it('refuses what is not quantised, and FP8 whose scales are not understood', async () => {
    const { plain } = fp8Checkpoints(64, 48, 'e4m3', 16);
    expect((await convertFiles(plain, 'stacked', { dtype: 'bf16' })).refusal).toContain('nothing to unpack');
    const odd = fp8Matrix('model.layers.0.mlp.experts.0.gate_proj.weight', {
      format: 'e4m3',
      rows: 50,
      columns: 50,
      grid: [7, 3],
      block: [8, 17],
    });
    const files = filesOf({
      'model.safetensors': safetensorsBytes(odd.packed),
      'config.json': JSON.stringify({ ...CONFIG, ...QUANTISED }),
    });
    expect((await convertFiles(files, 'stacked', { dtype: 'bf16' })).refusal).toContain('scales are not understood');
  });

  it('leaves scales of activations out, and says so', async () => {
    expect(Object.keys(FORMATS['fp8-tensor'])).toContain('input_scale');
    const made = await convertFiles(quantisedFiles('fp8-tensor'), 'gate-up', { dtype: 'bf16' });
    expect(made.refusal).toBeNull();
    expect(made.plan.notes.join()).toContain('Left out: 9 scales of activations');
    expect([...(await allTensors(made.files)).keys()].filter((name) => name.includes('scale'))).toEqual([]);
  });
});

describe('what a device made otherwise than the CPU', () => {
  /** An engine whose device made the bytes of runs that `on` says, and changes a number in run `wrong`. */
  function liar(choice: EngineChoice, on: (run: number) => Where, wrong: number | null) {
    const cpu = createEngine({ engine: 'cpu' });
    let runs = 0;
    const run: Engine['run'] = async (kernel, spec, inputs, output) => {
      await cpu.run(kernel, spec, inputs, output);
      const number = runs++;
      if (on(number) === 'webgpu' && number === wrong) output[500] = 1 ^ (output[500] ?? 0);
      return on(number);
    };
    return { engine: { ...cpu, choice, run } as Engine, runs: () => runs };
  }

  async function proven(engine: Engine): Promise<boolean> {
    const { packed } = fp8Checkpoints(64, 48, 'e4m3', 16);
    const plan = planConversion(await openCheckpoint(packed), 'gate-up', { dtype: 'bf16' });
    const shard = plan.shards[0];
    if (!shard) throw new Error('no shard');
    const sink = createMemorySink();
    const file = await sink.create(shard.file, shard.byteLength);
    const options = { shard, budget: createBudget(64 * MIB), signal: undefined, onBytes: () => {} };
    const { digests } = await writeShard({ ...options, file, engine, open: (name) => packed.open(name) });
    await file.commit();
    const seen = await readBack({ ...options, digests, files: sink.files() }).catch((error: unknown) => error);
    if (seen instanceof Error) expect(seen).toMatchObject({ tag: 'verify-failed' });
    return !(seen instanceof Error);
  }

  it.each(['webgpu', 'auto'] as const)('is found on read-back, whichever run it was (%s)', async (choice) => {
    const honest = liar(choice, () => 'webgpu', null);
    expect(await proven(honest.engine)).toBe(true);
    expect(honest.runs()).toBeGreaterThan(4);
    for (let wrong = 0; wrong < honest.runs(); wrong++)
      expect(await proven(liar(choice, () => 'webgpu', wrong).engine)).toBe(false);
  });

  it('is found where the device made single runs only', async () => {
    const onDevice = (run: number) => (run % 3 === 1 ? 'webgpu' : 'cpu');
    expect(await proven(liar('auto', onDevice, null).engine)).toBe(true);
    expect(await proven(liar('auto', onDevice, 4).engine)).toBe(false);
  });

  it('is not looked for where the CPU made the bytes: no number is computed twice', async () => {
    const twins = async (choice: EngineChoice, where: Where) => {
      const spy = vi.spyOn(dequantiseKernel as Required<typeof dequantiseKernel>, 'slices');
      const { engine, runs } = liar(choice, () => where, null);
      expect(await proven(engine)).toBe(true);
      const { length } = spy.mock.calls;
      spy.mockRestore();
      return { runs: runs(), twins: length };
    };
    const { runs } = await twins('cpu', 'cpu');
    expect(await twins('auto', 'cpu')).toEqual({ runs, twins: 0 });
    expect(await twins('webgpu', 'cpu')).toEqual({ runs, twins: 0 });
    expect(await twins('auto', 'webgpu')).toEqual({ runs, twins: runs });
  });
});

it('the reference agrees with the decoder of plain floats', () => {
  expect(decode('BF16', encode('BF16', 1.5))).toBe(1.5);
  expect([0x38, 0x7e, 0x08, 0x01, 0xb8].map((code) => fp8('e4m3', code))).toEqual([1, 448, 2 ** -6, 2 ** -9, -1]);
  expect([0x3c, 0x7b, 0x01].map((code) => fp8('e5m2', code))).toEqual([1, 57344, 2 ** -16]);
});
