import type { Checkpoint } from '../checkpoint/types.ts';
import type { CarriedMetadata } from './types.ts';

/** What loaders read by this key is one word, so values are never joined. */
const FORMAT = 'format';
const USUAL_FORMAT = 'pt';

/**
 * The `__metadata__` of all shards as one, by keys in the order in which they first stand.
 *
 * A key that says the same wherever it stands is carried as it is. Where shards say different things, objects are joined
 * key by key when no key differs, and other values stand one a line in the order of the shards. `format` is the first
 * shard's word, `pt` where none has one: loaders want it.
 */
export function carriedMetadata({ shards }: Pick<Checkpoint, 'shards'>): readonly CarriedMetadata[] {
  const values = new Map<string, Set<string>>([[FORMAT, new Set()]]);
  for (const { metadata } of shards)
    for (const [key, value] of metadata ?? []) values.set(key, (values.get(key) ?? new Set()).add(value));
  return [...values].map(([key, different]) => {
    const [first = USUAL_FORMAT] = different;
    if (different.size < 2) return { key, value: first, joined: null };
    if (key === FORMAT) return { key, value: first, joined: null };
    return { key, value: joinObjects([...different]) ?? [...different].join('\n'), joined: different.size };
  });
}

/** One JSON object of several that contradict each other nowhere; null for anything else. */
function joinObjects(texts: readonly string[]): string | null {
  const joined = new Map<string, unknown>();
  for (const text of texts) {
    const value = objectOf(text);
    if (value === null) return null;
    for (const [key, entry] of Object.entries(value)) {
      if (joined.has(key) && JSON.stringify(joined.get(key)) !== JSON.stringify(entry)) return null;
      joined.set(key, entry);
    }
  }
  return JSON.stringify(Object.fromEntries(joined));
}

function objectOf(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}
