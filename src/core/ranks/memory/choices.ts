import type { PlacementError } from '../types.ts';
import { H100_GIB, NODE_GPUS } from './constants.ts';
import { REGIMES, type Regime, regimeOf, type UsualRegime, ZERO_REGIME } from './regimes.ts';
import type { MemoryProgram, MemoryRules } from './rules.ts';
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
const OPTIMIZER_OFFLOADED = 'Offload moves optimizer states; weights and gradients stay on the GPU.';

function offloadAssumptions({ offloadSaid }: MemoryRules, offload: Offload): string[] {
  if (offload === 'none') return [];
  const said = offloadSaid === undefined ? [] : [offloadSaid];
  return offload === 'optimizer' ? [OPTIMIZER_OFFLOADED, ...said] : said;
}

const OFFLOADED = {
  optimizer: 'optimizer states',
  all: 'weights, gradients and optimizer states',
} as const;

/** Why a program does not keep on the host what is asked for, with the nearest that it does; null where it does. */
export function offloadRefusal(rules: MemoryRules, setup: MemorySetup): string | null {
  const { offload = 'none' } = setup;
  if (offload === 'none') return null;
  const { title, offloads } = rules;
  if (offloads.includes(offload)) return rules.offloadLimit?.(setup, offload) ?? null;
  const [nearest] = offloads;
  if (nearest === undefined)
    return [`${title} keeps nothing on the host that is counted here: leave offload out.`, rules.offloadSaid]
      .filter((line) => line !== undefined)
      .join(' ');
  return `${title} does not move ${OFFLOADED[offload]} to the host${offload === 'optimizer' ? ' alone' : ''}: the nearest is offload ${nearest}, ${OFFLOADED[nearest]}${nearest === 'optimizer' ? ' alone' : ''}.`;
}

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
  if (serving && (setup.dp ?? 1) > 1) assumed.push('Sequences are counted on each data-parallel rank.');
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
    assumed: [...assumed, ...offloadAssumptions(memory, offload)],
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
    'Attention keeps no scores (flash or memory-efficient kernels); gradients stay from the first micro batch on; PyTorch’s allocator has expandable segments.',
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
