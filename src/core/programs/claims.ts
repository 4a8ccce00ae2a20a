import type { Evidence, EvidenceKind } from '../loads/types.ts';

/** Dates on which most claims were read. */
export const FACTS = '2026-11-22';
export const AUGUST = '2026-08';

/** Evidence of a claim. */
export function from(kind: EvidenceKind, source: string, date: string): Evidence {
  return { kind, source, date };
}

/** Model types, and groups of them, that several programs have claims for. */
export const APART = ['apart'] as const;
export const QWEN = ['qwen2_moe', 'qwen3_moe', 'qwen3_next', 'qwen3_5_moe', 'qwen3_5_moe_text'] as const;
export const QWEN35 = ['qwen3_5_moe', 'qwen3_5_moe_text'] as const;
export const QWEN3 = ['qwen3_moe'] as const;
export const OTHERS = ['*'] as const;
