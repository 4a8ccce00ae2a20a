import type { Checkpoint } from '../checkpoint/types.ts';
import type { Architecture } from './architecture-row.ts';
import { architectureOf, isMoeLayer, modelTypeOf } from './architecture-rules.ts';
import { compareText } from './bucket.ts';
import { type Config, configNumber, expertConfig, hiddenSize, latentSize, layerCount } from './config-keys.ts';
import { configuredExperts, countContradictions, unreadLists } from './contradictions.ts';
import { emptyGroup, groupOf, hintedGroup } from './group.ts';
import { hintOf } from './hint-of.ts';
import type { Layer } from './layer.ts';
import { missingTensors } from './missing-tensors.ts';
import { isMtpStack, predictionDefects } from './prediction.ts';
import { brokenPromises } from './promises.ts';
import { quantDefects } from './quantised/findings.ts';
import type { Context } from './resolve.ts';
import { routerRows } from './router-rows.ts';
import { joinName, scanLayers } from './scan.ts';
import type { Assumption, CheckpointLayout, Defect, GroupKind, LayerGroup } from './types.ts';
import { heldAgainstWidths } from './widths.ts';
import { bareName, type Wrapper, wrappersIn } from './wrappers.ts';
import { withoutZeroExperts, zeroExperts, zeroExpertsTold } from './zero-experts.ts';

/**
 * How a checkpoint stores its experts, from names, ranks, shapes and config; nothing is read and nothing guessed.
 *
 * Time grows with the number of tensors. Orientation comes from the model type; shapes only check it.
 *
 * @example
 * ```ts
 * import { detectLayout, openCheckpoint } from 'moe-loom/layouts';
 * import { openFolder } from 'moe-loom/node';
 * const checkpoint = await openCheckpoint(await openFolder('model'));
 * const { layout, groups } = detectLayout(checkpoint);
 * console.log(layout, groups.map(({ kind, experts }) => [kind, experts])); // → per-expert [ [ 'moe', 12 ], [ 'dense', null ], [ 'moe', 12 ] ]
 * ```
 */
export function detectLayout(
  checkpoint: Pick<Checkpoint, 'tensors' | 'config'> & Partial<Pick<Checkpoint, 'findings' | 'absent'>>,
  options: { readonly assume?: Assumption } = {},
): CheckpointLayout {
  const assume = options.assume ?? {};
  const { config } = checkpoint;
  const modelType = assume.modelType ?? modelTypeOf(config);
  const row = architectureOf(modelType);
  const known: Known = { tensors: checkpoint.tensors, config, row, assume, told: [] };
  const layers = chooseLayers(scanLayers(checkpoint.tensors), known);
  const groups = heldAgainstWidths(
    layers.flatMap((layer) => groupsOf(layer, known)),
    known,
  );
  const defects = [
    ...wrapperDefects(checkpoint.tensors),
    ...acrossGroups(groups, config, row),
    ...predictionDefects(checkpoint, groups, row),
    ...brokenPromises(checkpoint, groups, row),
    ...known.told,
    ...missingTensors(checkpoint, groups, row),
    ...quantDefects(checkpoint, groups),
  ];
  return { modelType, layout: sharedFamily(groups), groups, defects };
}

/** Layers of stacks that have experts, or a sign of them; of every stack with an MLP where no stack has any. In order. */
function chooseLayers(all: readonly Layer[], known: Known): readonly Layer[] {
  const sparse = stacksWhere(all, (layer) => layer.buckets.size > 0);
  if (sparse.size === 0)
    for (const stack of stacksWhere(all, (layer) => layer.index !== null && hint(layer, known) !== null))
      sparse.add(stack);
  const dense = new Set(all.filter((layer) => layer.dense !== null).map((layer) => layer.stack));
  const stacks = sparse.size > 0 ? sparse : dense;
  const chosen = all.filter(
    (layer) => layer.index !== null && (stacks.has(layer.stack) || (isMtpStack(layer.stack) && dense.has(layer.stack))),
  );
  const loose = all.filter((layer) => layer.index === null && layer.buckets.size > 0);
  return [...chosen, ...loose].sort((a, b) => compareText(a.stack, b.stack) || (a.index ?? -1) - (b.index ?? -1));
}

function stacksWhere(all: readonly Layer[], test: (layer: Layer) => boolean): Set<string> {
  return new Set(all.filter(test).map((layer) => layer.stack));
}

/** What in a layer without known experts speaks for experts. */
function hint(layer: Layer, { config, row }: Known) {
  const prefix = bareName(layer.prefix);
  const says =
    row && layer.index !== null ? isMoeLayer(row, config && expertConfig(config, prefix), layer.index, prefix) : null;
  return hintOf(layer, says);
}

/** What a layer is understood by. */
interface Known {
  readonly tensors: Checkpoint['tensors'];
  readonly config: Config | null;
  readonly row: Architecture | undefined;
  readonly assume: Assumption;
  /** What layers have to tell that keeps none of them from being used. */
  readonly told: Defect[];
}

function groupsOf(layer: Layer, known: Known): LayerGroup[] {
  const mtp = isMtp(layer, known.config);
  if (layer.buckets.size === 0) {
    const found = hint(layer, known);
    if (found) {
      const beside = { index: layer.index, kind: mtp ? ('mtp' as const) : ('moe' as const), shared: layer.shared };
      return [hintedGroup(joinName(layer.prefix, found.container), { ...beside, router: found.router }, found.reason)];
    }
    const kind: GroupKind = mtp ? 'mtp' : 'dense';
    return [
      emptyGroup(joinName(layer.prefix, layer.dense ?? ''), { index: layer.index, kind, router: [], shared: [] }),
    ];
  }
  const containers = [...layer.buckets.keys()].sort(compareText);
  return containers.flatMap((container, at) => {
    const whole = layer.buckets.get(container);
    if (!whole) return [];
    const kind: GroupKind = mtp ? 'mtp' : 'moe';
    const router = routersOf(layer, container);
    const shared = at === 0 ? layer.shared : [];
    const context = contextOf(layer, kind, router, known);
    const apart = withoutZeroExperts(whole, context.experts, zeroExperts(known.config, bareName(layer.prefix)));
    if (apart.names.length > 0) known.told.push(zeroExpertsTold(apart, layer.index));
    return [groupOf(apart.bucket, { index: layer.index, kind, router, shared }, context)];
  });
}

/** Routers beside or above a container, and those in a segment that its experts' names share with them: `moe.mlp.0.fc1`. */
function routersOf({ routers, buckets }: Layer, container: string): string[] {
  const places = [container];
  for (let at = container.lastIndexOf('.'); at !== -1; at = container.lastIndexOf('.', at - 1))
    places.push(container.slice(0, at));
  if (container !== '') places.push('');
  const stems = [...(buckets.get(container)?.kinds.values() ?? [])].map(({ stem }) => stem.slice(0, stem.indexOf('.')));
  places.push(...new Set(stems.map((segment) => joinName(container, segment))));
  return [...new Set(places)].flatMap((place) => (routers.get(place) ?? []).map(({ name }) => name));
}

/** Multi-token prediction: its own stack, or layers that the config does not count. */
function isMtp(layer: Layer, config: Config | null): boolean {
  if (isMtpStack(layer.stack)) return true;
  const layers = layerCount(config, bareName(layer.prefix));
  return layers !== null && layer.index !== null && layer.index >= layers;
}

function contextOf({ prefix: whole, index }: Layer, kind: GroupKind, router: readonly string[], known: Known): Context {
  const { tensors, config, row, assume } = known;
  const prefix = bareName(whole);
  const hidden = hiddenSize(config, prefix);
  const width = latentSize(config, prefix) ?? hidden;
  const drafts = kind === 'mtp' && row ? configNumber(config, row.draftExperts, null, prefix) : null;
  const intermediate = row ? configNumber(config, row.intermediate, index, prefix) : null;
  return {
    row,
    assume,
    known: {
      ...(width === null ? {} : { hidden: width }),
      ...(intermediate === null ? {} : { intermediate }),
    },
    experts: drafts ?? configuredExperts(config, row, index, prefix),
    routed: routerRows(router, tensors, { config, prefix, hidden }),
  };
}

function sharedFamily(groups: readonly LayerGroup[]): CheckpointLayout['layout'] {
  const families = new Set(
    groups.filter((group) => group.kind === 'moe').map((group) => group.layout?.family ?? 'unknown'),
  );
  const [family] = families;
  if (family === undefined) return 'dense';
  return families.size === 1 ? family : 'mixed';
}

/** One finding that names every wrapper in the names; an adapter's names are PEFT's own, and are no finding. */
function wrapperDefects(tensors: Checkpoint['tensors']): Defect[] {
  const examples = new Map<Wrapper, string>();
  for (const name of tensors.keys()) {
    if (name.includes('.lora_')) return [];
    for (const wrapper of wrappersIn(name)) if (!examples.has(wrapper)) examples.set(wrapper, name);
  }
  const [[, tensor] = []] = examples;
  if (tensor === undefined) return [];
  const found = [...examples.keys()].map(({ word, by }) => `\`${word}.\` (${by})`).join(', ');
  const message = `Names carry the segments of wrapper classes: ${found}, as in ${tensor}. Programs look for the names without these segments. Any conversion writes the names without them.`;
  return [{ tag: 'names-wrapped', message, tensor }];
}

/** Findings that no single group shows. */
function acrossGroups(groups: readonly LayerGroup[], config: Config | null, row: Architecture | undefined): Defect[] {
  const defects: Defect[] = [];
  const sparse = groups.filter((group) => group.kind === 'moe');
  const families = [
    ...new Set(sparse.flatMap(({ layout }) => (layout && layout.family !== 'unknown' ? layout.family : []))),
  ];
  if (families.length > 1) {
    defects.push({
      tag: 'families-mixed',
      message: `The layers hold their experts in different layouts: ${families.join(', ')}.`,
    });
  }
  for (const message of countContradictions(groups, config, row))
    defects.push({
      tag: 'config-mismatch',
      message: `${message} A program that builds every layer with one number of experts does not load this checkpoint as it is.`,
    });
  for (const message of unreadLists(groups, config, row)) defects.push({ tag: 'config-mismatch', message });
  if (!row || !config) return defects;
  for (const group of groups) {
    if (group.index === null || group.kind === 'mtp') continue;
    const says = isMoeLayer(row, expertConfig(config, group.prefix), group.index, group.prefix);
    if (says === null || says === (group.kind === 'moe')) continue;
    const message = says
      ? `The config gives layer ${group.index} experts, the tensors do not.`
      : `The tensors give layer ${group.index} experts, the config does not.`;
    defects.push({ tag: 'config-mismatch', message, group: group.prefix });
  }
  return defects;
}
