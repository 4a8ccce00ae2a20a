/** `moe-loom/plan`: a conversion as a value, before any byte is written. */
export { type PlanOptions, planConversion } from '../core/plan/conversion.ts';
export { describeConfigChange, describePlan } from '../core/plan/explain.ts';
export { isTarget, TARGETS } from '../core/plan/targets.ts';
export type { ConversionPlan, OutputShard, OutputTensor, Refusal, Target } from '../core/plan/types.ts';
export { type PlanReadingOptions, planWithValues } from '../core/plan/with-values.ts';
