import type { CheckpointTensor } from '../../checkpoint/types.ts';
import { layerEnd } from '../../layouts/tensor-place.ts';
import type { CheckpointLayout } from '../../layouts/types.ts';
import type { Block, Traits } from './blocks.ts';
import { type DecoderSizes, decoderBlocks } from './decoder.ts';
import type { Matrix, Part } from './shape.ts';

const PLACES: Partial<Record<Part, string>> = { attention: 'self_attn.', routed: 'mlp.', shared: 'mlp.' };

/** Every weight matrix of the main model, as a config describes it. */
export function matricesFromConfig(sizes: DecoderSizes, traits: Traits): Matrix[] {
  return decoderBlocks(sizes, traits).filter(isMatrix).map(matrixOf);
}

function isMatrix({ columns }: Block): boolean {
  return columns > 0;
}

function matrixOf({ name, part, rows, columns, copies }: Block): Matrix {
  const path = part === 'router' ? 'mlp.gate' : `${PLACES[part] ?? ''}${name}`;
  return { path, part, out: rows, in: columns, copies };
}

const FLOATS = /^(F64|F32|F16|BF16|F8_)/;
const WEIGHT = '.weight';

/** Collects the matrices that headers show; routed experts come from the layout, since each dialect stores them its own way. */
export function createMatrixCounter() {
  const found = new Map<string, Matrix>();
  return {
    add({ name, dtype, shape }: CheckpointTensor, part: Part): void {
      const [out, columns] = shape;
      if (part === 'routed' || part === 'prediction' || shape.length !== 2 || !out || !columns) return;
      if (!name.endsWith(WEIGHT) || !FLOATS.test(dtype)) return;
      const end = layerEnd(name);
      const path = name.slice(end > 0 ? end + 1 : 0, -WEIGHT.length);
      const key = `${path} ${part} ${out} ${columns}`;
      const copies = (found.get(key)?.copies ?? 0) + 1;
      found.set(key, { path, part, out, in: columns, copies });
    },
    /** What was found; null where weights are packed, so that headers do not show the shapes of matrices. */
    matrices(layout: CheckpointLayout): Matrix[] | null {
      const dense = [...found.values()];
      return dense.some(({ part }) => part === 'attention') ? [...dense, ...routedMatrices(layout)] : null;
    },
  };
}

function routedMatrices({ groups }: CheckpointLayout): Matrix[] {
  const copies = new Map<string, number>();
  for (const { kind, experts, intermediate, hidden } of groups) {
    if (kind !== 'moe' || experts === null || intermediate === null || hidden === null) continue;
    const key = `${intermediate} ${hidden}`;
    copies.set(key, (copies.get(key) ?? 0) + experts);
  }
  return [...copies].flatMap(([key, count]) => {
    const [intermediate = 0, hidden = 0] = key.split(' ').map(Number);
    const of = (name: string, out: number, columns: number): Matrix => ({
      path: `mlp.experts.${name}`,
      part: 'routed',
      out,
      in: columns,
      copies: count,
    });
    return [
      of('gate_proj', intermediate, hidden),
      of('up_proj', intermediate, hidden),
      of('down_proj', hidden, intermediate),
    ];
  });
}
