import { type ParityJson, tsvText } from '../../../../core/index.ts';

type RunId = ParityJson['runs'][number]['id'];

/** Name and meaning of each way to compute the layer. */
export const RUN_LABELS: Readonly<Record<RunId, readonly [name: string, meaning: string]>> = {
  perExpert: ['Per-expert', 'Separate matrices for each expert, applied to the tokens routed to it'],
  stacked: ['Stacked', 'One tensor for each projection, all experts in one batched matrix product'],
  gateUp: ['Gate-up', 'Gate and up in one tensor, as in transformers 5'],
  expertParallel: [
    'Expert-parallel',
    'Each rank computes only its experts, with masked scores; the outputs are summed',
  ],
  other: ['Second checkpoint', 'Weights and router of the second checkpoint'],
};

/** `4.0e-7`; `0` means no difference. */
export function formatRelative(value: number | null): string {
  if (value === null) return 'not a number';
  return value === 0 ? '0' : value.toExponential(1);
}

/** The pairs as tab-separated text. */
export function pairsAsTsv({ pairs, layer, tokens, seed, tolerance }: ParityJson): string {
  const lines = pairs.map(({ a, b, maxRelative }) => [layer, a, b, maxRelative, tokens, seed ?? 'given', tolerance]);
  return tsvText([['layer', 'a', 'b', 'max|a-b|/max|a|', 'tokens', 'seed', 'tolerance'], ...lines]);
}
