import { LoomError } from '../errors.ts';
import type { ConversionPlan, OutputShard } from '../plan/types.ts';
import { plural } from '../units.ts';

/**
 * The shards of a plan in `count` parts: runs of neighbours, so that a part reads neighbouring bytes of the source, and the
 * largest part as small as runs allow. Every shard is in one part; with more parts than shards, some are empty. The same on
 * every machine. Pure.
 */
export function partsOfPlan({ shards }: Pick<ConversionPlan, 'shards'>, count: number): OutputShard[][] {
  const cap = smallestCap(shards, count);
  const needed = partsNeeded(shards, cap);
  const parts: OutputShard[][] = [];
  let at = 0;
  let left = bytesOf(shards);
  for (let part = 0; part < count; part++) {
    const rest = count - part;
    const mean = left / rest;
    const taken: OutputShard[] = [];
    let bytes = 0;
    for (let shard = shards[at]; shard && bytes + shard.byteLength <= cap; shard = shards[at]) {
      const enough = bytes > 0 && bytes + shard.byteLength / 2 > mean;
      if (enough && (needed[at] ?? 0) < rest) break;
      taken.push(shard);
      bytes += shard.byteLength;
      at++;
    }
    left -= bytes;
    parts.push(taken);
  }
  return parts;
}

function bytesOf(shards: readonly OutputShard[]): number {
  return shards.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** The smallest size that the largest of `count` runs can have. */
function smallestCap(shards: readonly OutputShard[], count: number): number {
  let low = shards.reduce((most, { byteLength }) => Math.max(most, byteLength), 0);
  let high = bytesOf(shards);
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((partsNeeded(shards, middle)[0] ?? 0) <= count) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** For each shard the fewest runs of at most `cap` bytes that it and those behind it need. */
function partsNeeded(shards: readonly OutputShard[], cap: number): number[] {
  const needed = new Array<number>(shards.length + 1).fill(0);
  let end = shards.length;
  let bytes = 0;
  for (let at = shards.length - 1; at >= 0; at--) {
    bytes += shards[at]?.byteLength ?? 0;
    while (bytes > cap) bytes -= shards[--end]?.byteLength ?? 0;
    needed[at] = 1 + (needed[end] ?? 0);
  }
  return needed;
}

/** Most parts of a plan: Slurm's and Kubernetes' arrays have fewer. */
export const MAX_PARTS = 100_000;

/** `3/16`: the third of 16 parts; so does `2+1/16`, for engines that count from 0. @throws LoomError `usage`. */
export function parsePart(text: string): { readonly part: number; readonly of: number } {
  const match = /^(\d{1,6})(\+1)?\/(\d{1,6})$/.exec(text.trim());
  const [part, of] = [Number(match?.[1]) + (match?.[2] ? 1 : 0), Number(match?.[3])];
  if (match && part >= 1 && part <= of && of <= MAX_PARTS) return { part, of };
  throw new LoomError('usage', `--part takes a part and their number, such as 3/16, counted from 1; not "${text}".`);
}

/** `12-40,7`: shards by the numbers in their names. @throws LoomError `usage`. */
export function shardsOfList({ shards }: Pick<ConversionPlan, 'shards'>, text: string): OutputShard[] {
  const wanted = new Set<number>();
  for (const range of text.split(',')) {
    const match = /^\s*(\d{1,6})(?:\s*-\s*(\d{1,6}))?\s*$/.exec(range);
    const [first, last] = [Number(match?.[1]), Number(match?.[2] ?? match?.[1])];
    if (!match || first < 1 || last < first || last > shards.length)
      throw new LoomError(
        'usage',
        `--shards takes numbers and ranges such as 12-40, from 1 to ${shards.length}: the plan has ${plural(shards.length, 'shard')}; not "${text}".`,
      );
    for (let number = first; number <= last; number++) wanted.add(number);
  }
  return shards.filter((_, at) => wanted.has(at + 1));
}
