import { type Cause, type Checkpoint, type CheckpointLayout, errorsOf } from '../core/index.ts';
import { tell } from './terminal.ts';

/** The exit code of an answer that is no better than its checkpoint. */
const DEFECTIVE = 1;

/** Says on standard error what is the matter with what an answer was made of, and lets the command end with 1. */
export function tellErrors(causes: readonly Pick<Cause, 'tag' | 'message'>[]): void {
  if (causes.length === 0) return;
  for (const { message, tag } of causes) tell(`! ${message} [${tag}]`);
  process.exitCode = DEFECTIVE;
}

/** {@link tellErrors} for all that is known of a checkpoint. */
export function tellErrorsOf(checkpoint: Checkpoint, layout: CheckpointLayout): void {
  tellErrors(errorsOf(checkpoint, layout));
}
