import type { Budget } from '../budget.ts';
import type { Checkpoint } from '../checkpoint/types.ts';
import { LoomError, throwIfAborted } from '../errors.ts';
import type { Hasher } from '../hash.ts';
import { type DequantiseSpec, MX_GROUP } from '../kernels/dequantise/cpu.ts';
import { dequantiseKernel } from '../kernels/dequantise/kernel.ts';
import { scalesAsF32 } from '../kernels/dequantise/scales.ts';
import type { Engine } from '../kernels/engine.ts';
import { statisticsKernel } from '../kernels/statistics/kernel.ts';
import { type Statistics, summariseRecords } from '../kernels/statistics/summary.ts';
import { words32 } from '../kernels/word-views.ts';
import type { MatrixView } from '../layouts/types.ts';
import { bitsOf, type FloatType, UNPACKED } from '../safetensors/dtype.ts';
import { MIB } from '../units.ts';
import type { ExpertMatrix, Storage } from './matrices.ts';
import { areAmongEachOther, bytesOfView, gatherView, loadMatrix, type Reader, stripsOf } from './read.ts';

/** Numbers are read and computed in strips of this size: large enough for any source, small beside any budget. */
const STRIP_BYTES = 16 * MIB;

/** What measuring needs. */
export interface Bench {
  readonly checkpoint: Checkpoint;
  readonly reader: Reader;
  readonly engine: Engine;
  readonly budget: Budget;
  readonly signal: AbortSignal | undefined;
  readonly onBytes: (bytes: number) => void;
}

/** A matrix's statistics and the hash of its bytes as stored (codes, then scales). */
export interface Measured {
  readonly statistics: Statistics;
  readonly hash: string;
}

/** Matrices that are read together because their bytes lie among each other; otherwise one by one. */
export function unitsOf(matrices: readonly ExpertMatrix[]): ExpertMatrix[][] {
  const units: ExpertMatrix[][] = [];
  for (const matrix of matrices) {
    const last = units.at(-1)?.at(-1);
    const joins =
      last?.storage.kind === 'float' && last.expert === matrix.expert && areAmongEachOther(last.weight, matrix.weight);
    if (joins) units.at(-1)?.push(matrix);
    else units.push([matrix]);
  }
  return units;
}

/** Bytes that a unit reads from files. */
export function unitBytes(unit: readonly ExpertMatrix[]): number {
  return unit.reduce((sum, { weight, scale }) => sum + viewBytes(weight) + (scale ? viewBytes(scale) : 0), 0);
}

function viewBytes({ rows, columns, dtype }: MatrixView): number {
  return (rows * columns * bitsOf(dtype)) / 8;
}

/** Measures a unit; `hashers` has one for each of its matrices. */
export function measureUnit(
  unit: readonly ExpertMatrix[],
  bench: Bench,
  hashers: readonly Hasher[],
): Promise<Measured[]> {
  const [first] = unit;
  if (!first) return Promise.resolve([]);
  if (first.storage.kind === 'float') return measureFloats(unit, first.storage.dtype, bench, hashers);
  return measureQuantised(first, bench, hashers[0] as Hasher).then((measured) => [measured]);
}

async function measureFloats(
  unit: readonly ExpertMatrix[],
  dtype: FloatType,
  bench: Bench,
  hashers: readonly Hasher[],
): Promise<Measured[]> {
  const { budget, engine, signal, reader } = bench;
  const states = unit.map((_, view) => {
    const hasher = hashers[view] as Hasher;
    hasher.reset();
    return { hasher, count: 0, records: [] as Uint8Array[] };
  });
  for (const strip of stripsOf(
    unit.map(({ weight }) => weight),
    bench.checkpoint,
    STRIP_BYTES,
  )) {
    throwIfAborted(signal);
    const release = await budget.take(2 * (strip.end - strip.start), signal);
    try {
      const bytes = await reader.read(strip, signal);
      for (const [view, state] of states.entries()) {
        const numbers = await gatherView(strip, view, bytes, engine, signal);
        state.hasher.update(numbers);
        state.count += strip.count;
        state.records.push(await recordsOf(dtype, strip.count, numbers, engine, signal));
        bench.onBytes(numbers.byteLength);
      }
    } finally {
      release();
    }
  }
  return states.map(({ hasher, count, records }) => ({ statistics: total(count, records), hash: hasher.digest() }));
}

async function recordsOf(
  dtype: FloatType,
  count: number,
  bytes: Uint8Array,
  engine: Engine,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const spec = { dtype, segments: 1, count };
  const output = new Uint8Array(statisticsKernel.outputBytes(spec));
  await engine.run(statisticsKernel, spec, [bytes], output, { signal });
  return output;
}

function total(count: number, records: readonly Uint8Array[]): Statistics {
  const all = new Uint8Array(records.reduce((sum, each) => sum + each.byteLength, 0));
  let at = 0;
  for (const each of records) {
    all.set(each, at);
    at += each.byteLength;
  }
  return summariseRecords(count, words32(all));
}

/** Codes and scales to bf16 by the dequantise kernel, then as any other numbers. */
async function measureQuantised(matrix: ExpertMatrix, bench: Bench, hasher: Hasher): Promise<Measured> {
  const { budget, engine, signal, checkpoint } = bench;
  const { weight, scale } = matrix;
  const count = weight.rows * weight.columns * (matrix.storage.kind === 'mxfp4' ? 2 : 1);
  const release = await budget.take(2 * bytesOfView(weight) + 2 * count, signal);
  try {
    throwIfAborted(signal);
    const codes = await loadMatrix(weight, checkpoint, bench);
    const scales = scale ? await loadMatrix(scale, checkpoint, bench) : null;
    hasher.reset();
    hasher.update(codes);
    if (scales) hasher.update(scales);
    const numbers = new Uint8Array(2 * count);
    const factors = scales && scale ? factorsOf(matrix.storage, scales, scale) : scalesAsF32(codes, null);
    await engine.run(dequantiseKernel, specOf(matrix), [codes, factors], numbers, { signal });
    const records = await recordsOf(UNPACKED, count, numbers, engine, signal);
    bench.onBytes(codes.byteLength + (scales?.byteLength ?? 0));
    return { statistics: total(count, [records]), hash: hasher.digest() };
  } finally {
    release();
  }
}

function specOf({ storage, weight }: ExpertMatrix): DequantiseSpec {
  const { rows, columns } = weight;
  if (storage.kind === 'mxfp4') return { format: 'mxfp4', groups: (rows * columns) / (MX_GROUP / 2) };
  if (storage.kind === 'fp8') {
    const { format, blockRows, blockColumns } = storage;
    return { format, batch: 1, rows, columns, blockRows, blockColumns };
  }
  throw new LoomError('internal', 'Floating-point numbers need no dequantising.');
}

/** Scales as the kernel takes them. */
function factorsOf(storage: Storage, bytes: Uint8Array, view: MatrixView): Uint8Array {
  return storage.kind === 'mxfp4' ? bytes : scalesAsF32(bytes, view.dtype);
}
