import type { MemoryMesh } from './setup.ts';

export type FitVerdict = 'fits' | 'at-risk' | 'out-of-memory';

/** A part of a GPU's memory. In reports GB of 10⁹ bytes, while it is worked out bytes. */
export interface Term {
  readonly name: string;
  readonly low: number;
  readonly high: number;
  /** The sum that was made, or where the number is from. */
  readonly basis: string;
  /** True where the ends are two readings of what was not said, of which one holds, and nothing between them. */
  readonly readings?: boolean;
}

/** A phase of a step in which memory can peak, with the terms that only this phase needs. */
export interface Phase {
  readonly name: string;
  readonly low: number;
  readonly high: number;
  readonly terms: readonly Term[];
}

/** A single change of the set-up, and the memory of one GPU with it. */
export interface Change {
  readonly change: string;
  readonly low: number;
  readonly high: number;
  readonly verdict: FitVerdict;
}

/** What is offloaded, per GPU. */
export interface Offloaded {
  readonly host: number;
  /** GB each way over PCIe in one step. */
  readonly down: number;
  readonly up: number;
}

/** Adapters of a LoRA run. */
export interface LoraReport {
  readonly rank: number;
  readonly targets: readonly string[];
  /** Of all adapters of the model. */
  readonly parameters: number;
}

/** The sum of weights and states, every parameter counted once, against the memory of all GPUs. GB. It says nothing about a single GPU. */
export interface ClusterReport {
  /** Weights, gradients and optimizer states; of a served model its weights. */
  readonly states: number;
  /** Memory of all GPUs. */
  readonly capacity: number;
  /** The one over the other. */
  readonly share: number;
  readonly fits: boolean;
}

/** A speed under one convention of counting attention. */
export interface Rate {
  /** Percent. */
  readonly mfu: number;
  readonly tokensPerSecond: number;
  readonly tokensPerSecondPerGpu: number;
  readonly stepSeconds: number;
}

/** How fast a run is, and what share of the GPUs' arithmetic that is, by each convention. */
export interface ThroughputReport {
  readonly gpuTflops: number;
  readonly tokensPerStep: number;
  /** Forward and backward: parameters, and attention's scores of all pairs. */
  readonly flopsPerToken: { readonly linear: number; readonly scores: number };
  /** Attention's scores left out, as a causal mask leaves them, of all pairs. */
  readonly linear: Rate;
  readonly causal: Rate;
  readonly full: Rate;
}

/**
 * What `moe-loom memory --json` prints: a contract. Numbers are GB of 10⁹ bytes.
 *
 * Terms are printed as they are. `low` and `high` lie inside the sums of their ends, and are those sums unless `assumed`
 * says that the band was narrowed, or another moment of the step (`phases`) has a higher low end: every step goes through
 * all of them.
 */
export interface MemoryReport {
  readonly unit: 'GB';
  readonly low: number;
  readonly high: number;
  /** Of the whole GPU, in GB, whatever unit it was given in. */
  readonly capacity: number;
  readonly verdict: FitVerdict;
  readonly terms: readonly Term[];
  /** One sentence for each choice that was not given. */
  readonly assumed: readonly string[];
  /** The program's id. */
  readonly framework: string;
  readonly mesh: MemoryMesh;
  /** The phase with the peak, and all phases that were compared. */
  readonly phase: string;
  readonly phases: readonly { readonly name: string; readonly low: number; readonly high: number }[];
  /** A sentence that names the largest terms. */
  readonly decides: string;
  readonly changes: readonly Change[];
  readonly offload: Offloaded | null;
  /** Bytes a parameter of what is kept between and through steps; null where a model is served. */
  readonly optimizerBytes: number | null;
  readonly tokensPerGpu: number;
  /** What LoRA trains; null where all weights are trained, or none. */
  readonly lora: LoraReport | null;
  readonly cluster: ClusterReport;
  /** Where a speed or MFU was given. */
  readonly throughput: ThroughputReport | null;
}

/** A report without {@link MemoryReport.changes}. */
export type PlainReport = Omit<MemoryReport, 'changes'>;
