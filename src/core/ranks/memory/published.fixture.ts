import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { estimateMemory } from '../../programs/fitting.ts';
import { FIXTURES } from '../../testing.fixture.ts';
import { readModelConfig } from './configs.fixture.ts';
import type { MemoryReport } from './report.ts';
import type { MemorySetup } from './setup.ts';
import { shapeFromConfig } from './shape-config.ts';

/** A run of `fixtures/memory-runs.json`. */
interface RunJson {
  readonly model: string;
  readonly context: number;
  readonly gpus: number;
  readonly dp: number;
  readonly cp: number;
  readonly ep: number;
  readonly offload: boolean;
  readonly peak_gb: number | null;
  readonly outcome: string;
}

export interface PublishedRun {
  readonly model: string;
  readonly setup: MemorySetup;
  /** GB as reported; null where it ran out. */
  readonly peak: number | null;
  readonly report: MemoryReport;
}

export function estimate(model: string, setup: MemorySetup): MemoryReport {
  const report = estimateMemory(shapeFromConfig(readModelConfig(model)), setup);
  if ('error' in report) throw new Error(report.error);
  return report;
}

/** The runs of the fused checkpoint's author, each with what the model makes of it. Nothing is set but what was published. */
export function publishedRuns(): PublishedRun[] {
  const { runs } = JSON.parse(readFileSync(join(FIXTURES, 'memory-runs.json'), 'utf8')) as { runs: RunJson[] };
  return runs.map(({ model, context, gpus, dp, cp, ep, offload, peak_gb }) => {
    const setup: MemorySetup = {
      gpus,
      dp,
      cp,
      ep,
      context,
      offload: offload ? 'optimizer' : 'none',
      chunkedLoss: false,
    };
    return { model, setup, peak: peak_gb, report: estimate(model, setup) };
  });
}

/** Runs that others published, with what is known of them. Both: H100, 2,048 tokens, micro batch 1, chunked loss (huggingface/trl#6869). */
export const OTHER_RUNS: readonly { readonly model: string; readonly setup: MemorySetup; readonly peak: number }[] = [
  {
    model: 'Qwen3-30B-A3B',
    setup: { framework: 'transformers-5', gpus: 8, ep: 8, context: 2048, chunkedLoss: true },
    peak: 34,
  },
  {
    model: 'GLM-4.5-Air',
    setup: { framework: 'transformers-5', gpus: 64, ep: 32, dp: 2, context: 2048, chunkedLoss: true },
    peak: 41,
  },
];

const SWIFT = { framework: 'megatron-core', context: 8192, chunkedLoss: false } as const;
const GIB = 2 ** 30 / 1e9;

/**
 * Megatron-SWIFT's examples (modelscope/ms-swift at 3602360, examples/megatron/moe: qwen3_moe.sh, qwen3_moe_offload.sh,
 * moe.sh): full parameters, packed sequences of 8,192 tokens, micro batch 1, full recompute, fused cross entropy,
 * expandable segments. What they print is GiB of `max_memory_reserved`. moe.sh gives its stages 13 and 11 layers, counted
 * here as 12 and 12.
 */
export const MEGATRON_RUNS: typeof OTHER_RUNS = [
  { model: 'Qwen3-30B-A3B', setup: { ...SWIFT, gpus: 16, pp: 2, ep: 8 }, peak: 60 * GIB },
  { model: 'Qwen3-30B-A3B', setup: { ...SWIFT, gpus: 4, ep: 4, offload: 'optimizer' }, peak: 75 * GIB },
  { model: 'Qwen1.5-MoE-A2.7B', setup: { ...SWIFT, gpus: 8, pp: 2, ep: 4 }, peak: 57 * GIB },
];

/** True where a measured peak lies in the band, or what ran out is not called fitting. */
export function holds({ peak, report }: Pick<PublishedRun, 'peak' | 'report'>): boolean {
  return peak === null ? report.verdict !== 'fits' : report.low <= peak && peak <= report.high;
}
