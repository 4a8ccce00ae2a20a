import type { CompareCells, Proof } from '../../../../workers/compare/protocol.ts';

export type { CompareCells };

/** Proofs as the comparing worker numbers them (its `PROOFS`). */
export const PROOF_ORDER: readonly Proof[] = ['none', 'skipped', 'equal', 'cast', 'different'];
