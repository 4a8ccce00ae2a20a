import type { Checkpoint } from '../checkpoint/types.ts';
import { layerTest, tensorPlace } from '../layouts/tensor-place.ts';
import type { CheckpointLayout } from '../layouts/types.ts';
import type { ConversionPlan, Refusal } from './types.ts';

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

/** Findings about shards that are not there or cannot be read. */
const ABOUT_SHARDS: ReadonlySet<string> = new Set([
  'shard-missing',
  'shard-invalid',
  'shard-unread',
  'lfs-pointer',
  'index-tensor-missing',
]);

/** What is wrong with the checkpoint; shards that the chosen layers alone do not need are not. */
export function checkpointRefusals(checkpoint: Checkpoint, layout: CheckpointLayout, options: Scope): Refusal[] {
  const errors = checkpoint.findings.filter((finding) => finding.severity === 'error');
  const unneeded = errors.length > 0 && isWholeWithin(checkpoint, layout, options);
  return errors
    .filter(({ tag }) => !(unneeded && ABOUT_SHARDS.has(tag)))
    .map(({ message }) => ({ tag: 'checkpoint-defective', message }));
}

/** True where the index says what the missing shards held, and none of it is of the chosen layers. */
function isWholeWithin({ absent }: Checkpoint, layout: CheckpointLayout, options: Scope): boolean {
  if (!absent || scopeOf(options) !== 'partial') return false;
  const inScope = scopeFilter(layout, options);
  const wanted = new Set(options.layers);
  for (const name of absent.keys()) if (inScope({ name }) || wanted.has(tensorPlace(name).layer ?? -1)) return false;
  return true;
}
