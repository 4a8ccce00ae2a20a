/** `moe-loom/loads`: which programs load a checkpoint, which start with wrong weights, and which fail. */
export { loadsJson, loadsMarkdown } from '../core/loads/report.ts';
export type { Verdict } from '../core/loads/types.ts';
export { VERDICT_WORDS, verdictCounts, verdictSentence } from '../core/loads/verdict-text.ts';
export { type ConsumerVerdict, predictLoads, predictPlan } from '../core/programs/loading.ts';
