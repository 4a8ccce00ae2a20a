import type { ParityReport, RunId } from './types.ts';

/** What `moe-loom parity --json` prints: a contract. Numbers that are infinite or no numbers are null. */
export interface ParityJson {
  readonly layer: number;
  readonly prefix: string;
  readonly modelType: string | null;
  readonly block: string;
  readonly experts: number;
  readonly topK: number;
  readonly tokens: number;
  readonly seed: number | null;
  readonly ep: number;
  /** max|run − expected| ÷ max|expected| by form; null where nothing was expected. */
  readonly expected: Readonly<Partial<Record<RunId, number | null>>> | null;
  readonly runs: readonly {
    readonly id: RunId;
    readonly stored: boolean;
    readonly operations: readonly string[];
    readonly source: string;
  }[];
  readonly missing: ParityReport['missing'];
  /** `maxRelative`: max|a − b| ÷ max|a|. */
  readonly pairs: readonly { readonly a: RunId; readonly b: RunId; readonly maxRelative: number | null }[];
  /** Each token's experts and their weights, as the first checkpoint's router chose them. */
  readonly router: {
    readonly indices: readonly (readonly number[])[];
    readonly weights: readonly (readonly number[])[];
  };
  readonly tokensPerExpert: readonly number[];
  readonly tokensPerRank: readonly number[];
  readonly operator: ParityReport['operator'];
  readonly tolerance: number;
  readonly verdict: ParityReport['verdict'];
  readonly faults: ParityReport['faults'];
  readonly notes: readonly string[];
  readonly runtime: ParityReport['runtime'];
  readonly bytesRead: number;
}

export function parityJson(report: ParityReport): ParityJson {
  const { routing, topK, tokens } = report;
  const rows = (values: ArrayLike<number>) =>
    Array.from({ length: tokens }, (_, token) => Array.from(values).slice(token * topK, (token + 1) * topK));
  const expected = report.runs.filter((run) => run.expected !== null);
  const { layer, prefix, modelType, block, experts, seed, ep, missing, tokensPerExpert, tokensPerRank } = report;
  const { operator, tolerance, verdict, faults, notes, runtime, bytesRead } = report;
  return {
    layer,
    prefix,
    modelType,
    block,
    experts,
    topK,
    tokens,
    seed,
    ep,
    expected:
      expected.length === 0 ? null : Object.fromEntries(expected.map((run) => [run.id, finite(run.expected ?? 0)])),
    runs: report.runs.map(({ id, stored, operations, source }) => ({ id, stored, operations, source })),
    missing,
    pairs: report.pairs.map(({ a, b, maxRelative }) => ({ a, b, maxRelative: finite(maxRelative) })),
    router: { indices: rows(routing.indices), weights: rows(routing.weights) },
    tokensPerExpert,
    tokensPerRank,
    operator,
    tolerance,
    verdict,
    faults,
    notes,
    runtime,
    bytesRead,
  };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
