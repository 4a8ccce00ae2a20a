import {
  type Cause,
  type Checkpoint,
  type CheckpointLayout,
  type ConversionPlan,
  errorsOf,
  incompleteError,
  isUnread,
  LoomError,
  plural,
} from '../core/index.ts';
import { tell } from './terminal.ts';

/** The exit code of an answer that is no better than its checkpoint. */
const DEFECTIVE = 1;
/** The exit code of an answer that lacks what could not be read this time. */
const COULD_NOT = 2;

/** Says on standard error what is the matter with what an answer was made of, and lets the command end with {@link exitOf} that. */
export function tellErrors(causes: readonly Pick<Cause, 'tag' | 'message'>[]): void {
  if (causes.length === 0) return;
  for (const { message, tag } of causes) tell(`! ${message} [${tag}]`);
  process.exitCode = exitOf(causes);
}

/** 1 where one of the errors is the checkpoint's own; 2 where all that is known is that files could not be read this time. */
export function exitOf(errors: readonly Pick<Cause, 'tag'>[]): number {
  return errors.every(isUnread) ? COULD_NOT : DEFECTIVE;
}

/**
 * The gate before what can be told of a checkpoint only as a whole.
 *
 * @throws LoomError with the tag of the read that failed, after `side` where there are several; exit code 2.
 */
export function refuseUnread({ findings }: Pick<Checkpoint, 'findings'>, side?: string): void {
  const [first, ...rest] = findings.filter(isUnread);
  if (!first) return;
  const error = incompleteError(first, side && `${side}:`);
  if (rest.length === 0) throw error;
  const message = `${error.message} ${plural(rest.length, 'more file')} could not be read.`;
  throw new LoomError(error.tag, message, error.fields);
}

/** What a plan was refused for where that is a file which could not be read this time; null otherwise. */
export function unreadBehind({ refusals }: ConversionPlan, checkpoint: Pick<Checkpoint, 'findings'>): LoomError | null {
  const behind = checkpoint.findings.find(
    (finding) => isUnread(finding) && refusals.some(({ message }) => message.includes(finding.message)),
  );
  return behind === undefined ? null : incompleteError(behind);
}

/** {@link tellErrors} for all that is known of a checkpoint. */
export function tellErrorsOf(checkpoint: Checkpoint, layout: CheckpointLayout): void {
  tellErrors(errorsOf(checkpoint, layout));
}
