import type { ModelFacts, Placement, PlacementFile } from '../../ranks/types.ts';

/** SGLang's placement file: it takes these keys and no others. Its rows are numbered by decoder layer. */
export interface SglangPlacementJson {
  readonly physical_to_logical_map: readonly (readonly number[])[];
}

/**
 * The file for SGLang's `--init-expert-location`; null where ranks or layers have unequally many slots, or two towers have
 * experts, which it cannot say.
 *
 * Rows of layers without experts, which it counts too, hold slot i mod E. Source: SGLang, expert_location.py
 * (`init_by_mapping(**data_dict)`, so that one more key would be an error).
 */
export function sglangPlacement(placement: Placement, facts: ModelFacts): SglangPlacementJson | null {
  const sizes = new Set(placement.layers.flatMap((layer) => layer.slots.map((slots) => slots.length)));
  const [first] = placement.layers;
  if (sizes.size !== 1 || !first || facts.towers) return null;
  const byLayer = new Map(placement.layers.map((layer, at) => [layer.index ?? at, layer.slots.flat()]));
  const trivial = first.slots.flat().map((_, slot) => slot % first.experts);
  const rows = Array.from({ length: facts.layers }, (_, layer) => byLayer.get(layer) ?? trivial);
  return { physical_to_logical_map: rows };
}

/** What `--init-expert-location` takes. */
export const placementFile: PlacementFile = {
  title: 'SGLang placement file',
  use: 'For --init-expert-location.',
  file: 'sglang-expert-location.json',
  make: sglangPlacement,
  limit:
    'Ranks or layers have unequally many slots, or two towers have experts: SGLang’s placement file cannot say that.',
};
