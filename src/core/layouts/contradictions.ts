import type { Architecture } from './architecture-row.ts';
import { type Config, configNumber, EXPERT_KEYS, expertCount, listedNumbers } from './config-keys.ts';
import { nameLayers, stackNames, stackOf } from './layer-names.ts';
import type { LayerGroup } from './types.ts';

/** Different numbers of experts that a sentence names; a model pruned layer by layer may have one for each layer. */
const LIMIT_NAMED = 6;

/**
 * Routed experts of a layer by the config: under the architecture's own key, else under any usual one.
 *
 * A list counts only for architectures whose classes read one, and where the architecture is not known.
 */
export function configuredExperts(
  config: Config | null,
  row: Architecture | undefined,
  index: number | null,
  prefix: string,
): number | null {
  if (unreadList(config, row, prefix) !== null) return null;
  const own = row ? configNumber(config, row.experts, index, prefix) : null;
  return own ?? expertCount(config, index, prefix);
}

function unreadList(config: Config | null, row: Architecture | undefined, prefix: string) {
  return row && !row.lists ? listedNumbers(config, [...row.experts, ...EXPERT_KEYS], prefix) : null;
}

/** A sentence for each list in the config that the model's classes do not read. */
export function unreadLists(
  groups: readonly LayerGroup[],
  config: Config | null,
  row: Architecture | undefined,
): string[] {
  const sentences = groups
    .filter(({ kind }) => kind !== 'dense')
    .flatMap(({ prefix }) => {
      const list = unreadList(config, row, prefix);
      if (list === null) return [];
      return [
        `The config has a list of ${list.length} numbers under ${list.key}; ${row?.modelTypes[0] ?? 'the model'} takes one number for all layers.`,
      ];
    });
  return [...new Set(sentences)];
}

/** A layer that has another number of experts than the config gives it. */
interface Contradicted {
  readonly group: LayerGroup;
  readonly experts: number;
  readonly says: number;
}

/** One sentence for each stack of layers whose numbers of experts are not the config's; layers of MTP are left out. */
export function countContradictions(
  groups: readonly LayerGroup[],
  config: Config | null,
  row: Architecture | undefined,
): string[] {
  const sparse = groups.filter((group) => group.kind === 'moe' && group.experts !== null);
  const odd = sparse.flatMap((group): Contradicted[] => {
    const says = configuredExperts(config, row, group.index, group.prefix);
    const { experts } = group;
    return experts === null || says === null || says === experts ? [] : [{ group, experts, says }];
  });
  const stacks = new Map<string, Contradicted[]>();
  for (const each of odd) {
    const stack = stackOf(each.group);
    stacks.set(stack, [...(stacks.get(stack) ?? []), each]);
  }
  const names = stackNames(sparse);
  return Array.from(stacks, ([stack, layers]) => {
    const all = sparse.filter((group) => stackOf(group) === stack).length === layers.length;
    return sentence(layers, all, names.get(stack) ?? null);
  });
}

function sentence(odd: readonly Contradicted[], all: boolean, stack: string | null): string {
  const counts = new Set(odd.map(({ experts }) => experts));
  const says = new Set(odd.map((each) => each.says));
  const of = stack === null ? '' : ` of ${stack}`;
  const [first] = odd;
  if (!first) return '';
  if (all && counts.size === 1 && says.size === 1)
    return `The config says ${first.says} experts; every layer${of} has ${first.experts}. If the checkpoint is right, write ${first.experts} into the config.`;
  const head =
    says.size === 1
      ? `The config says ${first.says} experts for every layer${of}`
      : `The config says other numbers of experts`;
  const alike = new Map<string, Contradicted[]>();
  for (const each of odd) {
    const key = `${each.experts}/${each.says}`;
    alike.set(key, [...(alike.get(key) ?? []), each]);
  }
  const named = [...alike.values()].map((layers) => {
    const [one = first] = layers;
    const verb = layers.length === 1 ? 'has' : 'have';
    const instead = says.size === 1 ? '' : ` instead of ${one.says}`;
    return `${nameLayers(
      layers.map(({ group }) => group),
      stack,
    )} ${verb} ${one.experts}${instead}`;
  });
  const rest = named.length - LIMIT_NAMED;
  return `${head}; ${named.slice(0, LIMIT_NAMED).join(', ')}${rest > 0 ? `, and so on for ${rest} more numbers` : ''}.`;
}
