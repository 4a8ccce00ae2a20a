import type { IndexedTensor } from './tensor-index.ts';
import type { Part, Placement, RankPlace } from './types.ts';

/** How tensor parallelism cuts a dense tensor: along rows, along columns, along rows by key heads, or not. */
export type DenseCut = 'row-wise' | 'columns' | 'heads' | 'whole';

const ROWS =
  /(^|\.)(q_proj|q_b_proj|kv_b_proj|qkv_proj|query|gate_proj|up_proj|gate_up_proj|w1|w3|embed_tokens|lm_head|wte|embed_out)\.(weight|bias)$|(^|\.)sinks$/;
const HEADS = /(^|\.)(k_proj|v_proj)\.(weight|bias)$/;
const COLUMNS = /(^|\.)(o_proj|down_proj|out_proj|w2)\.weight$/;

const ATTENTION =
  /(^|\.)(q_proj|q_b_proj|kv_b_proj|qkv_proj|query|k_proj|v_proj|o_proj|out_proj|embed_tokens|wte)\.(weight|bias)$|(^|\.)sinks$/;

/** The part of a dense tensor that a rank holds under tensor parallelism. Attention uses its own axis if there is one. */
export function tensorPart({ tail }: Pick<IndexedTensor, 'tail'>, { tp, attn }: Pick<RankPlace, 'tp' | 'attn'>): Part {
  return ATTENTION.test(tail) ? attn : tp;
}

/** The usual cuts by a tensor's name, or those that a plan lists. Routers and norms are never cut. */
export function denseCut(placement: Placement, tensor: IndexedTensor): DenseCut {
  const { dense } = placement;
  switch (dense.kind) {
    case 'replicated':
      return 'whole';
    case 'listed':
      return listedCut(placement, tensor);
    case 'full':
      if (HEADS.test(tensor.tail)) return dense.repeatsKv ? 'heads' : 'row-wise';
      if (ROWS.test(tensor.tail)) return 'row-wise';
      return COLUMNS.test(tensor.tail) ? 'columns' : 'whole';
  }
}

function listedCut({ dense }: Placement, { tail }: IndexedTensor): DenseCut {
  const dot = tail.lastIndexOf('.');
  const [module, part] = [tail.slice(0, Math.max(dot, 0)), tail.slice(dot + 1)];
  if (dense.column.includes(module)) return 'row-wise';
  return dense.row.includes(module) && part === 'weight' ? 'columns' : 'whole';
}
