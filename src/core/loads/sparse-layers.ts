import type { Checkpoint } from '../checkpoint/types.ts';
import type { Architecture } from '../layouts/architecture-row.ts';
import { isMoeLayer } from '../layouts/architecture-rules.ts';
import {
  configNumber,
  expertConfig,
  expertCount,
  hiddenSize,
  layerCount,
  MAX_LAYERS,
  readKey,
} from '../layouts/config-keys.ts';
import { tensorPlace } from '../layouts/tensor-place.ts';
import type { CheckpointLayout, LayerGroup } from '../layouts/types.ts';

/** What verdicts are made from: tensors and config, with the layout found in them. */
export interface LoadInput {
  readonly checkpoint: Pick<Checkpoint, 'tensors' | 'config'> &
    Partial<Pick<Checkpoint, 'findings' | 'indexFile' | 'absent'>>;
  readonly layout: CheckpointLayout;
  readonly row: Architecture | undefined;
}

/** A layer that a model of this config has routed experts in. */
export interface SparseLayer {
  /** Before the layer's number: `model.layers`; the whole prefix outside numbered layers. */
  readonly stack: string;
  readonly index: number | null;
  /** Experts E, intermediate I and hidden H: the config's, else the tensors', else null. */
  readonly experts: number | null;
  readonly intermediate: number | null;
  readonly hidden: number | null;
}

/** What a consumer knows of the layers beyond the config's usual keys. */
export interface LayerHints {
  /** Where the layers stand when no tensor shows it. */
  readonly stack?: string | undefined;
  /** Config key of the number of layers. */
  readonly layerKey?: string | null;
  /** Where the model has the layers of a stack of the checkpoint; where the checkpoint has them when absent. */
  readonly place?: (stack: string) => string;
}

/** The layers with routed experts: those that the config names, and those that the tensors show and it does not deny. */
export function sparseLayers({ checkpoint, layout, row }: LoadInput, hints: LayerHints = {}): readonly SparseLayer[] {
  const { config } = checkpoint;
  const groups = layout.groups.filter((group) => group.kind === 'moe');
  const counted = (stack: string) => countOf(config, stack, hints.layerKey ?? null);
  const found = new Map<string, SparseLayer>();
  const add = (stack: string, index: number | null, group: LayerGroup | undefined) => {
    const key = `${stack} ${index}`;
    if (!found.has(key)) found.set(key, layerOf(config, row, stack, index, group ?? groups[0]));
  };
  for (const group of groups) {
    const stack = stackOf(group);
    const beyond = group.index !== null && group.index >= (counted(stack) ?? Number.POSITIVE_INFINITY);
    const denied = group.index !== null && sparseByConfig(config, row, stack, group.index) === false;
    if (!denied && !beyond) add(stack, group.index, group);
  }
  const shown = groups.filter((group) => group.index !== null).map(stackOf);
  const stacks = groups.length > 0 || hints.stack === undefined ? shown : [hints.stack];
  for (const stack of new Set(stacks)) {
    for (let index = 0; index < (counted(stack) ?? 0); index += 1) {
      if (sparseByConfig(config, row, stack, index) === true) add(stack, index, undefined);
    }
  }
  return [...found.values()].sort((a, b) => (a.index ?? -1) - (b.index ?? -1));
}

function countOf(config: Checkpoint['config'], stack: string, key: string | null): number | null {
  const own = config && key !== null ? readKey(config, key) : null;
  const count = typeof own === 'number' ? own : layerCount(config, stack);
  return count !== null && count <= MAX_LAYERS ? count : null;
}

/** `model.layers` of `model.layers.0.mlp`; the whole prefix outside numbered layers. */
export function stackOf(group: LayerGroup): string {
  return group.index === null ? group.prefix : tensorPlace(group.prefix).stack;
}

function sparseByConfig(
  config: Checkpoint['config'],
  row: Architecture | undefined,
  stack: string,
  index: number,
): boolean | null {
  if (!config || !row) return null;
  return expertCount(config, index, stack) === null ? null : isMoeLayer(row, expertConfig(config, stack), index, stack);
}

function layerOf(
  config: Checkpoint['config'],
  row: Architecture | undefined,
  stack: string,
  index: number | null,
  group: LayerGroup | undefined,
): SparseLayer {
  const experts = row ? configNumber(config, row.experts, index, stack) : null;
  const intermediate = row ? configNumber(config, row.intermediate, index, stack) : null;
  const latent = config && row?.gated === false ? readKey(expertConfig(config, stack), 'moe_latent_size') : null;
  const hidden = typeof latent === 'number' ? latent : hiddenSize(config, stack);
  return {
    stack,
    index,
    experts: experts ?? expertCount(config, index, stack) ?? group?.experts ?? null,
    intermediate: intermediate ?? group?.intermediate ?? null,
    hidden: hidden ?? group?.hidden ?? null,
  };
}
