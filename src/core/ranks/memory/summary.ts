import { formatInteger, plural } from '../../units.ts';
import type { LoraReport, MemoryReport, ThroughputReport } from './report.ts';

/** Compares the sum of weights and states with the memory of all GPUs. It says nothing about a single GPU. */
export function clusterSentence({
  cluster,
  mesh,
  optimizerBytes,
  offload,
}: Pick<MemoryReport, 'cluster' | 'mesh' | 'optimizerBytes' | 'offload'>): string {
  const { states, capacity, share, fits } = cluster;
  const what = optimizerBytes === null ? 'weights' : 'weights, gradients and optimizer states';
  const gpus = `${size(capacity)} on ${plural(mesh.gpus, 'GPU')}`;
  const said = fits ? 'The sum fits' : 'The sum does not fit';
  const host = offload ? ' The hosts hold a part of it.' : '';
  return `${size(states)} of ${what} in ${gpus}, ${(share * 100).toFixed(0)} % of the memory. ${said}.${host}`;
}

/** What LoRA trains, as a part of a sentence. */
export function loraSentence({ rank, targets, parameters }: LoraReport): string {
  return `rank ${rank} on ${targets.join(', ')}: ${formatInteger(parameters)} parameters`;
}

const CONVENTIONS = [
  ['causal', 'counted with half of all attention pairs, as under a causal mask'],
  ['full', 'counted with all attention pairs'],
  ['linear', 'counted without attention scores'],
] as const;

/** A speed under each convention of counting attention. The first line gives the tokens of a step and the speed of a GPU. */
export function speedLines(report: ThroughputReport): { readonly head: string; readonly rates: readonly string[] } {
  const { gpuTflops, tokensPerStep } = report;
  return {
    head: `steps of ${formatInteger(tokensPerStep)} tokens, ${gpuTflops} TFLOP/s per GPU`,
    rates: CONVENTIONS.map(([name, what]) => {
      const { mfu, tokensPerSecond, tokensPerSecondPerGpu, stepSeconds } = report[name];
      return `MFU ${mfu} %: ${number(tokensPerSecond)} tokens per second (${number(tokensPerSecondPerGpu)} per GPU), ${number(stepSeconds)} s per step, ${what}`;
    }),
  };
}

function size(gb: number): string {
  return gb >= 1000 ? `${(gb / 1000).toFixed(2)} TB` : `${gb.toFixed(1)} GB`;
}

function number(value: number): string {
  return value >= 1000 ? formatInteger(Math.round(value)) : String(value);
}
