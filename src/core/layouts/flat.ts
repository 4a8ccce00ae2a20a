import { packingOf } from '../safetensors/dtype.ts';
import { DIALECTS, isBareStem } from './dialects.ts';
import type { Layer, PlainTensor } from './layer.ts';

/** Rows of the table whose names are a dense MLP's. */
const FLAT = DIALECTS.filter(({ family, stems }) => family === 'flat' && Object.values(stems).every(isBareStem));

/**
 * Takes the matrices of a layer that hold all experts one below the other under a dense MLP's names.
 *
 * A router stands beside them, and the shapes agree with its rows: the inputs of down, once for each expert, are the
 * outputs of gate or up (of both, where they share a tensor). A dense MLP's shapes agree with one expert alone.
 */
export function takeFlat(layer: Layer, take: (plain: PlainTensor) => void): void {
  for (const container of new Set(layer.plain.map((plain) => plain.container))) {
    if (layer.buckets.has(container)) continue;
    const experts = routedBy(layer, container);
    const weights = layer.plain.filter((plain) => plain.container === container && isMatrix(plain));
    if (experts === null || !isFlat(weights, experts)) continue;
    for (const plain of weights) take(plain);
    layer.plain = layer.plain.filter((plain) => !weights.includes(plain));
  }
}

/** Rows of the one router matrix beside a container's tensors; null where that is not clear, or one. */
function routedBy({ routers }: Layer, container: string): number | null {
  const beside = routers.get(container) ?? [];
  const rows = new Set(beside.filter(({ shape }) => shape.length === 2).map(({ shape }) => shape[0] ?? 0));
  const [only] = rows;
  return rows.size === 1 && only !== undefined && only > 1 ? only : null;
}

function isMatrix({ tensor, name }: PlainTensor): boolean {
  return name.tail.part === 'weight' && tensor.shape.length === 2 && packingOf(tensor.dtype) !== 'container';
}

function isFlat(weights: readonly PlainTensor[], experts: number): boolean {
  const shapes = new Map(weights.map(({ tensor, name }) => [name.tail.stem, tensor.shape]));
  return FLAT.some(({ stems }) => {
    const joint = stems['gate-up'];
    const first = shapes.get(joint ?? stems.up ?? '');
    const down = shapes.get(stems.down ?? '');
    if (!first || !down) return false;
    const [rows = 0, hidden = 0] = first;
    const [outputs = 0, inputs = 0] = down;
    return outputs === experts * hidden && rows === experts * inputs * (joint === undefined ? 1 : 2);
  });
}
