import type { EngineChoice } from '../kernels/engine.ts';
import type { ShardDigests } from '../verify/read-back.ts';
import type { FinishedShard } from './journal.ts';
import type { EngineUse, ShardHooks } from './runners.ts';

/** What a runner in another thread tells of the shard in its hands. */
export type ShardEvent =
  | { readonly type: 'phase'; readonly phase: 'write' | 'verify' }
  | { readonly type: 'bytes'; readonly written: number; readonly verified: number };

/** What a runner in another thread gives back: the finished shard, null where it was only proven. */
export interface ShardAnswer {
  readonly made: FinishedShard | null;
  readonly engine: EngineUse;
}

/** Null: to be written; else to be proven only. */
export type WantedDigests = ShardDigests | null;

/** What all runners of a job share: memory for each, and where kernels compute. */
export interface RunnerLimits {
  readonly budgetBytes: number;
  readonly engine: EngineChoice;
}

/** Counted bytes are told in lumps of at least this size: a message a write would cost more than the write. */
const TELL_BYTES = 8e6;

/** Hooks whose events go to another thread; `flush` tells what is counted and not yet told. */
export function tellingHooks(
  signal: AbortSignal,
  tell: (event: ShardEvent) => void,
): { readonly hooks: ShardHooks; readonly flush: () => void } {
  let written = 0;
  let verified = 0;
  const flush = () => {
    if (written + verified > 0) tell({ type: 'bytes', written, verified });
    written = 0;
    verified = 0;
  };
  const flushFull = () => {
    if (written + verified >= TELL_BYTES) flush();
  };
  const hooks: ShardHooks = {
    signal,
    onPhase: (phase) => {
      flush();
      tell({ type: 'phase', phase });
    },
    onWritten: (bytes) => {
      written += bytes;
      flushFull();
    },
    onVerified: (bytes) => {
      verified += bytes;
      flushFull();
    },
  };
  return { hooks, flush };
}

/** Passes an event of another thread on to this one's hooks. */
export function hearEvent(event: ShardEvent, { onPhase, onWritten, onVerified }: ShardHooks): void {
  if (event.type === 'phase') onPhase(event.phase);
  else {
    if (event.written > 0) onWritten(event.written);
    if (event.verified > 0) onVerified(event.verified);
  }
}
