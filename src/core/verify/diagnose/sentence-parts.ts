import type { LayerGroup, Projection } from '../../layouts/types.ts';
import { formatInteger, plural } from '../../units.ts';
import type { ByteDifference } from '../matrix.ts';

/** Experts or places that a sentence lists before it counts. */
const LISTED = 6;

/** `Layer 3 (model.layers.3.mlp)`. */
export function layerName({ prefix, index }: Pick<LayerGroup, 'prefix' | 'index'>): string {
  return index === null ? prefix : `Layer ${index} (${prefix})`;
}

/** `a`, `a and b`, `a, b and c`. */
export function joined(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/** The first few, and how many there are beyond them. */
export function listed(words: readonly string[]): string {
  if (words.length <= LISTED) return joined(words);
  return `${words.slice(0, LISTED).join(', ')} and ${formatInteger(words.length - LISTED)} more`;
}

/** `expert 3`, `experts 1, 2 and 5–9`, `all 12 experts`. */
export function expertsName(experts: readonly number[], total: number): string {
  if (experts.length === 1) return `expert ${experts[0]}`;
  if (experts.length === total) return `all ${total} experts`;
  return `experts ${listed(runsOf(experts))}`;
}

/** Ascending numbers, three and more in a row as `5–9`. */
function runsOf(numbers: readonly number[]): string[] {
  const runs: number[][] = [];
  for (const number of numbers) {
    const run = runs.at(-1);
    if (run?.at(-1) === number - 1) run.push(number);
    else runs.push([number]);
  }
  return runs.flatMap((run) => (run.length < 3 ? run.map(String) : [`${run[0]}–${run.at(-1)}`]));
}

/** What a sentence is about, and whether it is more than one. */
export interface Subject {
  readonly text: string;
  readonly many: boolean;
}

/** `the down matrix of expert 3`; `experts 3 and 4` when all that they have is meant. */
export function subjectOf(
  projections: readonly Projection[],
  all: readonly Projection[],
  experts: readonly number[],
  total: number,
): Subject {
  const names = expertsName(experts, total);
  if (projections.length === all.length) return { text: names, many: experts.length > 1 };
  const many = projections.length * experts.length > 1;
  return { text: `the ${joined(projections)} ${many ? 'matrices' : 'matrix'} of ${names}`, many };
}

export function hex(value: number): string {
  return `0x${value.toString(16).padStart(2, '0')}`;
}

/** What of some bytes is damaged: `byte 5 is 0x3f instead of 0x3d (bit 1)`. */
export function damageText({ count, first, last, left, right, zeros }: ByteDifference): string {
  const bit = bitOf(left ^ right);
  if (count === 1)
    return `byte ${first} is ${hex(right)} instead of ${hex(left)}${bit === null ? '' : ` (bit ${bit})`}`;
  if (zeros) return `bytes ${first}–${last} are zero`;
  return `${plural(count, 'byte')} between byte ${first} and byte ${last} differ`;
}

/** The number of the only bit that is set, else null. */
export function bitOf(value: number): number | null {
  const bit = Math.log2(value);
  return Number.isInteger(bit) ? bit : null;
}
