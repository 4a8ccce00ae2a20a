import { openCheckpoint } from '../checkpoint/open.ts';
import { runPlan } from '../convert/run.ts';
import { type PlanOptions, planConversion } from '../plan/conversion.ts';
import type { Target } from '../plan/types.ts';
import { isDType } from '../safetensors/dtype.ts';
import { createMemorySink } from '../sink/memory.ts';
import type { FileSet } from '../source/types.ts';
import { allTensors, filesOf, openFixture, type PlainTensor, safetensorsBytes } from '../testing.fixture.ts';
import type { VerifySide } from './reading.ts';

export type Tensors = Map<string, PlainTensor>;

export async function sideOf(files: FileSet): Promise<VerifySide> {
  return { files, checkpoint: await openCheckpoint(files) };
}

/** A checkpoint in one file in memory, its tensors edited. */
export async function edited(side: VerifySide, edit: (tensors: Tensors) => void): Promise<VerifySide> {
  const tensors = await allTensors(side.files);
  edit(tensors);
  const specs = [...tensors].map(([name, { dtype, shape, bytes }]) => {
    if (!isDType(dtype)) throw new Error(dtype);
    return { name, dtype, shape, bytes };
  });
  const entries = { 'model.safetensors': safetensorsBytes(specs), 'config.json': side.checkpoint.configText ?? '{}' };
  return sideOf(filesOf(entries, 'edited'));
}

/** The checkpoint in another layout, or null where that is refused. */
export async function convertedTo(
  side: VerifySide,
  target: Target,
  options: PlanOptions = {},
): Promise<VerifySide | null> {
  const plan = planConversion(side.checkpoint, target, options);
  if (plan.refusals.length > 0) return null;
  const sink = createMemorySink(target);
  await runPlan(plan, { files: side.files, sink });
  return sideOf(sink.files());
}

export function fixtureSide(architecture: string): Promise<VerifySide> {
  return openFixture(architecture);
}

export function tensorAt(tensors: Tensors, name: string): PlainTensor {
  const tensor = tensors.get(name);
  if (!tensor) throw new Error(`${name} is not there`);
  return tensor;
}

/** Gives a tensor other bytes. */
export function setBytes(tensors: Tensors, name: string, bytes: Uint8Array): void {
  tensors.set(name, { ...tensorAt(tensors, name), bytes });
}

/** Exchanges what two names hold. */
export function exchange(tensors: Tensors, a: string, b: string): void {
  const [x, y] = [tensorAt(tensors, a), tensorAt(tensors, b)];
  tensors.set(a, y);
  tensors.set(b, x);
}

/** The bytes of a matrix of 16-bit elements in the other order. */
export function turnedBytes(bytes: Uint8Array, rows: number, columns: number): Uint8Array {
  const from = new Uint16Array(bytes.slice().buffer);
  const to = new Uint16Array(from.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) to[column * rows + row] = from[row * columns + column] ?? 0;
  }
  return new Uint8Array(to.buffer);
}

/** Each expert's part of a stacked tensor through `change`. */
export function eachExpert(
  { dtype, shape, bytes }: PlainTensor,
  change: (part: Uint8Array, expert: number) => Uint8Array,
  inner: readonly number[] = shape.slice(1),
): PlainTensor {
  const [experts = 1] = shape;
  const size = bytes.byteLength / experts;
  const parts = Array.from({ length: experts }, (_, at) => change(bytes.slice(at * size, (at + 1) * size), at));
  return { dtype, shape: [experts, ...inner], bytes: new Uint8Array(Buffer.concat(parts)) };
}

/** Rows of a matrix in another order: `order[i]` is the row that comes to place i. */
export function rowsIn(bytes: Uint8Array, rowBytes: number, order: readonly number[]): Uint8Array {
  return new Uint8Array(Buffer.concat(order.map((row) => bytes.subarray(row * rowBytes, (row + 1) * rowBytes))));
}

export async function inTarget(architecture: string, target: Target) {
  const original = await fixtureSide(architecture);
  const right = await convertedTo(original, target);
  if (!right) throw new Error(`${architecture} has no ${target}`);
  return { original, right };
}

export function change(tensors: Tensors, name: string, to: (tensor: PlainTensor) => PlainTensor): void {
  tensors.set(name, to(tensorAt(tensors, name)));
}
