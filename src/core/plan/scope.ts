import { layerTest } from '../layouts/tensor-place.ts';
import type { CheckpointLayout } from '../layouts/types.ts';
import type { ConversionPlan } from './types.ts';

/** Which layers a plan is asked for, and whether everything else goes along. */
export interface Scope {
  readonly layers?: readonly number[] | undefined;
  readonly keepRest?: boolean | undefined;
}

export function scopeOf(options: Scope): ConversionPlan['scope'] {
  if (!options.layers) return 'whole';
  return options.keepRest ? 'mixed' : 'partial';
}

/** Chosen layers alone give only what stands under those layers' names. */
export function scopeFilter(layout: CheckpointLayout, options: Scope): (tensor: { readonly name: string }) => boolean {
  const { layers, keepRest } = options;
  if (!layers || keepRest) return () => true;
  const isWanted = layerTest(layout.groups, layers);
  return (tensor) => isWanted(tensor.name);
}
