import { expect, it } from 'vitest';
import { splitName } from './names.ts';

const EXPERT = 'model.layers.1.mlp.experts.3.gate_proj';
const STACK = 'model.layers.1.mlp.experts.gate_up_proj';

it.each([
  [`${EXPERT}.weight`, EXPERT, 'weight'],
  [`${EXPERT}.weight_scale_2`, EXPERT, 'weight_scale_2'],
  [`${EXPERT}.weight.absmax`, EXPERT, 'weight.absmax'],
  [`${EXPERT}.weight.quant_state.bitsandbytes__nf4`, EXPERT, 'weight.quant_state'],
  ['layers.0.ffn.experts.0.w1.scale', 'layers.0.ffn.experts.0.w1', 'scale'],
  ['experts.gate_proj.3.qweight', 'experts.gate_proj.3', 'qweight'],
  [STACK, STACK, 'weight'],
  [`${STACK}_weight_scale`, STACK, 'weight_scale'],
  [`${STACK}_weight_scale_2`, STACK, 'weight_scale_2'],
  [`${STACK}_scale_inv`, STACK, 'weight_scale_inv'],
  [`${STACK}_blocks`, STACK, 'blocks'],
  [`${STACK}_packed`, STACK, 'weight_packed'],
  ['block.0.mlp.mlp1_weight.blocks', 'block.0.mlp.mlp1_weight', 'blocks'],
  ['experts.w13_weight_scale', 'experts.w13', 'weight_scale'],
  // Names of the model, not of a format.
  [`${STACK}_bias`, `${STACK}_bias`, 'weight'],
  ['model.layers.0.per_expert_scale', 'model.layers.0.per_expert_scale', 'weight'],
  ['model.router.e_score_correction_bias', 'model.router.e_score_correction_bias', 'weight'],
  ['scale', '', 'scale'],
])('%s is a part of its module', (name, module, part) => {
  expect(splitName(name)).toEqual({ module, part });
});
