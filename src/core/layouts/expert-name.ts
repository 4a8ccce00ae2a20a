import type { PartStyle } from './dialects.ts';
import { isPart, parsePart } from './parts.ts';
import { isDigit } from './tensor-place.ts';

/** What the end of an expert tensor's name says. */
export interface ExpertTail {
  /** Below the group's prefix, `{i}` for the number: `experts.{i}.gate_proj`, `experts.gate_up_proj`. */
  readonly stem: string;
  /** The whole of it below the prefix: `experts.{i}.gate_proj.weight`. */
  readonly key: string;
  readonly part: string;
  readonly style: PartStyle;
}

export interface ExpertName {
  readonly tail: ExpertTail;
  /** The number's digits as they stand, null in stacked tensors. */
  readonly digits: string | null;
}

const APART = /^(gate_proj|up_proj|down_proj|gate_up_proj|w1|w2|w3)\.(.+)$/;
const NUMBER_LAST = /^(gate_up_projs|down_projs|gate_proj|up_proj|down_proj)\.(\d+)\.(.+)$/;
const STACKED = /^(gate_up_proj|gate_proj|up_proj|down_proj|fc1|fc2|w13|w2|mlp\.(?:w1|v1|w2))(.*)$/;
const SWITCH = /^(gate_proj|up_proj|down_proj|fc1|fc2)(\..+)$/;

/** A lookup that parses each text once: checkpoints repeat a few endings half a million times. */
function remember<T>(parse: (text: string) => T | null): (text: string) => T | null {
  const known = new Map<string, T | null>();
  return (text) => {
    const hit = known.get(text);
    if (hit !== undefined) return hit;
    const parsed = parse(text);
    if (known.size < LIMIT_REMEMBERED) known.set(text, parsed);
    return parsed;
  };
}

/** Real checkpoints have fewer than a hundred endings; the limit keeps hostile names from being held twice. */
const LIMIT_REMEMBERED = 4096;

export interface ExpertNameParser {
  /** A name's end after `experts.`; null when nothing known is said. */
  readonly inExperts: (end: string) => ExpertName | null;
  /** A name's end after `switch_mlp.`. */
  readonly inSwitch: (end: string) => ExpertName | null;
  /** A rank-3 tensor's end after the container: `gate_proj.weight`, `input_linear.weight`. */
  readonly bare: (end: string) => ExpertName | null;
}

export function createExpertNameParser(): ExpertNameParser {
  const apart = remember(parseApart);
  const stacked = remember(parseStacked);
  return {
    inExperts: (end) => {
      const dot = digitsEnd(end);
      if (dot === 0) return stacked(end) ?? parseNumberLast(end);
      const tail = apart(end.slice(dot + 1));
      return tail && { tail, digits: end.slice(0, dot) };
    },
    inSwitch: remember(parseSwitch),
    bare: remember(parseBare),
  };
}

/** Where the dot after leading digits is; 0 when the text does not start with digits and a dot. */
function digitsEnd(text: string): number {
  let at = 0;
  while (isDigit(text.charCodeAt(at))) at += 1;
  return at > 0 && text[at] === '.' ? at : 0;
}

function parseApart(end: string): ExpertTail | null {
  const [, word, part] = APART.exec(end) ?? [];
  if (!word || !part || !isPart(part)) return null;
  return { stem: `experts.{i}.${word}`, key: `experts.{i}.${word}.${part}`, part, style: 'dot' };
}

/** `gate_up_projs.3.weight` (unsloth), `gate_proj.3.weight_packed` (ModelOpt): stored apart, the number last. */
function parseNumberLast(end: string): ExpertName | null {
  const [, word, digits, part] = NUMBER_LAST.exec(end) ?? [];
  if (!word || !digits || !part || !isPart(part)) return null;
  const stem = `experts.${word}.{i}`;
  return { tail: { stem, key: `${stem}.${part}`, part, style: 'dot' }, digits };
}

function parseStacked(end: string): ExpertName | null {
  const [, word, rest] = STACKED.exec(end) ?? [];
  const parsed = rest === undefined ? null : parsePart(rest);
  if (!word || rest === undefined || !parsed) return null;
  return { tail: { stem: `experts.${word}`, key: `experts.${word}${rest}`, ...parsed }, digits: null };
}

function parseSwitch(end: string): ExpertName | null {
  const [, word, rest] = SWITCH.exec(end) ?? [];
  const parsed = rest === undefined ? null : parsePart(rest);
  if (!word || rest === undefined || !parsed) return null;
  return { tail: { stem: `switch_mlp.${word}`, key: `switch_mlp.${word}${rest}`, ...parsed }, digits: null };
}

const BARE = /^(gate_proj|up_proj|down_proj|input_linear|output_linear)(\..+)$/;

function parseBare(end: string): ExpertName | null {
  const [, word, rest] = BARE.exec(end) ?? [];
  const parsed = rest === undefined ? null : parsePart(rest);
  if (!word || rest === undefined || !parsed) return null;
  return { tail: { stem: word, key: word + rest, ...parsed }, digits: null };
}
