import { gatherKernel } from '../gather/kernel.ts';
import type { Kernel } from '../kernel.ts';
import { asGather, type TransposeSpec, transposeCpu } from './cpu.ts';

/** Matrices turned, one after another. */
export const transposeKernel: Kernel<TransposeSpec> = {
  name: 'transpose',
  op: ({ itemBytes }) => `${itemBytes} B`,
  outputBytes: ({ itemBytes, batch, rows, columns }) => itemBytes * batch * rows * columns,
  cpu: transposeCpu,
  tiles: (spec, limits) => gatherKernel.tiles(asGather(spec), limits),
};
