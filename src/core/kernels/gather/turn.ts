/** A dim of one input's elements: how far apart neighbours lie in the input and in the output. */
export interface Step {
  readonly size: number;
  readonly from: number;
  readonly to: number;
}

/** What is turned at once: items of a line of the output, and lines; a line's part is eight cache lines of 16-bit items. */
const ALONG = 256;
const LINES = 32;

/**
 * Turns a plane of 16-bit items, four lines of the output by two items at a time, in whole 32-bit words.
 *
 * `lines` are neighbours in the input, `along` in the output; offsets count items. Gives how many
 * of both were turned: all but at most three lines and one item of each line. Null, with nothing done, where they lie
 * otherwise.
 */
export function turn16(
  lines: Step,
  along: Step,
  input: Uint8Array,
  output: Uint8Array,
  from: number,
  to: number,
): { readonly lines: number; readonly along: number } | null {
  const source = wordsOf(input);
  const target = wordsOf(output);
  if (lines.from !== 1 || along.to !== 1 || !source || !target) return null;
  const [begin, put] = [from + source.shift, to + target.shift];
  if ([along.from, lines.to, begin, put].some((items) => items % 2 !== 0)) return null;
  const turned = { lines: lines.size - (lines.size % 4), along: along.size - (along.size % 2) };
  const [stride, pitch] = [along.from / 2, lines.to / 2];
  for (let a = 0; a < turned.along; a += ALONG) {
    const count = Math.min(ALONG, turned.along - a) / 2;
    for (let line = 0; line < turned.lines; line += LINES) {
      const end = Math.min(LINES, turned.lines - line);
      const at = (begin + a * along.from + line) / 2;
      const start = (put + line * lines.to + a) / 2;
      turnBlock(source.words, source.words, target.words, at, at + stride, start, 2 * stride, pitch, end, count);
    }
  }
  return turned;
}

/** Whole 32-bit words around 16-bit items: item `i` lies in word (i + shift) >> 1. Null at odd addresses. */
export function wordsOf(bytes: Uint8Array): { readonly words: Int32Array; readonly shift: 0 | 1 } | null {
  if (bytes.byteOffset % 2 !== 0) return null;
  const shift = bytes.byteOffset % 4 === 0 ? 0 : 1;
  const start = bytes.byteOffset - 2 * shift;
  return { words: new Int32Array(bytes.buffer, start, (bytes.byteLength + 2 * shift) >> 2), shift };
}

/**
 * Turns two planes of 16-bit items into one whose lines take an item of each by turns: two neighbours of the output are a
 * word. `along.to` is 2. Gives how many lines were turned: all but at most three. 0, with nothing done, where they lie
 * otherwise.
 */
export function zip16(
  lines: Step,
  along: Step,
  inputs: readonly [Uint8Array, Uint8Array],
  output: Uint8Array,
  from: readonly [number, number],
  to: number,
): number {
  const [first, second, target] = [wordsOf(inputs[0]), wordsOf(inputs[1]), wordsOf(output)];
  if (lines.from !== 1 || along.to !== 2 || !first || !second || !target) return 0;
  const [one, other, put] = [from[0] + first.shift, from[1] + second.shift, to + target.shift];
  if ([along.from, lines.to, one, other, put].some((items) => items % 2 !== 0)) return 0;
  const turned = lines.size - (lines.size % 4);
  const [stride, pitch] = [along.from / 2, lines.to / 2];
  for (let a = 0; a < along.size; a += ALONG / 2) {
    const count = Math.min(ALONG / 2, along.size - a);
    for (let line = 0; line < turned; line += LINES) {
      const end = Math.min(LINES, turned - line);
      const at = (items: number) => (items + a * along.from + line) / 2;
      const start = put / 2 + line * pitch + a;
      turnBlock(first.words, second.words, target.words, at(one), at(other), start, stride, pitch, end, count);
    }
  }
  return turned;
}

/**
 * `lines` lines of `count` words, each of an item at \`one\` and one at \`other\`, which are \`step\` further on for the next
 * word; offsets, step and pitch count words.
 */
function turnBlock(
  first: Int32Array,
  second: Int32Array,
  target: Int32Array,
  one: number,
  other: number,
  to: number,
  step: number,
  pitch: number,
  lines: number,
  count: number,
): void {
  const apart = other - one;
  for (let line = 0; line < lines; line += 4) {
    let at = one + line / 2;
    let put = to + line * pitch;
    for (let word = 0; word < count; word++) {
      const a = first[at] as number;
      const b = second[at + apart] as number;
      const c = first[at + 1] as number;
      const d = second[at + apart + 1] as number;
      target[put] = (a & 0xffff) | (b << 16);
      target[put + pitch] = (a >>> 16) | (b & 0xffff0000);
      target[put + 2 * pitch] = (c & 0xffff) | (d << 16);
      target[put + 3 * pitch] = (c >>> 16) | (d & 0xffff0000);
      at += step;
      put++;
    }
  }
}
