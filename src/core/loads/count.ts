import { expertConfig, readKey } from '../layouts/config-keys.ts';
import type { LoadInput } from './sparse-layers.ts';
import type { Answer, Evidence } from './types.ts';

/** What a program does that looks for the number of experts under transformers 4's key alone. */
export interface CountReading {
  /** The model type that this is known of; for all others the key is only said to be needed. */
  readonly modelType: string;
  /** The number that it takes when the key is absent; null when it stops with an error. */
  readonly fallback: number | null;
  readonly evidence: Evidence;
}

/**
 * An answer corrected for programs that look for the number of experts under transformers 4's key alone.
 *
 * transformers 5 writes `num_local_experts` for some model types. A program that ignores that and takes its default has
 * routers that no longer fit.
 */
export function countAnswer(reading: CountReading, input: LoadInput, answer: Answer): Answer {
  const { modelType, fallback, evidence } = reading;
  const key = absentKey(input);
  if (key === null || answer.verdict === 'refuses') return answer;
  const need = `\`${key}\` in config.json: it does not read the key that transformers 5 writes instead.`;
  const needs = [...answer.needs, need];
  if (input.layout.modelType !== modelType) return { ...answer, needs };
  if (fallback === null) return { ...answer, verdict: 'refuses', evidence, needs };
  const groups = input.layout.groups.filter((group) => group.kind === 'moe');
  const wrong = groups.filter((group) => group.experts !== null && group.experts !== fallback);
  if (wrong.length === 0) return { ...answer, needs };
  const routers = wrong.flatMap((group) => group.router.filter((name) => name.endsWith('.weight')));
  return { ...answer, verdict: 'refuses', evidence, mismatched: [...answer.mismatched, ...routers], needs };
}

/** The key of transformers 4 when the config has only that of transformers 5. */
function absentKey({ checkpoint, row }: LoadInput): string | null {
  const { config } = checkpoint;
  if (!config || !row || row.countKeys.v4 === row.countKeys.v5) return null;
  const part = expertConfig(config);
  const has = (key: string) => readKey(part, key) !== undefined;
  return !has(row.countKeys.v4) && has(row.countKeys.v5) ? row.countKeys.v4 : null;
}
