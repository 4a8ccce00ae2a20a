import { stageOfLayer } from './placement.ts';
import type { IndexedTensor, TensorIndex } from './tensor-index.ts';
import type { Placement } from './types.ts';

/** A group of dense tensors that are cut equally on every rank: one of them, and their number in each file. */
export interface DenseKind {
  readonly tensor: IndexedTensor;
  count: number;
  /** Numbers of files in the index, each with how many of these tensors it holds. */
  readonly files: Map<number, number>;
}

/** Groups equal dense tensors. Layers repeat, so hundreds of tensors give only a few kinds. */
export function denseKinds(tensorIndex: TensorIndex, placement: Placement): readonly DenseKind[] {
  const kinds = new Map<string, DenseKind>();
  const staged = placement.stages.length > 1;
  for (const number of tensorIndex.lookup.dense) {
    const tensor = tensorIndex.tensors[number];
    if (!tensor) continue;
    const { layer, tail, dtype, shape, file } = tensor;
    const stage = staged && typeof layer === 'number' ? stageOfLayer(placement, layer) : layer;
    const key = `${staged ? stage : ''} ${tail} ${dtype} ${shape.join()}`;
    const kind = kinds.get(key) ?? { tensor, count: 0, files: new Map<number, number>() };
    kind.count++;
    kind.files.set(file, (kind.files.get(file) ?? 0) + 1);
    kinds.set(key, kind);
  }
  return [...kinds.values()];
}
