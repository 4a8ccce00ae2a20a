import type { CheckpointTensor } from '../checkpoint/types.ts';
import { addExpert, type Bucket, createBucket } from './bucket.ts';
import { createExpertNameParser, type ExpertName, type ExpertNameParser } from './expert-name.ts';
import { isDigit, layerEnd, tensorPlace } from './tensor-place.ts';

/** A numbered layer (or what stands outside of layers) with everything in it that has to do with experts. */
export interface Layer {
  /** The prefix before the number: `model.layers`. */
  readonly stack: string;
  readonly index: number | null;
  /** `model.layers.0`. */
  readonly prefix: string;
  readonly buckets: Map<string, Bucket>;
  /** Router-like names by container. */
  readonly routers: Map<string, string[]>;
  readonly shared: string[];
  /** Tensors of lower rank with a projection's name: a dense MLP, or companions of experts that are stacked there. */
  readonly plain: { readonly container: string; readonly tensor: CheckpointTensor; readonly name: ExpertName }[];
  /** Container of a plain MLP: `mlp`. */
  dense: string | null;
}

const DENSE = new Set(['mlp', 'feed_forward', 'ffn', 'block_sparse_moe']);
const ATTENTION = new Set(['self_attn', 'attn', 'attention', 'self_attention']);
const ROUTER = /^(gate\.|router\.|moe_statics\.)|^(e_score_correction_bias|expert_bias|router_bias)$/;
const SHARED = /(^|\.)(shared_experts?|shared_mlp|share_expert|shared_expert_gate)\./;

/**
 * Sorts every tensor into its layer, in one pass over the names.
 *
 * Names under the same experts tend to follow each other, so the last ones are tried first.
 */
export function scanLayers(tensors: ReadonlyMap<string, CheckpointTensor>): readonly Layer[] {
  const layers = new Map<string, Layer>();
  const parser = createExpertNameParser();
  let last: LastExperts = { start: '', bucket: createBucket('') };
  for (const tensor of tensors.values()) {
    if (last.start !== '' && takeLike(last, tensor, parser)) continue;
    const cut = layerEnd(tensor.name);
    const layer = layerAt(layers, tensor.name.slice(0, cut));
    const bucket = sortIn(layer, tensor, cut === 0 ? tensor.name : tensor.name.slice(cut + 1), parser);
    if (bucket) last = { start: `${joinName(bucket.prefix, 'experts')}.`, bucket };
  }
  const all = [...layers.values()];
  all.forEach(takeCompanions);
  return all;
}

/** The bucket that took the last expert's tensor, with what such names start with. */
interface LastExperts {
  readonly start: string;
  readonly bucket: Bucket;
}

/** Takes a tensor of an expert stored apart under the same prefix as the one before; false when it is something else. */
function takeLike({ start, bucket }: LastExperts, tensor: CheckpointTensor, parser: ExpertNameParser): boolean {
  const { name } = tensor;
  if (!isDigit(name.charCodeAt(start.length)) || !name.startsWith(start)) return false;
  const parsed = parser.inExperts(name.slice(start.length));
  if (parsed) addExpert(bucket, tensor, parsed);
  return parsed !== null;
}

function layerAt(layers: Map<string, Layer>, prefix: string): Layer {
  const known = layers.get(prefix);
  if (known) return known;
  const layer = createLayer(prefix);
  layers.set(prefix, layer);
  return layer;
}

/** Biases and scales beside experts that are stacked without a segment of their own: `moe.gate_proj.bias`. */
function takeCompanions(layer: Layer): void {
  for (const { container, tensor, name } of layer.plain) {
    const stems = [...(layer.buckets.get(container)?.kinds.values() ?? [])].map((kind) => kind.stem);
    if (stems.includes(name.tail.stem)) take(layer, container, tensor, name);
  }
}

function createLayer(prefix: string): Layer {
  const { stack, layer } = tensorPlace(prefix);
  return {
    stack,
    index: layer,
    prefix,
    buckets: new Map(),
    routers: new Map(),
    shared: [],
    plain: [],
    dense: null,
  };
}

/** `mlp` of `mlp.experts.0.gate_proj.weight`, -1 when `word` is not a whole segment. */
function segmentAt(rest: string, word: string): number {
  if (rest.startsWith(word)) return 0;
  const at = rest.indexOf(`.${word}`);
  return at === -1 ? -1 : at + 1;
}

/** Segments under which experts stand, and how the rest of such a name is read. */
const SEGMENTS = [
  ['experts.', 'inExperts'],
  ['switch_mlp.', 'inSwitch'],
] as const;

function sortIn(layer: Layer, tensor: CheckpointTensor, rest: string, parser: ExpertNameParser): Bucket | null {
  for (const [word, parse] of SEGMENTS) {
    const at = segmentAt(rest, word);
    if (at === -1) continue;
    const container = rest.slice(0, Math.max(at - 1, 0));
    const end = rest.slice(at + word.length);
    if (ATTENTION.has(container)) return null;
    if (!ROUTER.test(end)) return take(layer, container, tensor, parser[parse](end));
    push(layer.routers, container, tensor.name);
    return null;
  }
  sortOther(layer, tensor, rest, parser);
  return null;
}

function sortOther(layer: Layer, tensor: CheckpointTensor, rest: string, parser: ExpertNameParser): void {
  const dot = rest.indexOf('.');
  const container = rest.slice(0, Math.max(dot, 0));
  const end = rest.slice(dot + 1);
  const bare = ATTENTION.has(container) ? null : parser.bare(end);
  if (SHARED.test(rest)) layer.shared.push(tensor.name);
  else if (bare && tensor.shape.length === 3) take(layer, container, tensor, bare);
  else if (ROUTER.test(end)) push(layer.routers, container, tensor.name);
  else if (ROUTER.test(rest)) push(layer.routers, '', tensor.name);
  else {
    if (bare) layer.plain.push({ container, tensor, name: bare });
    if (DENSE.has(container)) layer.dense ??= container;
  }
}

function take(layer: Layer, container: string, tensor: CheckpointTensor, name: ExpertName | null): Bucket {
  let bucket = layer.buckets.get(container);
  if (!bucket) {
    bucket = createBucket(joinName(layer.prefix, container));
    layer.buckets.set(container, bucket);
  }
  if (name) addExpert(bucket, tensor, name);
  else bucket.leftovers.push(tensor.name);
  return bucket;
}

function push(lists: Map<string, string[]>, key: string, name: string): void {
  const list = lists.get(key);
  if (list) list.push(name);
  else lists.set(key, [name]);
}

/** Two pieces of a name with a dot between them, where both have text. */
export function joinName(left: string, right: string): string {
  return left === '' || right === '' ? left + right : `${left}.${right}`;
}
