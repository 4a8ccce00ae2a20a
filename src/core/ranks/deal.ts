import type { PlacementOptions } from './types.ts';

/** Contiguous blocks of equal size; the caller has checked that they divide. */
export function evenBlocks(experts: number, ep: number): number[][] {
  const each = experts / ep;
  return Array.from({ length: ep }, (_, rank) => range(rank * each, (rank + 1) * each));
}

/** Contiguous blocks, one more expert for each of the first ranks: vLLM since #21497. */
export function firstGetMore(experts: number, ep: number): number[][] {
  const each = Math.floor(experts / ep);
  const rest = experts % ep;
  return Array.from({ length: ep }, (_, rank) => {
    const start = rank * each + Math.min(rank, rest);
    return range(start, start + each + (rank < rest ? 1 : 0));
  });
}

/** Contiguous blocks; the last rank gets the remainder: vLLM before #21497. */
export function lastGetsRest(experts: number, ep: number): number[][] {
  const each = Math.floor(experts / ep);
  return Array.from({ length: ep }, (_, rank) => range(rank * each, rank === ep - 1 ? experts : (rank + 1) * each));
}

/** Contiguous blocks of ⌈E ÷ P⌉: the last ones hold less, or nothing. */
export function ceilBlocks(experts: number, ep: number): number[][] {
  const each = Math.ceil(experts / ep);
  return Array.from({ length: ep }, (_, rank) =>
    range(Math.min(rank * each, experts), Math.min((rank + 1) * each, experts)),
  );
}

/** Expert e to rank e mod EP. */
export function roundRobin(experts: number, ep: number): number[][] {
  return Array.from({ length: ep }, (_, rank) => range(0, experts).filter((expert) => expert % ep === rank));
}

/** Slots 0 … E + R − 1, slot i holding expert i mod E, in contiguous blocks: SGLang's and vLLM's first map. */
export function trivialSlots(experts: number, redundant: number, ep: number): number[][] {
  return evenBlocks(experts + redundant, ep).map((block) => block.map((slot) => slot % experts));
}

/**
 * Every rank its own block of experts and then its share of the redundant slots, which hold the experts after its block:
 * vLLM's newer first map. All ranks have as many slots; those with a redundant slot less have an expert more.
 */
export function epAwareSlots(experts: number, redundant: number, ep: number): number[][] {
  const slots = (experts + redundant) / ep;
  let start = 0;
  return Array.from({ length: ep }, (_, rank) => {
    const copies = Math.floor(redundant / ep) + (rank < redundant % ep ? 1 : 0);
    const block = range(start, start + slots).map((expert) => expert % experts);
    start += slots - copies;
    return block;
  });
}

function range(start: number, end: number): number[] {
  return Array.from({ length: Math.max(end - start, 0) }, (_, index) => start + index);
}

/** The smallest number of redundant slots after which slots are divisible by ranks: `(P − E mod P) mod P`. */
export function fewestRedundant(experts: number, ep: number): number {
  return (ep - (experts % ep)) % ep;
}

/** A degree as given, or its default. */
export function degree(
  options: PlacementOptions,
  name: 'ep' | 'tp' | 'pp' | 'cp' | 'dp' | 'etp',
  otherwise = 1,
): number {
  return options[name] ?? otherwise;
}

/**
 * Data parallelism: as given, else what the other sizes leave of the world, else `least`.
 *
 * `others` is the product of the sizes that multiply with it to the world.
 */
export function dataParallel({ dp, world }: PlacementOptions, others: number, least: number): number {
  return dp ?? (world === undefined ? least : fitInto(world, others));
}

/** How often `part` fits into `whole`; at least once. */
export function fitInto(whole: number, part: number): number {
  return Math.max(Math.floor(whole / part), 1);
}

/** How many times larger `base` must become for `wanted` to divide it. */
export function timesToDivide(base: number, wanted: number): number {
  let divisor = Math.min(base, wanted);
  while (base % divisor !== 0 || wanted % divisor !== 0) divisor--;
  return wanted / divisor;
}
