import { isJsonObject } from '../safetensors/strict-json.ts';
import { quantisationOf } from './config.ts';

type Json = Readonly<Record<string, unknown>>;

/** Keys under which quantisers list modules that stay as they are. */
const LISTS = [
  'ignore',
  'ignored_layers',
  'modules_to_not_convert',
  'exclude_modules',
  'exclude',
  'llm_int8_skip_modules',
  'skip_modules',
] as const;

/** How a program compares an entry with a module's name. */
export type IgnoreRule = (entry: string) => (module: string) => boolean;

/** Where an entry of a list came from. */
export interface IgnoreEntry {
  readonly key: string;
  readonly entry: string;
}

/** Every entry of a config that says of a module that it is not quantised. */
export function ignoreEntries(config: Json | null): IgnoreEntry[] {
  const said = quantisationOf(config);
  if (said === null) return [];
  const listed = LISTS.flatMap((key) => {
    const list = said[key];
    return Array.isArray(list) ? list.filter(isText).map((entry) => ({ key, entry })) : [];
  });
  const dynamic = isJsonObject(said.dynamic) ? Object.keys(said.dynamic) : [];
  const left = dynamic.flatMap((entry) =>
    entry.startsWith('-:') ? [{ key: 'dynamic', entry: `re:${entry.slice(2)}` }] : [],
  );
  const extra = isJsonObject(said.extra_config) ? Object.entries(said.extra_config) : [];
  const wide = extra.flatMap(([entry, how]) =>
    isJsonObject(how) && Number(how.bits) >= 16 ? [{ key: 'extra_config', entry }] : [],
  );
  return [...listed, ...left, ...wide];
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}

/** A config may be anybody's: longer patterns, with more repetitions or with groups that repeat, could take for ever. */
const LONGEST_PATTERN = 200;
const MOST_REPETITIONS = 6;
const REPEATED_GROUP = /\)[*+{]/;

function isTried(pattern: string): boolean {
  const repetitions = pattern.match(/[*+{]/g)?.length ?? 0;
  return pattern.length <= LONGEST_PATTERN && repetitions <= MOST_REPETITIONS && !REPEATED_GROUP.test(pattern);
}

/** A pattern of Python's `re.match`: from the start, open at the end. One that cannot be tried matches nothing. */
function fromStart(pattern: string): (module: string) => boolean {
  if (!isTried(pattern)) return () => false;
  try {
    const parsed = new RegExp(`^(?:${pattern})`);
    return (module) => parsed.test(module);
  } catch {
    return () => false;
  }
}

const quoted = (text: string) => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** `re:` patterns and wildcards as they are; else the module, a module above it, or the end of its name, at dots. */
export const byName: IgnoreRule = (entry) => {
  if (entry.startsWith('re:')) return fromStart(entry.slice(3));
  if (entry.includes('*')) {
    if (!isTried(entry)) return () => false;
    const whole = new RegExp(`^${entry.split('*').map(quoted).join('.*')}(?:$|\\.)`);
    return (module) => whole.test(module);
  }
  return (module) => `.${module}.`.includes(`.${entry}.`);
};

/** A pattern from the start, open at the end; or the end of the name. */
export const byPatternOrEnd: IgnoreRule = (entry) => {
  const pattern = fromStart(entry);
  return (module) => pattern(module) || module.endsWith(entry);
};

/** The first entry that says of a module that it is not quantised, by a rule; null where none does. */
export function createIgnoreTest(
  entries: readonly IgnoreEntry[],
  rule: IgnoreRule = byName,
): (module: string) => IgnoreEntry | null {
  const tests = entries.map((entry) => ({ entry, takes: rule(entry.entry) }));
  return (module) => tests.find(({ takes }) => takes(module))?.entry ?? null;
}
