import type { CheckpointTensor } from '../checkpoint/types.ts';
import type { Bucket } from './bucket.ts';
import type { ExpertName } from './expert-name.ts';
import { tensorPlace } from './tensor-place.ts';
import { bareName } from './wrappers.ts';

/** A tensor of lower rank with a projection's name: a dense MLP's, or a companion of experts that are stacked there. */
export interface PlainTensor {
  readonly container: string;
  /** The name up to the end of the container. */
  readonly prefix: string;
  readonly tensor: CheckpointTensor;
  readonly name: ExpertName;
}

/** A numbered layer (or what stands outside of layers) with everything in it that has to do with experts. */
export interface Layer {
  /** The prefix before the number: `model.layers`. */
  readonly stack: string;
  readonly index: number | null;
  /** `model.layers.0`. */
  readonly prefix: string;
  readonly buckets: Map<string, Bucket>;
  /** Router-like tensors by container. */
  readonly routers: Map<string, CheckpointTensor[]>;
  readonly shared: string[];
  plain: PlainTensor[];
  /** Container of a plain MLP: `mlp`. */
  dense: string | null;
  /** Names that speak of experts and that no layout has. */
  readonly hints: string[];
  /** Containers with projections called `up` and `down`: a `gate` beside them is no router. */
  readonly words: Set<string>;
  /** The first other names below the layer, as examples. */
  readonly seen: string[];
}

/** A layer without anything in it. */
export function createLayer(prefix: string): Layer {
  const { stack, layer } = tensorPlace(bareName(prefix));
  return {
    stack,
    index: layer,
    prefix,
    buckets: new Map(),
    routers: new Map(),
    shared: [],
    plain: [],
    dense: null,
    hints: [],
    words: new Set(),
    seen: [],
  };
}
