import { FIT_WORDS, type FitVerdict, type Term } from '../../../../core/index.ts';

export type { MemorySetup, ProgramId } from '../../../../core/index.ts';

/** A verdict in words, and the sign beside its colour. */
export const VERDICT_LABELS: Readonly<Record<FitVerdict, { readonly said: string; readonly sign: string }>> = {
  fits: { said: FIT_WORDS.fits, sign: '✓' },
  'at-risk': { said: FIT_WORDS['at-risk'], sign: '~' },
  'out-of-memory': { said: FIT_WORDS['out-of-memory'], sign: '✕' },
};

/** GB of a term, without the unit: `14.7` or `9.0–14.4`. */
export function formatBand({ low, high }: Pick<Term, 'low' | 'high'>): string {
  return low.toFixed(1) === high.toFixed(1) ? high.toFixed(1) : `${low.toFixed(1)}–${high.toFixed(1)}`;
}

/** The model that a configuration names: the repo, or a path to be replaced. */
export function modelNameOf(repo: string | null): string {
  return repo ?? 'path/to/model';
}
