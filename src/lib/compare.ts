/** `moe-loom/compare`: two checkpoints in any two layouts, matched by headers and compared by values. */
export { type CorrespondOptions, correspond } from '../core/compare/correspond.ts';
export { compareMarkdown, differenceLines, verdictOf } from '../core/compare/markdown.ts';
export { type CompareReport, compareReport } from '../core/compare/report.ts';
export { type Correspondence, isDifference } from '../core/compare/types.ts';
export { compareValues, type ValueOptions, type ValueReport } from '../core/compare/values.ts';
