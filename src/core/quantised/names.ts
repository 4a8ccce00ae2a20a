/** Parts of formats that only their own programs take apart: EXL3, HQQ, SVDQuant. */
export const OWN_FORMS = [
  ...(['trellis', 'suh', 'svh', 'su', 'sv', 'mcg', 'mul1'] as const),
  ...(['W_q', 'zero', 'svdquant_lora_a', 'svdquant_lora_b'] as const),
] as const;

/** Parts by their names beside a module's own, as checkpoints that store experts apart write them. */
const PARTS = [
  'weight',
  'weight_packed',
  'weight_scale',
  'weight_scale_inv',
  'weight_scale_2',
  'weight_global_scale',
  'weight_zero_point',
  'weight_shape',
  'weight_g_idx',
  'weight_format',
  'input_scale',
  'input_global_scale',
  'activation_scale',
  'pre_quant_scale',
  'scale',
  'scales',
  'biases',
  'global_scale',
  'blocks',
  'qweight',
  'qzeros',
  'g_idx',
  'SCB',
  ...OWN_FORMS,
  '_weight_qdata',
  '_weight_scale',
  '_weight_zero_point',
] as const;

/** What bitsandbytes writes below a weight's own name. */
const BELOW_WEIGHT = ['absmax', 'quant_map', 'nested_absmax', 'nested_quant_map', 'quant_state'] as const;

export type PartName = (typeof PARTS)[number] | `weight.${(typeof BELOW_WEIGHT)[number]}`;

/** Parts that hold a module's numbers; every other one describes them. */
const CODES: ReadonlySet<PartName> = new Set([
  ...(['weight', 'weight_packed', 'blocks', 'qweight', 'W_q', 'trellis', '_weight_qdata'] as const),
]);

/** True for a part that holds numbers, and no description of them. */
export function isCodesName(part: PartName): boolean {
  return CODES.has(part);
}

const DOTTED: ReadonlySet<string> = new Set(PARTS);
const BELOW: ReadonlySet<string> = new Set(BELOW_WEIGHT);

/** Ends that stacked tensors have after an underscore, longest first, and the part that each is. */
const UNDERSCORED: readonly (readonly [string, PartName])[] = [
  ['_weight_global_scale', 'weight_global_scale'],
  ['_input_global_scale', 'input_global_scale'],
  ['_weight_zero_point', 'weight_zero_point'],
  ['_pre_quant_scale', 'pre_quant_scale'],
  ['_weight_scale_inv', 'weight_scale_inv'],
  ['_weight_scale_2', 'weight_scale_2'],
  ['_global_scale', 'weight_global_scale'],
  ['_weight_packed', 'weight_packed'],
  ['_weight_scale', 'weight_scale'],
  ['_weight_shape', 'weight_shape'],
  ['_zero_point', 'weight_zero_point'],
  ['_input_scale', 'input_scale'],
  ['_scale_inv', 'weight_scale_inv'],
  ['_scale_2', 'weight_scale_2'],
  ['_packed', 'weight_packed'],
  ['_blocks', 'blocks'],
  ['_scales', 'scales'],
  ['_scale', 'weight_scale'],
  ['_shape', 'weight_shape'],
];

/** What the name of a stack of matrices ends with. */
const STACK = /(?:^|[._])(?:proj|w\d{1,2}|w1_w3|gate_up|linear(?:_v)?|weight|wi|wo)$/;

export interface SplitName {
  readonly module: string;
  readonly part: PartName;
}

/** True where a name without a part may be that of a stack of matrices: `experts.gate_up_proj`. */
export function isStackName(name: string): boolean {
  return STACK.test(name);
}

/** A tensor's name as that of a module and of a part of it. A name that ends with no part is its module's weight. */
export function splitName(name: string): SplitName {
  const dot = name.lastIndexOf('.');
  const last = name.slice(dot + 1);
  if (DOTTED.has(last)) return { module: name.slice(0, Math.max(0, dot)), part: last as PartName };
  const below = name.lastIndexOf('.weight.');
  if (below >= 0) {
    const [word = ''] = name.slice(below + '.weight.'.length).split('.');
    if (BELOW.has(word)) return { module: name.slice(0, below), part: `weight.${word}` as PartName };
  }
  for (const [end, part] of UNDERSCORED) {
    if (!last.endsWith(end)) continue;
    const module = name.slice(0, -end.length);
    if (STACK.test(module)) return { module, part };
  }
  return { module: name, part: 'weight' };
}
