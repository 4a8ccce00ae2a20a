import type {
  EngineChoice,
  EngineDecision,
  MatrixStatistics,
  ReadingEvidence,
  StatisticsProgress,
  StatisticsScope,
  Unreadable,
  ValueFinding,
} from '../../src/core/index.ts';
import type { SourceDescriptor } from '../inspect/protocol.ts';

export type ValuesEvent =
  | { readonly type: 'progress'; readonly progress: StatisticsProgress }
  /** Matrices that are done, in no order; each comes once. */
  | { readonly type: 'matrices'; readonly matrices: readonly MatrixStatistics[] }
  /** Layers of which every matrix is done. */
  | { readonly type: 'layers'; readonly prefixes: readonly string[] }
  /** What everything measured so far shows, instead of what was told before. */
  | { readonly type: 'findings'; readonly findings: readonly ValueFinding[] };

/** How a measuring ended. */
export interface ValuesOutcome {
  /** Bytes that were read. */
  readonly bytes: number;
  readonly seconds: number;
  /** Experts that were measured, and all experts of their layers. */
  readonly experts: number;
  readonly ofExperts: number;
  readonly unreadable: readonly Unreadable[];
  readonly decisions: readonly EngineDecision[];
  readonly adapter: string | null;
}

/** The worker that reads weights and measures them; it keeps what it has measured. Ports and signals are arguments of their own. */
export interface ValuesApi {
  /** Takes the checkpoint from the inspecting worker's `sendCheckpoint` and opens its files. */
  open(source: SourceDescriptor, checkpointPort: MessagePort, signal: AbortSignal): Promise<void>;
  /**
   * Measures the experts of a scope. Events come about ten times a second; what was measured before a cancel or a failure
   * has been told, its findings too.
   */
  measure(
    scope: StatisticsScope,
    engine: EngineChoice,
    onEvent: (event: ValuesEvent) => void,
    signal: AbortSignal,
  ): Promise<ValuesOutcome>;
  /** What values say of the ways in which layers can be read. */
  evidence(signal: AbortSignal): Promise<readonly ReadingEvidence[]>;
}
