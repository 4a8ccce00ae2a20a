import { expertConfig, readKey } from '../config-keys.ts';
import type { CountReading } from './consumers.ts';
import type { LoadInput } from './sparse-layers.ts';
import type { Answer, Evidence } from './types.ts';

/** What transformers 4.57 takes for `num_experts` when the key is absent; known of qwen3_moe alone. */
const DEFAULT_COUNT = 128;
const DATE = '2026-11-22';
const DEFAULTED: Evidence = { kind: 'source', source: 'transformers 4.57.6: Qwen3MoeConfig, num_experts', date: DATE };
const REQUIRED: Evidence = { kind: 'source', source: 'mlx-lm 0161813f, qwen3_moe.py: ModelArgs', date: DATE };

/**
 * An answer corrected for programs that look for the number of experts under transformers 4's key alone.
 *
 * transformers 5 writes `num_local_experts` for some model types; transformers 4.57.6 ignores that and takes its default,
 * so the routers no longer fit. mlx-lm's arguments require the key. Source: both projects' code, read 2026-11-22.
 */
export function countAnswer(reading: CountReading, input: LoadInput, answer: Answer): Answer {
  const key = absentKey(input);
  if (reading === 'either' || key === null || answer.verdict === 'refuses') return answer;
  const need = `\`${key}\` in config.json: it does not read the key that transformers 5 writes instead.`;
  const needs = [...answer.needs, need];
  if (input.layout.modelType !== 'qwen3_moe') return { ...answer, needs };
  if (reading === 'v4-required') return { ...answer, verdict: 'refuses', evidence: REQUIRED, needs };
  const groups = input.layout.groups.filter((group) => group.kind === 'moe');
  const wrong = groups.filter((group) => group.experts !== null && group.experts !== DEFAULT_COUNT);
  if (wrong.length === 0) return { ...answer, needs };
  const routers = wrong.flatMap((group) => group.router.filter((name) => name.endsWith('.weight')));
  return { ...answer, verdict: 'refuses', evidence: DEFAULTED, mismatched: [...answer.mismatched, ...routers], needs };
}

/** The key of transformers 4 when the config has only that of transformers 5. */
function absentKey({ checkpoint, row }: LoadInput): string | null {
  const { config } = checkpoint;
  if (!config || !row || row.countKeys.v4 === row.countKeys.v5) return null;
  const part = expertConfig(config);
  const has = (key: string) => readKey(part, key) !== undefined;
  return !has(row.countKeys.v4) && has(row.countKeys.v5) ? row.countKeys.v4 : null;
}
