import type { ConversionReport, Pause, Progress } from '../src/core/index.ts';
import type { SourceDescriptor } from './protocol.ts';

/** Where a conversion writes to, as a value that can be sent to a worker. */
export type SinkDescriptor =
  | { readonly kind: 'opfs'; readonly job: string }
  | { readonly kind: 'directory'; readonly handle: FileSystemDirectoryHandle };

export interface ConvertRequest {
  readonly source: SourceDescriptor;
  readonly sink: SinkDescriptor;
}

export type ConvertEvent =
  | { readonly type: 'progress'; readonly progress: Progress }
  /** The browser copies a finished file to its place; null when it has. */
  | { readonly type: 'finalising'; readonly file: string | null }
  /** All requests to the Hub wait, or go on. */
  | { readonly type: 'pause'; readonly pause: Pause | null };

/** The worker that converts: one job at a time. Ports and signals are arguments of their own. */
export interface ConvertApi {
  /**
   * Waits for a plan from `planPort` (the inspect worker's `sendPlan`), runs it and gives the report. Events come at most
   * about ten times a second, and whenever the phase or the file changes.
   */
  run(
    request: ConvertRequest,
    planPort: MessagePort,
    onEvent: (event: ConvertEvent) => void,
    signal: AbortSignal,
  ): Promise<ConversionReport>;
  /** Stands still before the next tile. */
  pause(): void;
  resume(): void;
}
