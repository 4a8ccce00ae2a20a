import type { ShardIndex } from '../safetensors/types.ts';
import { formatInteger, plural } from '../units.ts';
import { finding } from './make-finding.ts';
import type { Finding } from './types.ts';

/** Shards that get a finding each; of more there is one, which names the first of them. */
const EACH = 5;

/** Shards that are not there, with what the index says they held. */
export function missingShards(
  files: readonly string[],
  index: ShardIndex | null,
  layerOf: (name: string) => number | null,
): Finding[] {
  if (files.length <= EACH)
    return files.map((file) => {
      const what = heldWords('it held', namesIn([file], index), layerOf);
      return finding('shard-missing', `The shard ${file} is missing${what && `; ${what}`}.`, { file });
    });
  const total = new Set(index?.weightMap.values()).size;
  const what = heldWords('they held', namesIn(files, index), layerOf);
  const some = files.slice(0, EACH).join(', ');
  const message = `${files.length} of ${formatInteger(total)} shards are missing: ${some} and ${files.length - EACH} more${what && `; ${what}`}.`;
  return [finding('shard-missing', message, { file: files[0] })];
}

/** Tensors that an index puts into these shards. */
export function namesIn(files: readonly string[], index: ShardIndex | null): readonly string[] {
  const wanted = new Set(files);
  return [...(index?.weightMap ?? [])].flatMap(([tensor, shard]) => (wanted.has(shard) ? [tensor] : []));
}

/** `it held layers 47–48, 115 tensors`, empty where there are none. */
export function heldWords(it: string, names: readonly string[], layerOf: (name: string) => number | null): string {
  if (names.length === 0) return '';
  const layers = new Set<number>();
  let outside = 0;
  for (const name of names) {
    const layer = layerOf(name);
    if (layer === null) outside++;
    else layers.add(layer);
  }
  const places = [
    ...(layers.size > 0 ? [`${layers.size === 1 ? 'layer' : 'layers'} ${runs([...layers])}`] : []),
    ...(layers.size > 0 && outside > 0 ? [`${plural(outside, 'tensor')} outside layers`] : []),
  ];
  const count = plural(names.length, 'tensor');
  return `${it} ${[places.join(' and '), count].filter(Boolean).join(', ')}${places.length > 1 ? ' in all' : ''}`;
}

/** `0–2, 5`. */
function runs(numbers: readonly number[]): string {
  const sorted = numbers.toSorted((a, b) => a - b);
  const parts: string[] = [];
  for (let i = 0; i < sorted.length; ) {
    let j = i;
    while (sorted[j + 1] === (sorted[j] ?? 0) + 1) j++;
    parts.push(i === j ? `${sorted[i]}` : `${sorted[i]}–${sorted[j]}`);
    i = j + 1;
  }
  return parts.join(', ');
}
