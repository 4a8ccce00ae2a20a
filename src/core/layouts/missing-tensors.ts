import type { Checkpoint } from '../checkpoint/types.ts';
import { plural } from '../units.ts';
import type { Architecture } from './architecture-row.ts';
import { isMoeLayer } from './architecture-rules.ts';
import { blockCount, type Config, expertConfig, expertCount, MAX_LAYERS, readKey } from './config-keys.ts';
import { nameLayers, stackOf } from './layer-names.ts';
import { type HeldLayer, type HeldTensors, hasBlockList, heldTensors, isBlocks } from './layer-tensors.ts';
import { missingOutside } from './outer-tensors.ts';
import { isMtpStack } from './prediction.ts';
import { type Lack, lacksByParts, lacksBySiblings } from './siblings.ts';
import type { Defect, LayerGroup } from './types.ts';
import { incompleteBy } from './usable.ts';

interface Readable extends Pick<Checkpoint, 'tensors' | 'config'>, Partial<Pick<Checkpoint, 'findings' | 'absent'>> {}

const LIMIT_NAMED = 4;

/**
 * What a model has outside its routed experts and nobody holds: the input embedding, the norm after the last layer, the
 * output head, whole layers, and single tensors of a layer.
 *
 * What a missing shard held is the shard's matter: names that the index gives count as held, and where a file is missing
 * and no index says what it held, nothing is asked. Layers of multi-token prediction have findings of their own.
 */
export function missingTensors(
  checkpoint: Readable,
  groups: readonly LayerGroup[],
  row: Architecture | undefined,
): Defect[] {
  const { config, absent, findings = [] } = checkpoint;
  const part =
    findings.some(({ tag }) => tag === 'partial') || (absent === undefined && incompleteBy(findings) !== null);
  if (part || isAdapter(checkpoint)) return [];
  const main = groups.filter(({ kind, index }) => kind !== 'mtp' && index !== null);
  const held = heldTensors({ ...checkpoint, absent }, groups);
  if (held === null) return [];
  const stacks = [...new Set(main.map(stackOf))].filter((stack) => !isMtpStack(stack));
  const known = row !== undefined && config !== null && main.length > 0;
  if (known && isExpertsAlone(held, main)) return [missing(EXPERTS_ALONE)];
  const lacks = Array.from(held.stacks).flatMap(([stack, layers]) =>
    lackDefects(stack, layers, config, row, stacks.includes(stack)),
  );
  const told = new Set(lacks.flatMap(({ group, message }) => (/gate|router/.test(message) ? (group ?? []) : [])));
  return [
    ...(known ? outsideDefects(held, stacks, config, row) : []),
    ...stacks.flatMap((stack) => layerDefects(stack, held, checkpoint, row, main)),
    ...(known
      ? routerDefects(
          main.filter((group) => isCounted(group, config)),
          held,
          told,
          row,
        )
      : []),
    ...lacks,
  ];
}

const EXPERTS_ALONE =
  'The checkpoint has only experts: no embedding, attention, norm or router. It is a part of a model and does not load as a model. Add the other tensors.';

function missing(message: string, group?: string): Defect {
  return { tag: 'tensor-missing', message, ...(group === undefined ? {} : { group }) };
}

function isAdapter({ tensors }: Readable): boolean {
  for (const name of tensors.keys()) return name.includes('.lora_');
  return false;
}

function isExpertsAlone({ stacks, outside }: HeldTensors, main: readonly LayerGroup[]): boolean {
  return outside.length === 0 && main.length > 0 && stacks.size === 0;
}

function outsideDefects(
  { outside }: HeldTensors,
  stacks: readonly string[],
  config: Config,
  row: Architecture,
): Defect[] {
  const roots = stacks.map((stack) => stack.slice(0, stack.lastIndexOf('.') + 1));
  const gone = missingOutside(outside, roots, config, row);
  if (gone.length === 0) return [];
  const all = `${gone.slice(0, -1).join(', ')}${gone.length > 1 ? ' and ' : ''}${gone.at(-1)}`;
  const capital = all.charAt(0).toUpperCase() + all.slice(1);
  return [missing(`${capital} ${gone.length === 1 ? 'is' : 'are'} missing. ${effectOf(gone.length)}`)];
}

/** What follows of so many missing tensors, and what to do. */
function effectOf(count: number): string {
  const [their, tensors] = count === 1 ? ['its', 'tensor'] : ['their', 'tensors'];
  return `A program that starts all the same makes up ${their} values, so its answers are worthless. Take the missing ${tensors} from the model that this was made of.`;
}

/** Layers without any tensor that the config counts, or that the numbers of the others leave out. */
function layerDefects(
  stack: string,
  { stacks }: HeldTensors,
  { config }: Readable,
  row: Architecture | undefined,
  main: readonly LayerGroup[],
): Defect[] {
  if (hasBlockList(config)) return [];
  const there = new Set((stacks.get(stack) ?? []).map(({ index }) => index));
  for (const group of main) if (stackOf(group) === stack && group.index !== null) there.add(group.index);
  const counted = config === null || row === undefined ? null : blockCount(config, stack);
  const count = Math.min(counted ?? Math.max(0, ...there), MAX_LAYERS);
  const first = counted === null ? Math.min(...there) : 0;
  const gone = Array.from({ length: count }, (_, index) => index).filter(
    (index) => index > first - 1 && !there.has(index) && !isPromised(config, row, stack, index),
  );
  if (gone.length === 0) return [];
  const layers = nameLayers(
    gone.map((index) => ({ prefix: '', index })),
    null,
  );
  const why = counted === null ? 'there are layers before and after' : `the config counts ${count} layers`;
  return [missing(`No tensor of ${layers} of ${stack} is here; ${why}. ${effectOf(2)}`)];
}

/** Layers with experts by the config are told by their experts. */
function isPromised(config: Config | null, row: Architecture | undefined, stack: string, index: number): boolean {
  if (config === null || row === undefined || expertCount(config, index, stack) === null) return false;
  return isMoeLayer(row, expertConfig(config, stack), index) === true;
}

/** False for a layer past those that the config counts: no program makes it, so it needs no router. */
function isCounted(group: LayerGroup, config: Config): boolean {
  return (group.index ?? 0) < (blockCount(config, stackOf(group)) ?? MAX_LAYERS);
}

function routerDefects(
  main: readonly LayerGroup[],
  { stacks }: HeldTensors,
  told: ReadonlySet<string>,
  { tails }: Pick<Architecture, 'tails'>,
): Defect[] {
  const words = tails.flatMap(([disk, memory]) => (/^(gate|router)\.weight$/.test(memory) ? [disk] : []));
  const sparse = main.filter(({ kind, expertTensors }) => kind === 'moe' && expertTensors.length > 0);
  const bare = sparse.filter(
    (group) => !told.has(`${stackOf(group)}.${group.index}`) && !hasRouter(group, words, stacks.get(stackOf(group))),
  );
  if (bare.length === 0) return [];
  const layers = nameLayers(bare, null);
  return [missing(`No router of ${layers} was found, so nothing chooses among the experts. ${effectOf(bare.length)}`)];
}

/** A router, or its weight where others of its tensors are here; one under a word that is not known counts, or under one of the model type's own. */
function hasRouter(
  { router, index }: LayerGroup,
  words: readonly string[],
  layers: readonly HeldLayer[] = [],
): boolean {
  if (router.some((name) => !/bias/.test(name))) return true;
  const own = layers.find((layer) => layer.index === index);
  return [...(own?.held.keys() ?? [])].some(
    (name) =>
      (/(^|[._])(gate|router)([._]|$)/.test(name) && !/bias|shared/.test(name)) ||
      words.some((word) => name === word || name.endsWith(`.${word}`)),
  );
}

function lackDefects(
  stack: string,
  layers: readonly HeldLayer[],
  config: Config | null,
  row: Architecture | undefined,
  isMain: boolean,
): Defect[] {
  if (isMtpStack(stack) || hasBlockList(config)) return [];
  const count = isMain ? (blockCount(config, stack) ?? MAX_LAYERS) : MAX_LAYERS;
  const own = layers.filter(({ index }) => index < count);
  const compared = isMain || (isBlocks(stack) && own.length > 2) ? lacksBySiblings(own) : [];
  const closed = isMain ? lacksByParts(own, leftOut(config, row)) : [];
  const lacks = own.flatMap((layer): Lack[] => {
    const names = [...compared, ...closed].flatMap((lack) => (lack.layer === layer ? lack.names : []));
    return names.length === 0 ? [] : [{ layer, names: [...new Set(names)] }];
  });
  return lacks.map(({ layer: { index }, names }) => {
    const prefix = `${stack}.${index}`;
    const named = names.slice(0, LIMIT_NAMED).map((name) => `${prefix}.${name}`);
    const rest = names.length - named.length;
    const list = `${named.join(', ')}${rest > 0 ? ` and ${plural(rest, 'more tensor')}` : ''}`;
    const verb = names.length === 1 ? 'is' : 'are';
    return missing(
      `${list} ${verb} missing; the other layers of this kind have ${names.length === 1 ? 'it' : 'them'}. ${effectOf(names.length)}`,
      prefix,
    );
  });
}

/** Parts that layers of some models do without. */
function leftOut(config: Config | null, row: Architecture | undefined): ReadonlySet<string> {
  const says = (key: string) => {
    const part = config && expertConfig(config);
    return part !== null && [part, config ?? part].some((each) => Boolean(readKey(each, key)));
  };
  return new Set([
    ...(row?.gated === true ? [] : ['gate_proj']),
    ...(says('attention_k_eq_v') ? ['v_proj'] : []),
    ...(says('num_kv_shared_layers') ? ['k_proj', 'v_proj'] : []),
  ]);
}
