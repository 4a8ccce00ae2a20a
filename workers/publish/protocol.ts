import type { Pause, PublishProgress, PublishReport } from '../../src/core/index.ts';
import type { SourceDescriptor } from '../inspect/protocol.ts';

/** A result, and where it is published. */
export interface PublishRequest {
  readonly source: SourceDescriptor;
  /** `org/name`. */
  readonly repo: string;
  readonly branch: string;
  readonly private: boolean;
  /** Null for huggingface.co. */
  readonly endpoint: string | null;
  /** Sent to that Hub alone; never stored. */
  readonly token: string;
  /** README.md for a result that has none; null for no card. */
  readonly card: string | null;
}

export type PublishEvent =
  | { readonly type: 'progress'; readonly progress: PublishProgress }
  /** All requests to the Hub wait, or resume. */
  | { readonly type: 'pause'; readonly pause: Pause | null };

/** What the worker that converts does besides: it publishes one result at a time. Signals are arguments of their own. */
export interface PublishApi {
  /**
   * Publishes a result as one commit. Asked again after a stop or an error, it sends what is missing: the worker remembers
   * hashes and parts until it ends. Events of one file come at most about ten times a second.
   */
  publish(request: PublishRequest, onEvent: (event: PublishEvent) => void, signal: AbortSignal): Promise<PublishReport>;
}
