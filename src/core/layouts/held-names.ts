/** Last segments under which formats hold a matrix that plain checkpoints call `weight`. Sources: docs/quantised.md. */
const WEIGHTS: ReadonlySet<string> = new Set([
  'weight',
  'weight_packed',
  'qweight',
  'W_q',
  'trellis',
  'blocks',
  'weight_blocks',
]);
/** Last segments of what formats keep beside a weight. A format may leave one out for a single layer. */
const BESIDE: ReadonlySet<string> = new Set(
  `weight_scale weight_scale_inv weight_scale_2 weight_global_scale weight_zero_point weight_shape weight_g_idx
  weight_format weight_scales input_scale input_global_scale output_scale activation_scale act_scale scale_inv scales
  qzeros g_idx biases SCB k_scale v_scale q_scale prob_output_scale suh svh mcg mul1`.split(/\s+/),
);
/** What bitsandbytes writes below a weight's own name. */
const BELOW = /\.weight\.(absmax|quant_map|nested_absmax|nested_quant_map|quant_state\.\w+)$/;

/** True for a part of an expert's projection, as layouts name parts, that holds its weights or its bias. */
export function isHeldPart(part: string): boolean {
  return part === 'bias' || WEIGHTS.has(part);
}

/** What a tensor's name says that a model holds, however it is quantised: `self_attn.q_proj.weight`; null for a companion. */
export function heldName(rest: string): string | null {
  if (BELOW.test(rest)) return null;
  const dot = rest.lastIndexOf('.');
  const last = rest.slice(dot + 1);
  if (WEIGHTS.has(last)) return dot === -1 ? 'weight' : `${rest.slice(0, dot)}.weight`;
  return BESIDE.has(last) && dot !== -1 ? null : rest;
}
