import { type ExpertModule, expertModules } from '../layouts/quantised/experts.ts';
import type { CheckpointLayout } from '../layouts/types.ts';
import { quantisationOf } from '../quantised/config.ts';
import { quantisedModules } from '../quantised/modules.ts';
import type { LoadInput } from './sparse-layers.ts';

const known = new WeakMap<CheckpointLayout, readonly ExpertModule[]>();

/** The modules of a checkpoint's routed experts that are quantised; empty where the config says nothing of it. Worked out once a layout. */
export function quantisedExperts({ checkpoint, layout }: LoadInput): readonly ExpertModule[] {
  if (quantisationOf(checkpoint.config) === null) return [];
  const found =
    known.get(layout) ??
    expertModules(checkpoint.tensors, quantisedModules(checkpoint), layout.groups).filter(
      ({ module }) => module !== null,
    );
  known.set(layout, found);
  return found;
}

/** An expert's matrix whose last FP8 blocks are cut off; null where there is none. */
export interface CutBlocks {
  readonly name: string;
  readonly rows: number;
  readonly columns: number;
  readonly block: readonly [rows: number, columns: number];
  /** Scales along rows and columns. */
  readonly grid: readonly [rows: number, columns: number];
}

/** Every expert's matrix whose FP8 blocks do not divide it. */
export function cutBlocks(experts: readonly ExpertModule[]): CutBlocks[] {
  return experts.flatMap(({ name, module }) => {
    const form = module?.format.id === 'fp8-block' ? module.form : null;
    if (!form?.block || form.rows === null || form.columns === null) return [];
    const { rows, columns, block } = form;
    if (rows % block[0] === 0 && columns % block[1] === 0) return [];
    return [{ name, rows, columns, block, grid: [Math.ceil(rows / block[0]), Math.ceil(columns / block[1])] as const }];
  });
}
