import type { ParityJson, ParityProgress } from '../../src/core/index.ts';
import type { SourceDescriptor } from '../inspect/protocol.ts';

/** What a block is computed on: random numbers, or tensors of a safetensors file (a name left out where it holds one). */
export type ParityInput =
  | { readonly kind: 'random'; readonly tokens: number; readonly seed: number }
  | { readonly kind: 'file'; readonly file: File; readonly tensor: string | null; readonly expect: string | null };

export interface ParityRequest {
  readonly layer: number;
  /** Null for a number that suits. */
  readonly ep: number | null;
  readonly input: ParityInput;
}

/** The worker that computes one layer in several ways. Ports and signals are arguments of their own. */
export interface ParityApi {
  /**
   * Takes the checkpoint from the inspecting worker's `sendCheckpoint`, opens its files (and the second checkpoint, where
   * there is one), computes and compares. Progress comes about ten times a second.
   */
  run(
    source: SourceDescriptor,
    other: SourceDescriptor | null,
    checkpointPort: MessagePort,
    request: ParityRequest,
    onProgress: (progress: ParityProgress) => void,
    signal: AbortSignal,
  ): Promise<ParityJson>;
}
