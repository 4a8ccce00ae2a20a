import { quote } from '../safetensors/json-scanner.ts';

type Json = Readonly<Record<string, unknown>>;

/** What names of model types and classes are made of; no program has another. */
const PLAIN = /^[A-Za-z0-9_.-]{1,128}$/;
const NAMED: ReadonlySet<string> = new Set(['model_type', 'architectures']);
/** Composite models nest their parts two or three deep. */
const MAX_DEPTH = 16;

/** A config with plain names alone. */
export interface PlainConfig {
  readonly config: Json;
  /** What was left out and why, a sentence each. */
  readonly faults: readonly string[];
}

/**
 * A config without model types and classes, of the whole and of its parts, that no program could have: they are unknown
 * from here on. These names choose code and stand in what other programs are given.
 */
export function withPlainNames(config: Json): PlainConfig {
  const faults: string[] = [];
  return { config: plainPart(config, '', 0, faults), faults };
}

function plainPart(part: Json, path: string, depth: number, faults: string[]): Json {
  let changed = false;
  const entries = Object.entries(part).flatMap(([key, value]): [string, unknown][] => {
    const where = path === '' ? key : `${path}.${key}`;
    const plain = NAMED.has(key) ? plainNames(value, where, faults) : plainBelow(value, where, depth, faults);
    changed ||= plain !== value;
    return plain === undefined ? [] : [[key, plain]];
  });
  return changed ? Object.fromEntries(entries) : part;
}

function plainBelow(value: unknown, path: string, depth: number, faults: string[]): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || depth >= MAX_DEPTH) return value;
  return plainPart(value as Json, path, depth + 1, faults);
}

/** A name, or the names of a list, that are plain; undefined where none is left. Other values are not names and stay. */
function plainNames(value: unknown, path: string, faults: string[]): unknown {
  const isOdd = (name: unknown) => typeof name === 'string' && !PLAIN.test(name);
  if (isOdd(value)) return tell(value, path, faults);
  if (!Array.isArray(value) || !value.some(isOdd)) return value;
  for (const name of value.filter(isOdd)) tell(name, path, faults);
  const rest = value.filter((name) => !isOdd(name));
  return rest.length === 0 ? undefined : rest;
}

function tell(name: unknown, path: string, faults: string[]): undefined {
  faults.push(
    `${quote(path)} in config.json is ${quote(String(name))}, which no model type or class is called: it is treated as unknown.`,
  );
}
