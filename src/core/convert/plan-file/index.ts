export { formatPlanFile } from './format.ts';
export { identifySource } from './source.ts';
export type { PlanFile, PlannedCard, PlannedFile, PlannedSource } from './types.ts';
