import type {
  ModelOverrides,
  OwnOptions,
  PlacementError,
  PlacementOptions,
  PlacingProgram,
  Setting,
  SettingValue,
} from './types.ts';

/** Options by short names that every program takes. The rules of the program decide whether it supports the size. */
const COMMON: Readonly<Record<string, Setting>> = {
  world: { kind: 'count', of: 'world', title: 'Number of ranks' },
  tp: { kind: 'count', of: 'tp', title: 'Tensor-parallel size' },
  pp: { kind: 'count', of: 'pp', title: 'Pipeline-parallel size' },
  dp: { kind: 'count', of: 'dp', title: 'Data-parallel size' },
  cp: { kind: 'count', of: 'cp', title: 'Context-parallel size' },
  ep: { kind: 'count', of: 'ep', title: 'Expert-parallel size' },
  etp: { kind: 'count', of: 'etp', title: 'Tensor-parallel size inside experts' },
};

/** Facts of the model by the names that configs and programs give them. */
const MODEL: Readonly<Record<string, keyof ModelOverrides>> = {
  E: 'experts',
  num_experts: 'experts',
  num_expert_group: 'expertGroups',
  n_group: 'expertGroups',
  moe_intermediate_size: 'intermediate',
  weight_block_size_n: 'blockRows',
};

/** The values of a list of `name=value`: sizes and options of a set-up, and facts of the model. */
export interface SetValues {
  readonly options: PlacementOptions;
  readonly model: ModelOverrides;
}

/** The settings that a program takes in {@link readSettings}, by name. */
export function settingsOf({ placement }: PlacingProgram): Readonly<Record<string, Setting>> {
  return { ...COMMON, ...placement.settings };
}

/**
 * Sizes by a program's own option names and by the short ones; lists and maps are JSON.
 *
 * An error names the entry, what it may be, and which names there are. A name is taken once, and so is a size.
 */
export function readSettings(program: PlacingProgram, entries: readonly string[]): SetValues | PlacementError {
  const settings = settingsOf(program);
  const model: Record<string, number> = {};
  const options: Record<string, unknown> = {};
  const own: Record<string, SettingValue> = {};
  for (const entry of entries) {
    const at = entry.indexOf('=');
    const [name, text] = at < 0 ? [entry, ''] : [entry.slice(0, at), entry.slice(at + 1)];
    if (at < 1) return { error: `"${entry}" must have the form name=value.` };
    const fact = Object.hasOwn(MODEL, name) ? MODEL[name] : undefined;
    const setting = Object.hasOwn(settings, name) ? settings[name] : undefined;
    if (setting === undefined && fact === undefined) {
      const known = [...Object.keys(settings), ...Object.keys(MODEL)].join(', ');
      return { error: `${program.title} has no option "${name}" here. Known options: ${known}.` };
    }
    const value = setting ? settingValue(setting, text) : wholeNumber(text);
    if (value === undefined) return { error: `${name} must be ${wanted(setting)}, not "${text}".` };
    const [target, key] = setting === undefined ? [model, fact ?? name] : placeOf(setting, name, value, options, own);
    if (Object.hasOwn(target, key)) return { error: `${name} is set twice.` };
    target[key] = setting?.kind === 'word' ? strategyOr(setting, value) : value;
  }
  return { options: { ...options, ...(Object.keys(own).length > 0 ? { own } : {}) }, model };
}

/** Where a value goes: under the size that its option is another name of, or under the program's own name. */
function placeOf(
  { of, as, kind, words }: Setting,
  name: string,
  value: SettingValue,
  options: Record<string, unknown>,
  own: Record<string, unknown>,
): readonly [Record<string, unknown>, string] {
  if (kind === 'word' && words && typeof words[String(value)] === 'string') return [options, 'strategy'];
  const isWord = kind === 'count' && typeof value === 'string';
  return of === undefined || isWord ? [own, as ?? name] : [options, of];
}

function strategyOr({ words }: Setting, value: SettingValue): SettingValue {
  const meant = words?.[String(value)];
  return typeof meant === 'string' ? meant : value;
}

/** A value as its option takes it; undefined where the text is none. */
function settingValue({ kind, words }: Setting, text: string): SettingValue | undefined {
  switch (kind) {
    case 'count':
      return words && Object.hasOwn(words, text) ? text : wholeNumber(text);
    case 'flag':
      return /^true$/i.test(text) || text === '1' ? true : /^false$/i.test(text) || text === '0' ? false : undefined;
    case 'word':
      return words === undefined || Object.hasOwn(words, text) ? text : undefined;
    case 'json':
      return fromJson(text);
  }
}

function wholeNumber(text: string): number | undefined {
  return /^\d{1,7}$/.test(text) ? Number(text) : undefined;
}

function fromJson(text: string): SettingValue | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as SettingValue) : undefined;
  } catch {
    return undefined;
  }
}

function wanted(setting: Setting | undefined): string {
  const words = Object.keys(setting?.words ?? {}).join(', ');
  switch (setting?.kind) {
    case 'flag':
      return 'true or false';
    case 'word':
      return `one of ${words}`;
    case 'json':
      return 'a JSON list or object';
    case 'count':
    case undefined:
      return words === '' ? 'a whole number' : `a whole number or ${words}`;
  }
}

/** A number of a program's own options, or what stands in for it. */
export function countOf({ own }: { readonly own?: OwnOptions | undefined }, name: string, otherwise = 1): number {
  const value = own?.[name];
  return typeof value === 'number' ? value : otherwise;
}

/** A flag of a program's own options, or what stands in for it. */
export function flagOf({ own }: { readonly own?: OwnOptions | undefined }, name: string, otherwise = false): boolean {
  const value = own?.[name];
  return typeof value === 'boolean' ? value : otherwise;
}

/** A word of a program's own options, or what stands in for it. */
export function wordOf({ own }: { readonly own?: OwnOptions | undefined }, name: string, otherwise: string): string {
  const value = own?.[name];
  return typeof value === 'string' ? value : otherwise;
}
