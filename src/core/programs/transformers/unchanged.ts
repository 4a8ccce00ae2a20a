import { sortNames } from '../../loads/names.ts';
import type { LoadInput } from '../../loads/sparse-layers.ts';
import type { NameReport } from '../../loads/types.ts';

/** Model types whose experts have names of their own, the same on disk and in memory (`experts.expert_0.wi.weight`). */
const STEMS: ReadonlyMap<string, readonly string[]> = new Map([
  ['switch_transformers', ['wi', 'wo']],
  ['nllb-moe', ['fc1', 'fc2']],
]);
const ROUTED = /^(.+)\.(?:router\.classifier\.weight|experts\.expert_\d+\..+)$/;

/** True for model types that {@link unchangedNames} knows. */
export function isUnchanged(modelType: string): boolean {
  return STEMS.has(modelType);
}

/**
 * Expert names that a model of such a type would miss or not know, for the layers that have a router or experts.
 *
 * Null where the checkpoint has no such layer, or its config no number of experts.
 */
export function unchangedNames({ checkpoint: { tensors, config }, layout }: LoadInput): NameReport | null {
  const count = config?.num_experts;
  const stems = STEMS.get(layout.modelType ?? '') ?? [];
  const found = [...tensors.keys()].flatMap((name) => ROUTED.exec(name) ?? []).filter((_, at) => at % 2 === 1);
  const layers = new Set(found);
  if (typeof count !== 'number' || layers.size === 0) return null;
  const expected = [...layers].flatMap((layer) =>
    Array.from({ length: count }, (_, expert) =>
      stems.map((stem) => `${layer}.experts.expert_${expert}.${stem}.weight`),
    ),
  );
  const names = new Set(expected.flat());
  const unknown = [...tensors.keys()].filter((name) => /\.experts\..*weight$/.test(name) && !names.has(name));
  return {
    missing: sortNames([...names].filter((name) => !tensors.has(name))),
    unexpected: sortNames(unknown),
    mismatched: [],
  };
}
