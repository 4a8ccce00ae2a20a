import type { CheckpointTensor } from '../checkpoint/types.ts';
import { LoomError } from '../errors.ts';
import { quote } from '../safetensors/json-scanner.ts';
import { formatInteger } from '../units.ts';
import { addExpert, type Bucket, createBucket } from './bucket.ts';
import { MAX_LAYERS } from './config-keys.ts';
import {
  createExpertNameParser,
  type ExpertName,
  type ExpertNameParser,
  type ExpertTail,
  expertSegmentAt,
} from './expert-name.ts';
import { takeFlat } from './flat.ts';
import { speaksOfExperts } from './hints.ts';
import { createLayer, type Layer, type PlainTensor } from './layer.ts';
import { isDigit, layerEnd } from './tensor-place.ts';
import { unwrap } from './wrappers.ts';

const DENSE = new Set(['mlp', 'feed_forward', 'ffn', 'block_sparse_moe']);
const ATTENTION = new Set(['self_attn', 'attn', 'attention', 'self_attention']);
const ROUTER =
  /^(gate\.|router\.|primary_router\.|router_gate\.|moe_statics\.)|^(e_score_correction_bias|expert_bias|router_bias)$/;
/** The same below further segments, by a word that means nothing else: `layer.1.mlp.router.classifier.weight`. */
const DEEP_ROUTER = /\.(primary_)?router\./;
const WORDS = /^(up|down)\./;
/** Parts of a layer that are no MLP: no example of what is not recognised. */
const NO_MLP = /attn|attention|norm|embed/i;
const LIMIT_SEEN = 3;
const SHARED = /(^|\.)(shared_experts?|shared_mlp|share_expert|shared_expert_gate)\./;

/**
 * Sorts every tensor into its layer, in one pass over the names.
 *
 * Names under the same experts tend to follow each other, so the last ones are tried first.
 * @throws LoomError `layers-too-many`.
 */
export function scanLayers(tensors: ReadonlyMap<string, CheckpointTensor>): readonly Layer[] {
  const layers = new Map<string, Layer>();
  const parse = createExpertNameParser();
  let last: LastExperts | null = null;
  for (const tensor of tensors.values()) {
    if (last && takeLike(last, tensor)) continue;
    last = sortTensor(layers, tensor, parse, last) ?? last;
  }
  const all = [...layers.values()];
  for (const layer of all) {
    takeFlat(layer, (plain) => takePlain(layer, plain));
    takeCompanions(layer);
  }
  return all;
}

/** The bucket that took the last expert's tensor, what such names start with, and how they may end. */
interface LastExperts {
  readonly start: string;
  readonly bucket: Bucket;
  readonly ends: Map<string, NumberedTail>;
}

interface NumberedTail {
  readonly tail: ExpertTail;
  /** The whole name, `{i}` for the number. */
  readonly template: string;
}

/** Takes a tensor of an expert stored apart whose name differs from one before in its number alone; else false. */
function takeLike({ start, bucket, ends }: LastExperts, tensor: CheckpointTensor): boolean {
  const { name } = tensor;
  let at = start.length;
  if (!isDigit(name.charCodeAt(at)) || !name.startsWith(start)) return false;
  while (isDigit(name.charCodeAt(at))) at += 1;
  const known = ends.get(name.slice(at));
  if (known) addExpert(bucket, tensor, { ...known, digits: name.slice(start.length, at) });
  return known !== undefined;
}

function sortTensor(
  layers: Map<string, Layer>,
  tensor: CheckpointTensor,
  parse: ExpertNameParser,
  last: LastExperts | null,
): LastExperts | null {
  const { bare, place } = unwrap(tensor.name);
  const cut = layerEnd(bare);
  const layer = layerAt(layers, tensor, place(cut, 'end'));
  const from = cut === 0 ? 0 : cut + 1;
  const rest = bare.slice(from);
  const name = parse(rest);
  const sorted: Sorted = {
    tensor,
    rest,
    name,
    prefixTo: (length) => (length === 0 ? layer.prefix : tensor.name.slice(0, place(from + length, 'end'))),
  };
  if (name?.number && !name.bare) {
    const start = tensor.name.slice(0, place(from + name.number.at));
    const end = tensor.name.slice(start.length + name.number.digits.length);
    const numbered = { tail: name.tail, template: `${start}{i}${end}` };
    const bucket = takeExpert(layer, sorted, name, numbered.template);
    if (!bucket) return null;
    if (last?.start === start && last.bucket === bucket) last.ends.set(end, numbered);
    else return { start, bucket, ends: new Map([[end, numbered]]) };
  } else sortIn(layer, sorted);
  return null;
}

function tooManyLayers(tensor: string): never {
  const message = `The names number more than ${formatInteger(MAX_LAYERS)} layers, as in ${quote(tensor)}. No model has so many, so the layout was not looked for. If the files are a model, rename its tensors.`;
  throw new LoomError('layers-too-many', message, { tensor });
}

/** A tensor with what its name says below its layer, wrappers left out. */
interface Sorted {
  readonly tensor: CheckpointTensor;
  readonly rest: string;
  readonly name: ExpertName | null;
  /** The tensor's own name up to the end of a container of this length below the layer. */
  readonly prefixTo: (length: number) => string;
}

function layerAt(layers: Map<string, Layer>, { name }: CheckpointTensor, end: number): Layer {
  const prefix = name.slice(0, end);
  const known = layers.get(prefix);
  if (known) return known;
  if (layers.size === MAX_LAYERS) tooManyLayers(name);
  const layer = createLayer(prefix);
  layers.set(prefix, layer);
  return layer;
}

function sortIn(layer: Layer, sorted: Sorted): void {
  const { tensor, rest, name } = sorted;
  if (name && !name.bare) {
    takeExpert(layer, sorted, name, tensor.name);
    return;
  }
  const at = expertSegmentAt(rest);
  if (at === -1) {
    sortOther(layer, sorted);
    return;
  }
  const container = rest.slice(0, Math.max(at - 1, 0));
  if (isAttention(container)) return;
  if (ROUTER.test(rest.slice(rest.indexOf('.', at) + 1))) push(layer.routers, container, tensor);
  else bucketAt(layer, container, sorted.prefixTo(container.length)).leftovers.push(tensor.name);
}

function takeExpert(layer: Layer, sorted: Sorted, name: ExpertName, template: string): Bucket | null {
  if (isAttention(name.container)) return null;
  const bucket = bucketAt(layer, name.container, sorted.prefixTo(name.container.length));
  addExpert(bucket, sorted.tensor, { tail: name.tail, digits: name.number?.digits ?? null, template });
  return bucket;
}

function sortOther(layer: Layer, { tensor, rest, name, prefixTo }: Sorted): void {
  const dot = rest.indexOf('.');
  const container = rest.slice(0, Math.max(dot, 0));
  const end = rest.slice(dot + 1);
  const bare = name && !isAttention(name.container) ? name : null;
  if (SHARED.test(rest)) layer.shared.push(tensor.name);
  else if (bare) {
    const plain = { container: bare.container, prefix: prefixTo(bare.container.length), tensor, name: bare };
    if (tensor.shape.length === 3) takePlain(layer, plain);
    else layer.plain.push(plain);
    if (tensor.shape.length !== 3 && DENSE.has(bare.container)) layer.dense ??= container;
  } else if (ROUTER.test(end)) push(layer.routers, container, tensor);
  else if (ROUTER.test(rest)) push(layer.routers, '', tensor);
  else if (DEEP_ROUTER.test(rest)) push(layer.routers, rest.slice(0, rest.search(DEEP_ROUTER)), tensor);
  else {
    if (speaksOfExperts(rest)) layer.hints.push(tensor.name);
    if (WORDS.test(end)) layer.words.add(container);
    if (layer.seen.length < LIMIT_SEEN && !NO_MLP.test(rest)) layer.seen.push(rest);
    if (DENSE.has(container)) layer.dense ??= container;
  }
}

function takePlain(layer: Layer, { container, prefix, tensor, name }: PlainTensor): void {
  addExpert(bucketAt(layer, container, prefix), tensor, { tail: name.tail, digits: null, template: tensor.name });
}

/** Biases and scales beside experts that are stacked without a segment of their own: `moe.gate_proj.bias`. */
function takeCompanions(layer: Layer): void {
  for (const plain of layer.plain) {
    const stems = [...(layer.buckets.get(plain.container)?.kinds.values() ?? [])].map((kind) => kind.stem);
    if (stems.includes(plain.name.tail.stem)) takePlain(layer, plain);
  }
}

/** True where the last segment of a container is an attention's: some models mix experts there too (JetMoE). */
function isAttention(container: string): boolean {
  return ATTENTION.has(container.slice(container.lastIndexOf('.') + 1));
}

function bucketAt(layer: Layer, container: string, prefix: string): Bucket {
  const known = layer.buckets.get(container);
  if (known) return known;
  const bucket = createBucket(prefix);
  layer.buckets.set(container, bucket);
  return bucket;
}

function push(lists: Map<string, CheckpointTensor[]>, key: string, tensor: CheckpointTensor): void {
  const list = lists.get(key);
  if (list) list.push(tensor);
  else lists.set(key, [tensor]);
}

/** Two pieces of a name with a dot between them, where both have text. */
export function joinName(left: string, right: string): string {
  return left === '' || right === '' ? left + right : `${left}.${right}`;
}
