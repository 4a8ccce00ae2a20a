import { formatInteger, plural } from '../../units.ts';
import type { LoraReport, MemoryReport, ThroughputReport } from './report.ts';

/** Whether weights and states fit all GPUs together, in a sentence; it never says that one GPU is enough. */
export function clusterSentence({
  cluster,
  mesh,
  optimizerBytes,
  offload,
}: Pick<MemoryReport, 'cluster' | 'mesh' | 'optimizerBytes' | 'offload'>): string {
  const { states, capacity, share, fits } = cluster;
  const what = optimizerBytes === null ? 'weights' : 'weights, gradients and optimizer states';
  const gpus = `${size(capacity)} of GPU memory on ${plural(mesh.gpus, 'GPU')}`;
  const said = fits ? 'the sum fits; what one GPU needs is above' : 'the sum does not fit';
  const host = offload ? ' Hosts hold a part of it.' : '';
  return `${size(states)} of ${what}, ${gpus} (${(share * 100).toFixed(0)} %): ${said}.${host}`;
}

/** What LoRA trains, in a sentence. */
export function loraSentence({ rank, targets, parameters }: LoraReport): string {
  return `rank ${rank} on ${targets.join(', ')}: ${formatInteger(parameters)} parameters`;
}

const CONVENTIONS = [
  ['causal', 'half of all pairs of attention, as a causal mask leaves them'],
  ['full', 'all pairs of attention'],
  ['linear', 'without attention’s scores'],
] as const;

/** A speed by each convention of counting attention; the first line says what a step and a GPU are. */
export function speedLines(report: ThroughputReport): { readonly head: string; readonly rates: readonly string[] } {
  const { gpuTflops, tokensPerStep } = report;
  return {
    head: `steps of ${formatInteger(tokensPerStep)} tokens, ${gpuTflops} TFLOP/s a GPU`,
    rates: CONVENTIONS.map(([name, what]) => {
      const { mfu, tokensPerSecond, tokensPerSecondPerGpu, stepSeconds } = report[name];
      return `MFU ${mfu} %: ${number(tokensPerSecond)} tokens a second (${number(tokensPerSecondPerGpu)} a GPU), ${number(stepSeconds)} s a step; ${what}`;
    }),
  };
}

function size(gb: number): string {
  return gb >= 1000 ? `${(gb / 1000).toFixed(2)} TB` : `${gb.toFixed(1)} GB`;
}

function number(value: number): string {
  return value >= 1000 ? formatInteger(Math.round(value)) : String(value);
}
