import type { Checkpoint } from '../checkpoint/types.ts';
import type { Architecture } from './architecture-row.ts';
import { isMoeLayer } from './architecture-rules.ts';
import { blockCount, type Config, configNumber, expertConfig, expertCount, hiddenSize, topK } from './config-keys.ts';
import { stackOf } from './layer-names.ts';
import { routerRows } from './router-rows.ts';
import { layerPrefix } from './tensor-place.ts';
import type { Defect, LayerGroup } from './types.ts';

/** Shared experts, for which some routers have rows too. */
const SHARED_KEYS = ['n_shared_experts', 'num_shared_experts'] as const;

/**
 * What a config or a router promises and no layer keeps: layers with experts that are not here, more experts a token than
 * a layer has, routers that choose among another number of experts.
 *
 * Layers of multi-token prediction are not asked about.
 */
export function brokenPromises(
  { tensors, config }: Pick<Checkpoint, 'tensors' | 'config'>,
  groups: readonly LayerGroup[],
  row: Architecture | undefined,
): Defect[] {
  const known = groups.filter(({ kind, index }) => kind !== 'mtp' && index !== null);
  const sparse = known.filter(({ kind }) => kind === 'moe');
  const messages = [
    ...(config && row ? absentLayers(tensors, config, row, known) : []),
    ...tooManyChosen(config, sparse),
    ...otherRouters(tensors, config, sparse),
  ];
  return messages.map((message) => ({ tag: 'config-mismatch', message }));
}

function absentLayers(
  tensors: Checkpoint['tensors'],
  config: Config,
  row: Architecture,
  known: readonly LayerGroup[],
): string[] {
  const stacks = [...new Set(known.map(stackOf))];
  // Where only a router speaks for experts, none are here.
  const kept = known.filter(({ kind, expertTensors }) => kind !== 'moe' || expertTensors.length > 0);
  const held = new Set(kept.map((group) => `${stackOf(group)} ${group.index}`));
  return (stacks.length === 0 ? [''] : stacks).flatMap((stack) => {
    const absent = Array.from({ length: blockCount(config, stack) ?? 0 }, (_, index) => index).filter(
      (index) =>
        !held.has(`${stack} ${index}`) &&
        expertCount(config, index, stack) !== null &&
        isMoeLayer(row, expertConfig(config, stack), index) === true,
    );
    if (absent.length === 0) return [];
    const there = layersThere(tensors, stack);
    return absent.map((index) =>
      there.has(index)
        ? `The config gives layer ${index} experts, but none was found under a known name.`
        : `The config gives layer ${index} experts, but no tensor of that layer was found.`,
    );
  });
}

/** Numbers of the layers of a stack that have any tensor; of all stacks where none is named. */
function layersThere(tensors: Checkpoint['tensors'], stack: string): ReadonlySet<number> {
  const there = new Set<number>();
  for (const name of tensors.keys()) {
    const prefix = layerPrefix(name);
    const dot = prefix.lastIndexOf('.');
    if (prefix !== '' && (stack === '' || prefix.slice(0, dot) === stack)) there.add(Number(prefix.slice(dot + 1)));
  }
  return there;
}

function tooManyChosen(config: Config | null, sparse: readonly LayerGroup[]): string[] {
  return sparse.flatMap(({ prefix, index, experts }) => {
    const chosen = topK(config, index, prefix) ?? topK(config, null, prefix);
    if (chosen === null || experts === null || chosen <= experts) return [];
    return [`The config sends a token to ${chosen} experts, and layer ${index} has ${experts}.`];
  });
}

function otherRouters(tensors: Checkpoint['tensors'], config: Config | null, sparse: readonly LayerGroup[]): string[] {
  return sparse.flatMap(({ prefix, index, experts, router, defects }) => {
    if (experts === null || defects.length > 0) return [];
    const rows = routerRows(router, tensors, { config, prefix, hidden: hiddenSize(config, prefix) });
    const shared = configNumber(config, SHARED_KEYS, null, prefix) ?? 0;
    if (rows === null || rows === experts || rows === experts + shared) return [];
    return [`The router of layer ${index} chooses among ${rows} experts, and the layer has ${experts}.`];
  });
}
