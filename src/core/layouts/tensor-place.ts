import { DIALECTS } from './dialects.ts';

const EXPERTS = 'experts.';

/** Where a tensor stands by its name alone. */
export interface TensorPlace {
  /** The list of layers: `model.layers` of `model.layers.0.mlp.gate.weight`; '' outside numbered layers. */
  readonly stack: string;
  /** The layer's number in its stack; null outside numbered layers. */
  readonly layer: number | null;
  /** The number of the one expert it belongs to; null where the name numbers none. */
  readonly expert: number | null;
  /** The name below the layer, or the whole name. */
  readonly rest: string;
}

/** More digits than this number nothing in a model; with fewer, every number fits 32 bits. */
const MOST_DIGITS = 9;

/**
 * The stack, layer and expert that a tensor's name, or a prefix of names, tells.
 *
 * @example
 * ```ts
 * import { tensorPlace } from 'moe-loom/layouts';
 * const { layer, expert } = tensorPlace('model.layers.3.mlp.experts.17.up_proj.weight');
 * console.log(layer, expert); // → 3 17
 * ```
 */
export function tensorPlace(name: string): TensorPlace {
  const end = layerEnd(name);
  const digits = expertDigits(name, end);
  const expert = digits && Number(name.slice(digits.start, digits.end));
  if (end === 0) return { stack: '', layer: null, expert, rest: name };
  const dot = name.lastIndexOf('.', end - 1);
  return { stack: name.slice(0, dot), layer: Number(name.slice(dot + 1, end)), expert, rest: name.slice(end + 1) };
}

/**
 * Length of `model.layers.0` in a name; 0 when it stands in no numbered layer.
 *
 * A layer's number is the first segment that is all digits: what lists of layers are called differs, that they are
 * counted does not. A name that begins with the number has no stack, and a number that belongs to an expert is no layer's.
 */
export function layerEnd(name: string): number {
  for (let start = 0; start < name.length; ) {
    const dot = name.indexOf('.', start);
    const end = dot === -1 ? name.length : dot;
    if (isNumber(name, start, end)) return start > 0 && !isExperts(name, start) ? end : 0;
    start = end + 1;
  }
  return 0;
}

/** `model.layers.0` of a name or prefix; '' outside numbered layers. */
export function layerPrefix(name: string): string {
  return name.slice(0, layerEnd(name));
}

/** The name with `{i}` for its expert's number: the same for all experts. */
export function expertTemplate(name: string): string {
  const digits = expertDigits(name, layerEnd(name));
  return digits ? `${name.slice(0, digits.start)}{i}${name.slice(digits.end)}` : name;
}

/** True where the number at `start` follows `experts.` or, one word later, `experts.gate_up_projs.`. */
function isExperts(name: string, start: number): boolean {
  if (name.endsWith('experts', start - 1)) return true;
  const word = name.lastIndexOf('.', start - 2) + 1;
  const isAfter = name.endsWith(EXPERTS, word) && isExpertsAt(name, word - EXPERTS.length);
  return isAfter && word < start - 1 && wordEnd(name, word) === start - 1;
}

/** Where the number of an expert stands: after `experts.`, `local_experts.` or `experts.expert_`, or one word later. */
function expertDigits(name: string, from: number): { readonly start: number; readonly end: number } | null {
  for (let at = name.indexOf(EXPERTS, from); at !== -1; at = name.indexOf(EXPERTS, at + 1)) {
    if (!isExpertsAt(name, at)) continue;
    const start = at + EXPERTS.length;
    const word = wordEnd(name, start);
    const found =
      digitsAt(name, start) ??
      (word > start && name[word] === '.' ? digitsAt(name, word + 1) : null) ??
      (name.startsWith(IN_WORD, start) ? digitsAt(name, start + IN_WORD.length) : null);
    if (found) return found;
  }
  return from === 0 ? null : otherDigits(name, from + 1);
}

/** The number of a word: `experts.expert_3`. */
const IN_WORD = 'expert_';

/** What the dialects' own stems have before the number, where that is not `experts`: `moe.`, `moe.mlp.`. */
const OTHER_HEADS: readonly string[] = [
  ...new Set(
    DIALECTS.flatMap(({ stems }) => Object.values(stems))
      .filter((stem) => stem.includes('{i}') && !stem.startsWith(EXPERTS))
      .map((stem) => stem.slice(0, stem.indexOf('{i}'))),
  ),
];

function otherDigits(name: string, from: number): { readonly start: number; readonly end: number } | null {
  for (const head of OTHER_HEADS) {
    for (let at = name.indexOf(head, from); at !== -1; at = name.indexOf(head, at + 1)) {
      const found = isSegment(name, at) ? digitsAt(name, at + head.length) : null;
      if (found) return found;
    }
  }
  return null;
}

const LOCAL = 'local_';

/** True where `experts.` at `at` is a whole segment, or the end of `local_experts.`. */
function isExpertsAt(name: string, at: number): boolean {
  return isSegment(name, at) || (name.endsWith(LOCAL, at) && isSegment(name, at - LOCAL.length));
}

function isSegment(name: string, at: number): boolean {
  return at === 0 || name[at - 1] === '.';
}

function digitsAt(name: string, start: number): { readonly start: number; readonly end: number } | null {
  const dot = name.indexOf('.', start);
  const end = dot === -1 ? name.length : dot;
  return isNumber(name, start, end) ? { start, end } : null;
}

/** Where small letters, underscores and, after one of these, digits end: `gate_up_projs`, `w1`. */
function wordEnd(name: string, start: number): number {
  let at = start;
  for (; at < name.length; at += 1) {
    const code = name.charCodeAt(at);
    const letter = code === UNDERSCORE || (code >= SMALL_A && code <= SMALL_Z);
    if (!letter && (at === start || !isDigit(code))) break;
  }
  return at;
}

const UNDERSCORE = 95;
const SMALL_A = 97;
const SMALL_Z = 122;

function isNumber(text: string, start: number, end: number): boolean {
  if (end <= start || end - start > MOST_DIGITS) return false;
  for (let at = start; at < end; at += 1) if (!isDigit(text.charCodeAt(at))) return false;
  return true;
}

/** True for the code of a digit from 0 to 9. */
export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

/** Lists of blocks whose beginnings say which model, or part of one, they are: `model.` of `model.layers`. */
const BLOCKS = new Set(['layers', 'blocks', 'h']);

/** What stands before a stack of blocks, `model.` of `model.layers`; null for lists of other things. */
export function stackRoot(stack: string): string | null {
  const start = stack.lastIndexOf('.') + 1;
  return BLOCKS.has(stack.slice(start)) ? stack.slice(0, start) : null;
}

/** Tells tensors whose names stand under the layers of these numbers that hold one of the groups. */
export function layerTest(
  groups: readonly { readonly prefix: string; readonly index: number | null }[],
  layers: readonly number[],
): (name: string) => boolean {
  const wanted = new Set(layers);
  const chosen = groups.filter(({ index }) => index !== null && wanted.has(index));
  const prefixes = new Set(chosen.map(({ prefix }) => layerPrefix(prefix)));
  return (name) => {
    const end = layerEnd(name);
    return end > 0 && prefixes.has(name.slice(0, end));
  };
}
