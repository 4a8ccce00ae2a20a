import { type ParityJson, tsvText } from '../../../../core/index.ts';

type RunId = ParityJson['runs'][number]['id'];

/** What each way to compute is called, and what it is. */
export const RUN_LABELS: Readonly<Record<RunId, readonly [name: string, meaning: string]>> = {
  perExpert: ['Per-expert', 'Each expert’s own matrices, on the tokens that chose it'],
  stacked: ['Stacked', 'One tensor a projection, all experts in one batched product'],
  gateUp: ['Gate-up', 'Gate and up in one tensor, as transformers 5 holds them'],
  expertParallel: ['Expert-parallel', 'Ranks with their own experts alone, scores masked, outputs summed'],
  other: ['Second checkpoint', 'As the second checkpoint stores it, with its own router'],
};

/** `4.0e-7`, or that there is no difference at all. */
export function formatRelative(value: number | null): string {
  if (value === null) return 'not a number';
  return value === 0 ? '0' : value.toExponential(1);
}

/** The pairs as tab-separated text. */
export function pairsAsTsv({ pairs, layer, tokens, seed, tolerance }: ParityJson): string {
  const lines = pairs.map(({ a, b, maxRelative }) => [layer, a, b, maxRelative, tokens, seed ?? 'given', tolerance]);
  return tsvText([['layer', 'a', 'b', 'max|a-b|/max|a|', 'tokens', 'seed', 'tolerance'], ...lines]);
}
