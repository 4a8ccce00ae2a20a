/** `moe-loom/convert`: running a plan into a sink, and proving the result. Folders of Node are in `moe-loom/node`. */
export { type Budget, createBudget } from '../core/budget.ts';
export type { Progress } from '../core/convert/progress.ts';
export type { ConversionReport } from '../core/convert/report.ts';
export { type RunOptions, runPlan } from '../core/convert/run.ts';
export { createMemorySink } from '../core/sink/memory.ts';
export { createOpfsSink } from '../core/sink/opfs.ts';
export { createPickedFolderSink } from '../core/sink/picked-folder.ts';
export type { Sink, SinkFile } from '../core/sink/types.ts';
export {
  type Difference,
  type Verification,
  type VerifyOptions,
  type VerifySide,
  verifyCheckpoints,
} from '../core/verify/verify.ts';
