import type { Checkpoint } from '../checkpoint/types.ts';
import { BLOCK_LIST, type Config, expertConfig, isConfig, layerCount, MAX_LAYERS } from './config-keys.ts';
import { heldName } from './held-names.ts';
import { isDigit, stackRoot, tensorPlace } from './tensor-place.ts';
import type { CheckpointLayout } from './types.ts';
import { bareName } from './wrappers.ts';

/** What a layer holds beside its routed experts. */
export interface HeldLayer {
  readonly stack: string;
  readonly index: number;
  /** Held name below the layer, to the shape of the tensor as far as that tells layers apart. */
  readonly held: Map<string, string>;
  /** By the config's lists with one entry a layer, and by its having experts: layers of one kind have one text. */
  readonly attention: string;
  readonly mlp: string;
  /** The segment below the layer where its experts or its MLP stand: `mlp`. */
  readonly container: string | null;
}

/** Every tensor outside routed experts: those of numbered layers by their layer, and the others by name. */
export interface HeldTensors {
  readonly stacks: ReadonlyMap<string, readonly HeldLayer[]>;
  readonly outside: readonly string[];
}

/** A text with a letter a layer: `hybrid_override_pattern` of Nemotron-H. */
const PATTERN = /pattern$/;
/** Lists about MLPs: which layers have experts is told by the tensors. */
const OF_MLP = /mlp|moe|ffn|expert/;
/** Tells layers by lists that have few words: sizes of each layer are no kinds. */
const MOST_KINDS = 4;

/** Models have some thousands of tensors outside their experts; with more, the parts of a layer are not known for sure. */
const MAX_HELD = 30_000;

/** Sorts the names that a checkpoint holds, or that its index says a missing shard holds; null where they are no model's. */
export function heldTensors(
  {
    tensors,
    absent,
    config,
  }: Pick<Checkpoint, 'tensors' | 'config'> & { readonly absent: Checkpoint['absent'] | undefined },
  groups: CheckpointLayout['groups'],
): HeldTensors | null {
  const experts = new Set(groups.flatMap(({ expertTensors }) => expertTensors.filter((name) => !isExpert(name))));
  const stacks = new Map<string, Map<number, HeldLayer>>();
  const outside: string[] = [];
  const kindOf = kindsOf(config, groups);
  let count = 0;
  const sort = (name: string) => {
    if (isExpert(name) || experts.has(name)) return;
    count += 1;
    if (count > MAX_HELD) return;
    const { stack, layer, rest } = tensorPlace(bareName(name));
    if (layer === null) {
      outside.push(bareName(name));
      return;
    }
    const held = layer < MAX_LAYERS ? heldName(rest) : null;
    if (held === null) return;
    const layers = stacks.get(stack) ?? new Map<number, HeldLayer>();
    stacks.set(stack, layers);
    const known = layers.get(layer) ?? { stack, index: layer, held: new Map(), ...kindOf(stack, layer) };
    layers.set(layer, known);
    known.held.set(held, rest === held ? (tensors.get(name)?.shape.join() ?? '') : '');
  };
  for (const name of tensors.keys()) sort(name);
  for (const name of absent?.keys() ?? []) sort(name);
  if (count > MAX_HELD) return null;
  return { stacks: new Map(Array.from(stacks, ([stack, layers]) => [stack, [...layers.values()]])), outside };
}

/** Most tensors of a checkpoint are experts stored apart: told by their names alone. */
function isExpert(name: string): boolean {
  const at = name.indexOf(EXPERTS);
  if (at === -1 || !(at === 0 || name[at - 1] === '.' || name.endsWith('local_', at))) return false;
  const start = at + EXPERTS.length;
  return isDigit(name.charCodeAt(start)) || name.startsWith('expert_', start);
}

const EXPERTS = 'experts.';

/** True for a list of blocks that follow each other, and not of parts that differ (`merger.mlp.0`, `merger.mlp.2`). */
export function isBlocks(stack: string): boolean {
  return stackRoot(stack) !== null || /(^|\.)(block|resblocks)$/.test(stack);
}

type Kinds = Pick<HeldLayer, 'attention' | 'mlp' | 'container'>;

function kindsOf(config: Config | null, groups: CheckpointLayout['groups']) {
  const places = new Map<string, Pick<HeldLayer, 'mlp' | 'container'>>();
  for (const { prefix, kind } of groups) {
    const { stack, layer, rest } = tensorPlace(bareName(prefix));
    const container = rest.split('.', 1)[0] ?? '';
    if (layer !== null) places.set(`${stack} ${layer}`, { mlp: kind, container: container === '' ? null : container });
  }
  const lists = new Map<string, readonly (readonly unknown[])[]>();
  return (stack: string, layer: number): Kinds => {
    const own = lists.get(stack) ?? layerLists(config, stack);
    lists.set(stack, own);
    const attention = own.map((list) => String(list[layer])).join(' ');
    return { attention, ...(places.get(`${stack} ${layer}`) ?? { mlp: 'none', container: null }) };
  };
}

/** The lists of a config that say a word, a yes or no, or one of a few numbers for each layer; those of MLPs left out. */
function layerLists(config: Config | null, stack: string): (readonly unknown[])[] {
  if (config === null) return [];
  const count = layerCount(config, stack) ?? 2;
  return [...new Set([config, expertConfig(config, stack)])].flatMap((part) =>
    Object.entries(part).flatMap(([key, value]) => {
      const list: unknown = typeof value === 'string' && PATTERN.test(key) ? [...value] : value;
      if (OF_MLP.test(key) || !Array.isArray(list) || list.length < count) return [];
      const kinds = new Set<unknown>(list);
      const plain = list.every((each) => typeof each !== 'object') && kinds.size < list.length;
      return plain && kinds.size <= MOST_KINDS ? [list] : [];
    }),
  );
}

/** True where a config says for each layer on its own what it is made of: layers need not be like others. */
export function hasBlockList(config: Config | null): boolean {
  return config !== null && [config, expertConfig(config)].some((part) => isConfig(part) && BLOCK_LIST in part);
}
