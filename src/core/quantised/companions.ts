import type { CheckpointTensor } from '../checkpoint/types.ts';
import { isCodesName, type PartName, splitName } from './names.ts';

/** Names that other things have too: companions only beside the codes of these names, of this dtype if one is said. */
const BESIDE: Readonly<Partial<Record<PartName, readonly (readonly [part: PartName, dtype?: string])[]>>> = {
  scale: [['weight'], ['W_q']],
  scales: [['qweight'], ['blocks'], ['weight', 'U32']],
  biases: [['weight', 'U32']],
  zero: [['W_q']],
  global_scale: [['weight', 'U32']],
  su: [['trellis']],
  sv: [['trellis']],
  mcg: [['trellis']],
  mul1: [['trellis']],
};

/** True for a tensor that describes another one's quantised values: a scale, a zero point and the like are no parameters. */
export function isCompanion(name: string, tensors: ReadonlyMap<string, Pick<CheckpointTensor, 'dtype'>>): boolean {
  const { module, part } = splitName(name);
  if (isCodesName(part)) return false;
  const beside = BESIDE[part];
  // Stacks write their scales with an underscore, which nothing else does.
  if (beside === undefined || !name.endsWith(`.${part}`)) return true;
  return beside.some(([codes, dtype]) => {
    const tensor = tensors.get(`${module}.${codes}`);
    return tensor !== undefined && (dtype === undefined || tensor.dtype === dtype);
  });
}
