import { architectureOf } from '../../layouts/architecture-rules.ts';
import type { LoadRules } from '../../layouts/families/loading.ts';

/** Model types of transformers 5.17.0 that can be without routed experts here; read 2026-11-22. */
export const DENSE_TYPES: ReadonlySet<string> = new Set(['doge', 'youtu']);

/** The rules of a model type; undefined when they are not known here. */
export function loadRulesOf(modelType: string | null): LoadRules | undefined {
  return architectureOf(modelType)?.loads ?? undefined;
}
