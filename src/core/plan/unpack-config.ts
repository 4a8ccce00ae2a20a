import type { ConfigChange } from './types.ts';

const QUANTISATION = ['quantization_config', 'compression_config'];
const DTYPES = ['torch_dtype', 'dtype'];
const BF16 = 'bfloat16';

/** What config.json must say of weights that are no longer quantised: no quantisation, and bf16. */
export function unpackedConfigChanges(config: Readonly<Record<string, unknown>> | null): ConfigChange[] {
  if (!config) return [];
  const nested = Object.entries(config).filter(([key, value]) => /_config$/.test(key) && isObject(value));
  const places: [string, Readonly<Record<string, unknown>>][] = [
    ['', config],
    ...nested
      .filter(([key]) => !QUANTISATION.includes(key))
      .map(([key, value]): [string, Readonly<Record<string, unknown>>] => [
        `${key}.`,
        value as Readonly<Record<string, unknown>>,
      ]),
  ];
  return places.flatMap(([path, place]) => [...removals(path, place), ...dtypes(path, place)]);
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function removals(path: string, place: Readonly<Record<string, unknown>>): ConfigChange[] {
  return QUANTISATION.filter((key) => place[key] !== undefined).map((key) => ({
    key: path + key,
    before: place[key],
    after: null,
    removed: true,
    reason: 'The weights are no longer quantised.',
  }));
}

/** Both spellings where both stand; transformers 4's, which 5 reads too, where the top has none. */
function dtypes(path: string, place: Readonly<Record<string, unknown>>): ConfigChange[] {
  const known = DTYPES.filter((key) => place[key] !== undefined);
  const keys = known.length > 0 || path !== '' ? known : ['torch_dtype'];
  return keys
    .filter((key) => place[key] !== BF16)
    .map((key) => ({ key: path + key, before: place[key], after: BF16, reason: 'The weights are bf16 now.' }));
}
