import type { PlacementError } from '../types.ts';
import { H100_GIB, NODE_GPUS } from './constants.ts';
import { REGIMES, type Regime, regimeOf, ZERO_REGIME } from './regimes.ts';
import { isServing, type MemoryFramework, type MemorySetup, type Offload } from './setup.ts';

/** A set-up with nothing left open, and what was chosen for the asker. */
export interface Choices {
  readonly framework: MemoryFramework;
  readonly context: number;
  readonly batch: number;
  readonly regime: Regime;
  /** What a parameter takes at the least where the regime was not given. */
  readonly leastBytes: number;
  readonly dense: 'sharded' | 'replicated';
  readonly zero: 0 | 1 | 2 | 3;
  readonly offload: Offload;
  readonly checkpointing: boolean;
  readonly chunkedLoss: boolean;
  readonly imbalance: number | null;
  readonly capacityGib: number;
  readonly assumed: readonly string[];
}

const CONTEXT = 4096;
const ALL_OFFLOADED =
  'Offload moves optimizer states; weights and gradients stay on the GPU. All of the published offloaded runs need that reading (43 to 45 GB); moving weights and gradients too, as FSDP2’s CPUOffloadPolicy can, is offload "all".';

/** Fills what a set-up leaves open, and says each thing aloud. */
export function chooseSetup(setup: MemorySetup): Choices | PlacementError {
  const assumed: string[] = [];
  const pick = <T>(value: T | undefined, usual: T, said: string): T => {
    if (value !== undefined) return value;
    assumed.push(said);
    return usual;
  };
  const framework = pick(
    setup.framework,
    'fsdp2',
    'Framework: FSDP2 as accelerate and TRL run it, experts folded over its ranks.',
  );
  const serving = isServing(framework);
  const context = pick(setup.context, CONTEXT, `Context: ${CONTEXT} tokens.`);
  const batch = pick(
    setup.batch,
    1,
    serving ? 'One sequence of the whole context in the cache at a time.' : 'One sequence a GPU (micro batch 1).',
  );
  const regime = serving ? undefined : regimeFor(framework, setup.optimizerBytes);
  if (regime && 'error' in regime) return regime;
  if (!serving && setup.optimizerBytes === undefined) assumed.push(...(regime?.assumed ?? []));
  const { dense, said } = denseOf(framework, setup);
  if (said !== null) assumed.push(said);
  if (!serving) assumed.push(...trainingAssumptions(framework, setup));
  const offload = setup.offload ?? 'none';
  const capacityGib = pick(
    setup.capacityGib,
    H100_GIB,
    `Capacity: an 80 GB H100, of which PyTorch sees ${H100_GIB} GiB = ${((H100_GIB * 2 ** 30) / 1e9).toFixed(1)} GB.`,
  );
  return {
    framework,
    context,
    batch,
    regime: regime?.regime ?? ZERO_REGIME,
    leastBytes: regime?.least ?? 0,
    dense,
    zero: setup.zero ?? 3,
    offload,
    checkpointing: setup.checkpointing ?? true,
    chunkedLoss: setup.chunkedLoss ?? false,
    imbalance: setup.imbalance ?? null,
    capacityGib,
    assumed: offload === 'optimizer' ? [...assumed, ALL_OFFLOADED] : assumed,
  };
}

function trainingAssumptions(framework: MemoryFramework, setup: MemorySetup): string[] {
  const out: string[] = [];
  if (setup.checkpointing === undefined) out.push('Activations are checkpointed layer by layer.');
  if (setup.chunkedLoss === undefined) out.push('The loss is taken over all tokens at once (not chunked).');
  if (setup.imbalance === undefined && (setup.ep ?? 1) > 1)
    out.push('Routing as uneven as loads that are known: the hottest rank is estimated from the experts of a rank.');
  if (framework === 'deepspeed' && setup.zero === undefined) out.push('ZeRO stage 3.');
  if (framework === 'megatron-core' && setup.etp === undefined && (setup.tp ?? 1) > 1)
    out.push('--expert-tensor-parallel-size 1; Megatron’s own default is the tensor-parallel size.');
  if (framework === 'megatron-core')
    out.push('Sequence parallelism over tensor-parallel ranks, distributed optimizer.');
  out.push(
    'Attention keeps no scores (flash or memory-efficient kernels); gradients stay from the first micro batch on.',
  );
  return out;
}

interface ChosenRegime {
  readonly regime: Regime;
  readonly least: number;
  readonly assumed: readonly string[];
}

function regimeFor(framework: MemoryFramework, bytes: number | undefined): ChosenRegime | PlacementError {
  const usual = usualRegime(framework);
  if (bytes === undefined) return usual;
  const found = framework.startsWith('deepspeed') && bytes === 16 ? ZERO_REGIME : regimeOf(bytes);
  if (!found)
    return { error: `Optimizer bytes are ${REGIMES.map((each) => each.bytes).join(', ')} a parameter, not ${bytes}.` };
  return { regime: found, least: bytes, assumed: [] };
}

function usualRegime(framework: MemoryFramework): ChosenRegime {
  const of = (bytes: number, why: string, least = bytes): ChosenRegime => {
    const regime = regimeOf(bytes) ?? ZERO_REGIME;
    return {
      regime,
      least,
      assumed: [`${least === bytes ? bytes : `${least} to ${bytes}`} bytes a parameter: ${why}`],
    };
  };
  switch (framework) {
    case 'transformers-5':
      return of(
        8,
        'AdamW over bf16 weights, or 8-bit Adam; published expert-parallel runs (huggingface/trl#6869) lie between.',
        6,
      );
    case 'megatron-core':
      return of(18, 'bf16 weights, fp32 gradients, master and moments.');
    case 'deepspeed':
    case 'deepspeed-moe':
      return { regime: ZERO_REGIME, least: 16, assumed: ['16 bytes a parameter: ZeRO’s 2 + 2 + 12.'] };
    case 'torchtitan':
      return of(16, 'torchtitan keeps weights, gradients and moments in fp32.');
    default:
      return of(
        16,
        'weights, gradients and Adam’s moments in fp32, as accelerate’s FSDP2 raises them under mixed precision.',
      );
  }
}

function denseOf(framework: MemoryFramework, setup: MemorySetup) {
  if (setup.dense !== undefined) return { dense: setup.dense, said: null };
  const folded = framework === 'fsdp2' || framework === 'transformers-4.57';
  if (framework === 'transformers-5' && (setup.ep ?? 1) > 1)
    return {
      dense: 'replicated' as const,
      said: 'Everything but experts is whole on every expert-parallel rank, as transformers 5 places it.',
    };
  const said =
    folded && (setup.ep ?? 1) > 1
      ? 'Everything but experts is cut over all ranks (FSDP2 over data × context parallelism), not replicated over EP.'
      : null;
  return { dense: 'sharded' as const, said };
}

/** Runtime depends on whether collectives leave the node. */
export function spansNodes(gpus: number): boolean {
  return gpus > NODE_GPUS;
}
