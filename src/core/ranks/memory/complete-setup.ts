import type { PlacementError } from '../types.ts';
import { H100_GIB, NODE_GPUS } from './constants.ts';
import { REGIMES, type Regime, regimeOf, type UsualRegime, ZERO_REGIME } from './regimes.ts';
import type { MemoryProgram, MemoryRules } from './rules.ts';
import type { MemorySetup, Offload } from './setup.ts';
import { gigabytes } from './terms.ts';

/** A set-up in which every choice is made, with a sentence for each choice that was not given. */
export interface Choices {
  readonly context: number;
  readonly batch: number;
  readonly regime: Regime;
  /** The lowest bytes per parameter that are usual, where the regime was not given. */
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

/** Tokens of a sequence when none are given. */
export const USUAL_CONTEXT = 4096;
const OPTIMIZER_OFFLOADED = 'Offload moves the optimizer states to the host. Weights and gradients stay on the GPU.';

function offloadAssumptions({ offloadSaid }: MemoryRules, offload: Offload): string[] {
  if (offload === 'none') return [];
  const said = offloadSaid === undefined ? [] : [offloadSaid];
  return offload === 'optimizer' ? [OPTIMIZER_OFFLOADED, ...said] : said;
}

const OFFLOADED = {
  optimizer: 'optimizer states',
  all: 'weights, gradients and optimizer states',
} as const;

/** Why a program cannot offload what is asked for, with the nearest offload that it has; null where it can. */
export function offloadRefusal(rules: MemoryRules, setup: MemorySetup): string | null {
  const { offload = 'none' } = setup;
  if (offload === 'none') return null;
  const { title, offloads } = rules;
  if (offloads.includes(offload)) return rules.offloadLimit?.(setup, offload) ?? null;
  const [nearest] = offloads;
  if (nearest === undefined)
    return [`${title} has no offload that is modelled here. Remove the offload option.`, rules.offloadSaid]
      .filter((line) => line !== undefined)
      .join(' ');
  return `${title} cannot offload ${offload === 'optimizer' ? 'only ' : ''}${OFFLOADED[offload]}. Use offload ${nearest}, which moves ${nearest === 'optimizer' ? 'only ' : ''}${OFFLOADED[nearest]}.`;
}

/** Makes the choices that a set-up leaves open, and adds a sentence for each. */
export function chooseSetup({ memory }: Pick<MemoryProgram, 'memory'>, setup: MemorySetup): Choices | PlacementError {
  const assumed: string[] = [];
  const pick = <T>(value: T | undefined, usual: T, said: string): T => {
    if (value !== undefined) return value;
    assumed.push(said);
    return usual;
  };
  if (setup.framework === undefined && memory.byDefault !== undefined) assumed.push(memory.byDefault);
  const serving = memory.serves;
  const context = pick(setup.context, USUAL_CONTEXT, `Context: ${USUAL_CONTEXT} tokens.`);
  const batch = pick(
    setup.batch,
    1,
    serving ? 'The cache holds one sequence of the whole context.' : 'Micro batch: one sequence per GPU.',
  );
  if (serving && (setup.dp ?? 1) > 1) assumed.push('The number of sequences is per data-parallel rank.');
  const usual = setup.lora && memory.lora ? memory.lora.usual : memory.usual;
  const regime = serving ? undefined : regimeFor({ ...memory, usual }, setup.optimizerBytes);
  if (regime && 'error' in regime) return regime;
  if (!serving && setup.optimizerBytes === undefined) assumed.push(usual.said);
  const { dense, said } = setup.dense === undefined ? memory.dense(setup) : { dense: setup.dense, said: null };
  if (said !== null) assumed.push(said);
  const own = memory.assumptions?.(setup) ?? [];
  assumed.push(...(serving ? own : trainingAssumptions(setup, own)));
  const offload = setup.offload ?? 'none';
  const refused = offloadRefusal(memory, setup);
  if (refused !== null) return { error: refused };
  const capacityGib = pick(
    setup.capacityGib,
    H100_GIB,
    `GPU: an H100, of which PyTorch can use ${gigabytes(H100_GIB * 2 ** 30)}.`,
  );
  return {
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
    assumed: [...assumed, ...offloadAssumptions(memory, offload)],
  };
}

function trainingAssumptions(setup: MemorySetup, own: readonly string[]): string[] {
  const out: string[] = [];
  if (setup.checkpointing === undefined) out.push('Activation checkpointing is on for each layer.');
  if (setup.chunkedLoss === undefined) out.push('The loss is computed over all tokens at once, not in chunks.');
  if (setup.imbalance === undefined && (setup.ep ?? 1) > 1)
    out.push(
      'Routing is as uneven as in published loads. The load of the busiest rank is estimated from the number of experts per rank.',
    );
  out.push(
    ...own,
    'Attention kernels store no scores (flash or memory-efficient attention).',
    'Gradients stay in memory from the first micro batch on.',
    'PyTorch’s allocator uses expandable segments.',
  );
  return out;
}

function regimeFor(
  { usual, masters }: MemoryRules,
  bytes: number | undefined,
): Omit<UsualRegime, 'said'> | PlacementError {
  if (bytes === undefined) return usual;
  const found = masters && bytes === ZERO_REGIME.bytes ? ZERO_REGIME : regimeOf(bytes);
  if (!found)
    return {
      error: `Optimizer bytes per parameter must be one of ${REGIMES.map((each) => each.bytes).join(', ')}, not ${bytes}.`,
    };
  return { regime: found, least: bytes };
}

/** True where collectives cross nodes, which decides the runtime's memory. */
export function spansNodes(gpus: number): boolean {
  return gpus > NODE_GPUS;
}
