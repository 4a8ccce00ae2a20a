import type { Checkpoint } from '../checkpoint/types.ts';
import type { Architecture } from './architecture.ts';
import { architectureOf, isMoeLayer, modelTypeOf } from './architecture-rules.ts';
import { compareText } from './bucket.ts';
import { type Config, configNumber, expertConfig, hiddenSize, layerCount } from './config-keys.ts';
import { configuredExperts, countContradictions } from './contradictions.ts';
import { emptyGroup, groupOf } from './group.ts';
import { brokenPromises } from './promises.ts';
import type { Context } from './resolve.ts';
import { routerRows } from './router-rows.ts';
import { joinName, type Layer, scanLayers } from './scan.ts';
import type { Assumption, CheckpointLayout, Defect, GroupKind, LayerGroup } from './types.ts';

/**
 * How a checkpoint stores its experts, from names, ranks, shapes and config; nothing is read and nothing guessed.
 *
 * Time grows with the number of tensors. Orientation comes from the model type; shapes only check it.
 */
export function detectLayout(
  checkpoint: Pick<Checkpoint, 'tensors' | 'config'>,
  options: { readonly assume?: Assumption } = {},
): CheckpointLayout {
  const assume = options.assume ?? {};
  const { config } = checkpoint;
  const modelType = assume.modelType ?? modelTypeOf(config);
  const row = architectureOf(modelType);
  const layers = chooseLayers(scanLayers(checkpoint.tensors));
  const known: Known = { tensors: checkpoint.tensors, config, row, assume };
  const groups = layers.flatMap((layer) => groupsOf(layer, known));
  const defects = [...acrossGroups(groups, config, row), ...brokenPromises(checkpoint, groups, row)];
  return { modelType, layout: sharedFamily(groups), groups, defects };
}

/** Layers of stacks that have experts; of every stack with an MLP where no stack has any. In order. */
function chooseLayers(all: readonly Layer[]): readonly Layer[] {
  const sparse = new Set(all.filter((layer) => layer.buckets.size > 0).map((layer) => layer.stack));
  const dense = new Set(all.filter((layer) => layer.dense !== null).map((layer) => layer.stack));
  const stacks = sparse.size > 0 ? sparse : dense;
  const chosen = all.filter(
    (layer) => layer.index !== null && (stacks.has(layer.stack) || (isMtpStack(layer.stack) && dense.has(layer.stack))),
  );
  const loose = all.filter((layer) => layer.index === null && layer.buckets.size > 0);
  return [...chosen, ...loose].sort((a, b) => compareText(a.stack, b.stack) || (a.index ?? -1) - (b.index ?? -1));
}

function isMtpStack(stack: string): boolean {
  return /(^|\.)mtp(_|\.|$)/.test(stack);
}

/** What a layer is understood by. */
interface Known {
  readonly tensors: Checkpoint['tensors'];
  readonly config: Config | null;
  readonly row: Architecture | undefined;
  readonly assume: Assumption;
}

function groupsOf(layer: Layer, known: Known): LayerGroup[] {
  const mtp = isMtp(layer, known.config);
  if (layer.buckets.size === 0) {
    const kind: GroupKind = mtp ? 'mtp' : 'dense';
    return [
      emptyGroup(joinName(layer.prefix, layer.dense ?? ''), { index: layer.index, kind, router: [], shared: [] }),
    ];
  }
  const containers = [...layer.buckets.keys()].sort(compareText);
  return containers.flatMap((container, at) => {
    const bucket = layer.buckets.get(container);
    if (!bucket) return [];
    const kind: GroupKind = mtp ? 'mtp' : 'moe';
    const router = [
      ...(layer.routers.get(container) ?? []),
      ...(container === '' ? [] : (layer.routers.get('') ?? [])),
    ];
    const shared = at === 0 ? layer.shared : [];
    return [groupOf(bucket, { index: layer.index, kind, router, shared }, contextOf(layer, router, known))];
  });
}

/** Multi-token prediction: its own stack, or layers that the config does not count. */
function isMtp(layer: Layer, config: Config | null): boolean {
  if (isMtpStack(layer.stack)) return true;
  const layers = layerCount(config, layer.prefix);
  return layers !== null && layer.index !== null && layer.index >= layers;
}

function contextOf({ prefix, index }: Layer, router: readonly string[], known: Known): Context {
  const { tensors, config, row, assume } = known;
  const hidden = hiddenSize(config, prefix);
  const intermediate = row ? configNumber(config, row.intermediate, index, prefix) : null;
  return {
    row,
    assume,
    known: {
      ...(hidden === null || row?.gated === false ? {} : { hidden }),
      ...(intermediate === null ? {} : { intermediate }),
    },
    experts: configuredExperts(config, row, index, prefix),
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

/** Findings that no single group shows. */
function acrossGroups(groups: readonly LayerGroup[], config: Config | null, row: Architecture | undefined): Defect[] {
  const defects: Defect[] = [];
  const sparse = groups.filter((group) => group.kind === 'moe');
  const families = [...new Set(sparse.map((group) => group.layout?.family ?? 'unknown'))];
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
  if (!row || !config) return defects;
  for (const group of groups) {
    if (group.index === null || group.kind === 'mtp') continue;
    const says = isMoeLayer(row, expertConfig(config, group.prefix), group.index);
    if (says === null || says === (group.kind === 'moe')) continue;
    const message = says
      ? `The config gives layer ${group.index} experts, the tensors do not.`
      : `The tensors give layer ${group.index} experts, the config does not.`;
    defects.push({ tag: 'config-mismatch', message });
  }
  return defects;
}
