/** A renaming as transformers applies it: the first match of a regular expression, `\1` for its group. */
export interface Rename {
  readonly from: string;
  readonly to: string;
}

/**
 * A conversion of expert tensors. Source patterns are transformers' own, `*.` for any segments.
 *
 * `stack`: one list, stacked. `stack-join`: two lists, each stacked, then joined on dim 1. `join`: two tensors joined on
 * dim 1. `turn`: the last two dims swapped unless the shape already fits. `same-shape`: values move, the shape stays.
 */
export interface Converter {
  readonly operation: 'stack' | 'stack-join' | 'join' | 'turn' | 'same-shape';
  readonly sources: readonly string[];
  readonly target: string;
}

/**
 * How transformers 5 loads the experts of a model type.
 *
 * Source: conversion_mapping.py of 5.17.0 and each model's `_keys_to_ignore_on_load_unexpected`, read 2026-11-22. A type
 * without converters holds in memory what stands on disk. A converter of unquantised weights also carries block scales
 * along, for patterns are searched for, not matched whole.
 */
export interface LoadRules {
  readonly renames: readonly Rename[];
  /** Renamings of the text-only class alone (`…ForCausalLM`). */
  readonly causalRenames: readonly Rename[];
  readonly converters: readonly Converter[];
  /** Unexpected names that are dropped without a word. */
  readonly ignored: readonly string[];
  /** Where a whole model's layers stand in memory, the first for the usual class; null where that is not known. */
  readonly stacks: readonly string[] | null;
  /** The prefix that may be added or taken away. */
  readonly base: string;
  /** True when the experts have biases. */
  readonly biased: boolean;
  /** Config key of experts without weights that the joined tensor has rows for all the same. */
  readonly emptyExperts: string | null;
  /** Config key of the number of layers where it is not the usual one. */
  readonly layerKey: string | null;
  /** True when a tiny checkpoint of the type was loaded by the real program. */
  readonly run: boolean;
}

export const stack = (source: string, target: string): Converter => ({ operation: 'stack', sources: [source], target });
const stackJoin = (gate: string, up: string, target: string): Converter => ({
  operation: 'stack-join',
  sources: [gate, up],
  target,
});

/** Converters of experts stored apart as projections under a container. */
export function projections(container: string): readonly Converter[] {
  const at = `${container}.experts`;
  return [
    stackJoin(`${at}.*.gate_proj.weight`, `${at}.*.up_proj.weight`, `${at}.gate_up_proj`),
    stack(`${at}.*.down_proj.weight`, `${at}.down_proj`),
  ];
}

/** Converters of experts stored apart as w1, w3, w2. */
export function numbered(at: string, to: string): readonly Converter[] {
  return [
    stackJoin(`${at}.*.w1.weight`, `${at}.*.w3.weight`, `${to}.gate_up_proj`),
    stack(`${at}.*.w2.weight`, `${to}.down_proj`),
  ];
}

export const IN_MLP = projections('mlp');
export const IN_W123 = numbered('\\.experts', '.experts');
export const BLOCK_SPARSE: readonly Rename[] = [{ from: '\\.block_sparse_moe\\.', to: '.mlp.' }];
/** Where the layers stand of a text model beside a vision tower. */
export const VISION = ['model.language_model.layers'] as const;

/** Rules that differ from those of a plain text model whose names stay as they are. */
export function loading(own: Partial<LoadRules> = {}): LoadRules {
  return {
    renames: [],
    causalRenames: [],
    converters: [],
    ignored: [],
    stacks: ['model.layers'],
    base: 'model',
    biased: false,
    emptyExperts: null,
    layerKey: null,
    run: true,
    ...own,
  };
}
