import type { QuantFormat } from '../types.ts';
import { FP4_FORMATS } from './fp4.ts';
import { FP8_FORMATS } from './fp8.ts';
import { GPTQ_FORMATS } from './gptq.ts';
import { INT_FORMATS } from './int.ts';
import { OTHER_FORMATS } from './others.ts';

/** Every format of quantised matrices, in the order in which a module's headers are compared with them. */
export const QUANT_FORMATS: readonly QuantFormat[] = [
  ...OTHER_FORMATS,
  ...FP8_FORMATS,
  ...FP4_FORMATS,
  ...GPTQ_FORMATS,
  ...INT_FORMATS,
];
