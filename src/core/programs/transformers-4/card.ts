import { estimateMemory } from '../../ranks/memory/estimate.ts';
import type { MemoryReport } from '../../ranks/memory/report.ts';
import type { MemorySetup } from '../../ranks/memory/setup.ts';
import { denseParameters, type ModelShape, totalParameters } from '../../ranks/memory/shape.ts';
import { gigabytes } from '../../ranks/memory/terms.ts';
import { throughputOf, withoutOvercount } from '../../ranks/memory/throughput.ts';
import { FIT_WORDS } from '../../ranks/memory/verdict.ts';
import { fsdp2 } from '../accelerate/program.ts';
import { megatronCore } from '../megatron/program.ts';

/** What the card of aminediroHF/Qwen3-235B-A22B-fused reports, as printed: context, CP, MFU in percent, tokens a second and GPU. */
export const CARD_BENCHMARK = [
  { context: 16_384, cp: 4, mfu: 0.51, tokensPerGpu: 70 },
  { context: 32_768, cp: 8, mfu: 0.73, tokensPerGpu: 133 },
] as const;
const CARD_GPUS = 64;

/** One statement of the card, with what this memory model says about it. */
export interface CardRow {
  /** A few words for a button. */
  readonly name: string;
  readonly claim: string;
  readonly answer: string;
  /** The set-up that the numbers are of; null where they need no set-up. */
  readonly setup: MemorySetup | null;
  readonly report: MemoryReport | null;
}

/** True for the model that the card is of: then its rows can be set against the numbers. */
export function isCardModel(shape: ModelShape): boolean {
  return shape.modelType === 'qwen3_moe' && totalParameters(shape) === 235_093_634_560;
}

/** The card's benchmark explained: what states take, why it ran out, why offload fits, what Megatron's set-up comes to. */
export function cardRows(shape: ModelShape): CardRow[] {
  return [stateRow(shape), ...outRows(shape), offloadRow(shape), megatronRow(shape), ...throughputRows(shape)];
}

function stateRow(shape: ModelShape): CardRow {
  const all = totalParameters(shape);
  const per = (bytes: number, gpus: number) => gigabytes((all * bytes) / gpus);
  const replicated = shape.parameters.routed / CARD_GPUS + denseParameters(shape);
  return {
    name: 'Model states',
    claim: 'Model and optimizer states (about 2.3 TB) exceed total GPU memory (5.1 TB).',
    answer: `${((all * 10) / 1e12).toFixed(2)} TB is 10 bytes per parameter: bf16 weights, fp32 moments, no gradients. On ${CARD_GPUS} GPUs that is ${per(10, CARD_GPUS)} per GPU, less than half of its memory. accelerate keeps weights and gradients in fp32: 16 bytes per parameter, ${((all * 16) / 1e12).toFixed(2)} TB, ${per(16, CARD_GPUS)} per GPU. transformers 5 replicates all weights other than experts on each rank: with 10 bytes per parameter that would be ${gigabytes(replicated * 10)} per GPU, more than one GPU has.`,
    setup: null,
    report: null,
  };
}

function outRows(shape: ModelShape): CardRow[] {
  return [1, 2, 4, 8].map((cp) => {
    const setup: MemorySetup = { gpus: CARD_GPUS, dp: CARD_GPUS / cp, cp, ep: CARD_GPUS, context: 16_384 };
    const report = must(estimateMemory(fsdp2, shape, setup));
    return {
      name: `16k, CP ${cp}`,
      claim: `16k, CP ${cp}, EP 64, no offload: out of memory.`,
      answer: `${band(report)} of ${report.capacity.toFixed(1)} GB: ${FIT_WORDS[report.verdict]}. The peak is during ${report.phase}. ${outReason(report)}`,
      setup,
      report,
    };
  });
}

function outReason({ verdict, terms }: MemoryReport): string {
  const states = terms.filter((term) => ['weights', 'gradients', 'optimizer states'].includes(term.name));
  const sum = states.reduce((total, term) => total + term.high, 0).toFixed(1);
  return verdict === 'out-of-memory'
    ? `Weights, gradients and optimizer states take ${sum} GB. The loss, which is computed over all tokens at once, takes the rest.`
    : `Weights, gradients and optimizer states take ${sum} GB. With the temporaries of the step and the allocator’s reserve, the run can reach the limit: it may fail.`;
}

function offloadRow(shape: ModelShape): CardRow {
  const setup: MemorySetup = { gpus: CARD_GPUS, dp: 8, cp: 8, ep: CARD_GPUS, context: 32_768, offload: 'optimizer' };
  const report = must(estimateMemory(fsdp2, shape, setup));
  const { host = 0, down = 0, up = 0 } = report.offload ?? {};
  return {
    name: '32k, CP 8, offload',
    claim: '32k, CP 8, EP 64, with CPU offload: fits.',
    answer: `Adam’s moments move to the host, and ${band(report)} stay on the GPU (43 to 45 GB were measured). The host holds ${host.toFixed(1)} GB for each GPU, ${(host * 8).toFixed(0)} GB for a node of eight. Each step moves ${down.toFixed(1)} GB to the host and ${up.toFixed(1)} GB back over PCIe.`,
    setup,
    report,
  };
}

function megatronRow(shape: ModelShape): CardRow {
  const setup: MemorySetup = {
    framework: megatronCore.id,
    gpus: 128,
    tp: 4,
    pp: 16,
    ep: 8,
    cp: 2,
    etp: 1,
    context: 32_768,
  };
  const report = must(estimateMemory(megatronCore, shape, setup));
  const states = report.terms.slice(0, 3).reduce((sum, term) => sum + term.high, 0);
  return {
    name: 'Megatron, 128 GPUs',
    claim: 'Megatron with TP=4, PP=16, EP=8, CP=2 on 128 GPUs needs no offload.',
    answer: `Megatron’s own formula gives ${states.toFixed(2)} GB per GPU for weights and optimizer, and ${band(report)} in total at 32k: ${FIT_WORDS[report.verdict]}. It uses twice as many GPUs, and its pipeline stages divide the layers that FSDP would gather.`,
    setup,
    report,
  };
}

function throughputRows(shape: ModelShape): CardRow[] {
  return CARD_BENCHMARK.map(({ context, cp, mfu, tokensPerGpu }) => {
    const real = withoutOvercount(tokensPerGpu, cp);
    const measured = { tokensPerStep: real, stepSeconds: 1, gpus: 1, context };
    const { full, causal } = throughputOf(shape, measured);
    const printed = throughputOf(shape, { ...measured, tokensPerStep: tokensPerGpu });
    const percent = (share: number) => `${(share * 100).toFixed(2)} %`;
    return {
      name: `${context / 1024}k speed`,
      claim: `${context / 1024}k, CP ${cp}: MFU ${mfu} %, ${tokensPerGpu} tokens a second and GPU.`,
      answer: `The two numbers agree only if each of the ${cp} context-parallel ranks counted the whole sequence. ${tokensPerGpu} ÷ ${cp} = ${real.toFixed(1)} tokens per second and GPU are ${percent(full)} MFU when all pairs of attention are counted (${percent(causal)} when half are, as in causal attention). ${tokensPerGpu} would be ${percent(printed.full)}.`,
      setup: null,
      report: null,
    };
  });
}

function band({ low, high }: MemoryReport): string {
  return `${low.toFixed(0)} to ${high.toFixed(0)} GB`;
}

function must(report: ReturnType<typeof estimateMemory>): MemoryReport {
  if ('error' in report) throw new RangeError(report.error);
  return report;
}
