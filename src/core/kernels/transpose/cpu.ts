import { type GatherSpec, gatherCpu } from '../gather/cpu.ts';

/** `batch` matrices of `rows` × `columns` items, one after another, each to become `columns` × `rows`. */
export interface TransposeSpec {
  readonly itemBytes: number;
  readonly batch: number;
  readonly rows: number;
  readonly columns: number;
}

/** The same as a gather, which is how it is computed. */
export function asGather({ itemBytes, batch, rows, columns }: TransposeSpec): GatherSpec {
  return {
    itemBytes,
    shape: [batch, columns, rows],
    strides: [rows * columns, 1, columns],
    bases: [0],
    select: null,
  };
}

/** The CPU form of the transpose kernel: square blocks that stay in cache. */
export function transposeCpu(spec: TransposeSpec, inputs: readonly Uint8Array[], output: Uint8Array): void {
  gatherCpu(asGather(spec), inputs, output);
}
