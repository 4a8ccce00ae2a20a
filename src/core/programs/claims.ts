import type { Evidence, EvidenceKind } from '../loads/types.ts';

/** The day on which most claims were read. */
export const FACTS = '2026-11-22';
/** The month of an earlier reading. */
export const AUGUST = '2026-08';

/** Evidence of a claim. */
export function from(kind: EvidenceKind, source: string, date: string): Evidence {
  return { kind, source, date };
}

/** Model types whose files on the Hub hold one matrix per expert. */
export const APART = ['apart'] as const;
/** Qwen's model types with experts. */
export const QWEN = ['qwen2_moe', 'qwen3_moe', 'qwen3_next', 'qwen3_5_moe', 'qwen3_5_moe_text'] as const;
/** Those of Qwen3.5, which the Hub has with gate and up in one tensor. */
export const QWEN35 = ['qwen3_5_moe', 'qwen3_5_moe_text'] as const;
/** Qwen3-MoE alone. */
export const QWEN3 = ['qwen3_moe'] as const;
/** Every model type or layout that no claim before it fits. */
export const OTHERS = ['*'] as const;
