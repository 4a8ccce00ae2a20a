import type { FitVerdict, Term } from '../../../../core/index.ts';

export type { MemorySetup, ProgramId } from '../../../../core/index.ts';

/** A verdict as it is said, and the sign that goes with its colour. */
export const VERDICTS: Readonly<Record<FitVerdict, { readonly said: string; readonly sign: string }>> = {
  fits: { said: 'fits', sign: '✓' },
  'at-risk': { said: 'at risk', sign: '~' },
  'out-of-memory': { said: 'out of memory', sign: '✕' },
};

/** `14.7` or `9.0–14.4`: GB of a term. */
export function formatBand({ low, high }: Pick<Term, 'low' | 'high'>): string {
  return low.toFixed(1) === high.toFixed(1) ? high.toFixed(1) : `${low.toFixed(1)}–${high.toFixed(1)}`;
}

/** What a program is told to load: the repo, or a word to replace. */
export function modelNameOf(repo: string | null): string {
  return repo ?? 'path/to/model';
}
