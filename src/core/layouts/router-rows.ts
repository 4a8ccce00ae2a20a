import type { CheckpointTensor } from '../checkpoint/types.ts';
import type { Config } from './config-keys.ts';
import { zeroExperts } from './zero-experts.ts';

/**
 * Experts that a layer's router chooses among, by the rows of its weight matrix; null where that is not known.
 *
 * `names` are the layer's router tensors. Router matrices are [experts, hidden]; one that lies the other way round, or two
 * of different height, say nothing.
 */
export function routerRows(
  names: readonly string[],
  tensors: ReadonlyMap<string, CheckpointTensor>,
  {
    config,
    prefix,
    hidden,
  }: { readonly config: Config | null; readonly prefix: string; readonly hidden: number | null },
): number | null {
  const rows = new Set<number>();
  for (const name of names) {
    const shape = name.endsWith('.weight') ? tensors.get(name)?.shape : undefined;
    if (shape?.length !== 2) continue;
    const [height = 0, width = 0] = shape;
    if (height === hidden && width !== hidden) return null;
    rows.add(height);
  }
  const [only] = rows;
  if (rows.size !== 1 || only === undefined) return null;
  const experts = only - zeroExperts(config, prefix);
  return experts > 0 ? experts : null;
}
