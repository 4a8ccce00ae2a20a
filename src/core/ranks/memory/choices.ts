import type { PlacementError } from '../types.ts';
import { H100_GIB, NODE_GPUS } from './constants.ts';
import { REGIMES, type Regime, regimeOf, ZERO_REGIME } from './regimes.ts';
import type { MemoryProgram, MemoryRules, UsualRegime } from './rules.ts';
import type { MemorySetup, Offload } from './setup.ts';

/** A set-up with nothing left open, and what was chosen for the asker. */
export interface Choices {
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

/** Tokens of a sequence where none are named. */
export const USUAL_CONTEXT = 4096;
const ALL_OFFLOADED =
  'Offload moves optimizer states; weights and gradients stay on the GPU. All of the published offloaded runs need that reading (43 to 45 GB); moving weights and gradients too, as FSDP2’s CPUOffloadPolicy can, is offload "all".';

/** Fills what a set-up leaves open, and says each thing aloud. */
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
    serving ? 'One sequence of the whole context in the cache at a time.' : 'One sequence a GPU (micro batch 1).',
  );
  const regime = serving ? undefined : regimeFor(memory, setup.optimizerBytes);
  if (regime && 'error' in regime) return regime;
  if (!serving && setup.optimizerBytes === undefined) assumed.push(memory.usual.said);
  const { dense, said } = setup.dense === undefined ? memory.dense(setup) : { dense: setup.dense, said: null };
  if (said !== null) assumed.push(said);
  const own = memory.assumptions?.(setup) ?? [];
  assumed.push(...(serving ? own : trainingAssumptions(setup, own)));
  const offload = setup.offload ?? 'none';
  const capacityGib = pick(
    setup.capacityGib,
    H100_GIB,
    `Capacity: an 80 GB H100, of which PyTorch sees ${H100_GIB} GiB = ${((H100_GIB * 2 ** 30) / 1e9).toFixed(1)} GB.`,
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
    assumed: offload === 'optimizer' ? [...assumed, ALL_OFFLOADED] : assumed,
  };
}

function trainingAssumptions(setup: MemorySetup, own: readonly string[]): string[] {
  const out: string[] = [];
  if (setup.checkpointing === undefined) out.push('Activations are checkpointed layer by layer.');
  if (setup.chunkedLoss === undefined) out.push('The loss is taken over all tokens at once (not chunked).');
  if (setup.imbalance === undefined && (setup.ep ?? 1) > 1)
    out.push('Routing as uneven as loads that are known: the hottest rank is estimated from the experts of a rank.');
  out.push(
    ...own,
    'Attention keeps no scores (flash or memory-efficient kernels); gradients stay from the first micro batch on.',
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
    return { error: `Optimizer bytes are ${REGIMES.map((each) => each.bytes).join(', ')} a parameter, not ${bytes}.` };
  return { regime: found, least: bytes };
}

/** Runtime depends on whether collectives leave the node. */
export function spansNodes(gpus: number): boolean {
  return gpus > NODE_GPUS;
}
