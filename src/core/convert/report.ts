import type { ConfigChange, ConversionPlan, GroupStep, SkippedFile, Unpacked } from '../plan/types.ts';
import { VERSION } from '../version.ts';
import type { PhaseSeconds } from './phase-clock.ts';
import type { EngineUse } from './runners.ts';
import type { SourceHashes } from './source-hashes.ts';

/** What a finished conversion did and what was proven: the content of `moe-loom-report.json`. */
export interface ConversionReport {
  readonly tool: string;
  readonly source: string;
  readonly target: string;
  readonly scope: ConversionPlan['scope'];
  readonly layers: readonly number[] | null;
  readonly tensors: number;
  readonly bytes: number;
  readonly shards: readonly string[];
  readonly groups: readonly GroupStep[];
  readonly configChanges: readonly ConfigChange[];
  readonly copied: readonly string[];
  readonly skipped: readonly SkippedFile[];
  /** What was unpacked, which is not lossless; null where every byte of every weight was kept. */
  readonly unpacked: Unpacked | null;
  /** Every tensor byte was read back from the output and hashed against what was read from the source. */
  readonly verified: {
    readonly equal: true;
    readonly tensors: number;
    readonly bytes: number;
    readonly method: string;
  };
  /** What the files do not say and was assumed of them, as sentences; absent where nothing was. */
  readonly assumed?: readonly string[];
  /** Where kernels computed, and why; no decisions where the plan has nothing to compute. */
  readonly engine: EngineUse;
  /** Shards that an earlier, unfinished run had written; this one read them back. */
  readonly kept: number;
  /** SHA-256 of each whole shard, its id in the Hub's LFS; null where nobody asked. */
  readonly sha256: Readonly<Record<string, string>> | null;
  /** Which source files are what their source states a hash of; reports of earlier versions do not say. */
  readonly sourceHashes?: SourceHashes;
  /** How long the run took, and at what; reports of earlier versions do not say. */
  readonly seconds?: PhaseSeconds;
}

/** What a run knows beside its plan. */
export type RunFacts = Pick<ConversionReport, 'source' | 'engine' | 'kept' | 'sha256' | 'sourceHashes' | 'seconds'>;

/** What is proven of a plan whose every byte was read back and found equal. */
export function proofOf(plan: ConversionPlan): ConversionReport['verified'] {
  return {
    equal: true,
    tensors: plan.tensors,
    bytes: plan.bytes,
    method: plan.unpacked
      ? 'xxh64 of the source bytes, and of the bf16 that the CPU makes of packed weights, against a read-back'
      : 'xxh64 of the source bytes against a read-back',
  };
}

/** The report of a plan whose every byte was read back and found equal; a run that found otherwise has none. */
export function reportOf(plan: ConversionPlan, facts: RunFacts): ConversionReport {
  return {
    tool: `moe-loom ${VERSION}`,
    source: facts.source,
    target: plan.target,
    scope: plan.scope,
    layers: plan.layers,
    tensors: plan.tensors,
    bytes: plan.bytes,
    shards: plan.shards.map((shard) => shard.file),
    groups: plan.groups,
    configChanges: plan.configChanges,
    copied: plan.copies.map((copy) => copy.file),
    skipped: plan.skipped,
    unpacked: plan.unpacked,
    ...(plan.assumed ? { assumed: plan.assumed } : {}),
    verified: proofOf(plan),
    engine: facts.engine,
    kept: facts.kept,
    sha256: facts.sha256,
    ...(facts.sourceHashes ? { sourceHashes: facts.sourceHashes } : {}),
    ...(facts.seconds ? { seconds: facts.seconds } : {}),
  };
}
