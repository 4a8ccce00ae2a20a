import type { PredictionTag } from '../layouts/prediction.ts';
import { PROGRAMS } from './all.ts';
import { type Minded, programsWith } from './program.ts';

/** A program that minds a defect, and what comes of it there. */
export interface Minding extends Minded {
  readonly title: string;
}

/** Who minds a defect of multi-token prediction, in the order of every list of programs. */
export function whoMinds(tag: PredictionTag): readonly Minding[] {
  return programsWith(PROGRAMS, 'prediction').flatMap(({ title, prediction }) => {
    const minded = prediction[tag];
    return minded ? [{ title, ...minded }] : [];
  });
}
