import { LoomError } from '../errors.ts';
import { isInside } from '../inside.ts';
import { quote } from './json-scanner.ts';
import { formatPythonJson } from './python-json.ts';
import { assertWellFormed } from './utf8.ts';

/** The name of the index when nothing else is said. */
export const INDEX_FILE = 'model.safetensors.index.json';

/** As @huggingface/hub caps it; the largest index known (Kimi K3, 497,000 tensors) has 60 MB. */
export const MAX_INDEX_BYTES = 250_000_000;

const MAP_TAG = 'index-weight-map-invalid';
const SUFFIX = '.safetensors';
/** Control characters, and what would make a name an address, a query, an escape or a Windows path. */
const FORBIDDEN = /[\p{Cc}\\:?#%]/u;

/**
 * Refuses a shard name that is not a plain relative path: what it names could lie outside the folder, or at another
 * address (transformers #47176, huggingface_hub #4916).
 *
 * @throws LoomError `index-file-name-invalid`.
 */
export function assertShardName(name: string, file: string): void {
  checkShardName(name, { file });
}

/** As {@link assertShardName}, with the byte and the tensor it stands at. */
export function checkShardName(name: string, fields: { file: string; byte?: number; tensor?: string }): void {
  const fault = shardNameFault(name);
  if (fault === null) return;
  const byte = fields.byte === undefined ? '' : `byte ${fields.byte} of `;
  throw new LoomError(
    'index-file-name-invalid',
    `The shard name ${quote(name)} ${fault} (${byte}${fields.file}).`,
    fields,
  );
}

function shardNameFault(name: string): string | null {
  if (name === '') return 'is empty';
  if (FORBIDDEN.test(name)) return 'has a character that a plain file name does not have';
  if (!name.endsWith(SUFFIX)) return `does not end in ${SUFFIX}`;
  if (name.startsWith('/')) return 'is an absolute path';
  return isInside(`/${name}`, '') ? null : 'has an empty or dotted part';
}

export interface IndexParts {
  readonly weightMap: ReadonlyMap<string, string>;
  /** Bytes of all tensors, without headers. */
  readonly totalSize: number;
  /** Further members of the index's `metadata`. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
}

/**
 * The text of an index as transformers and huggingface_hub write it: Python's JSON, two spaces, keys sorted.
 *
 * @throws LoomError `index-weight-map-invalid`, `index-file-name-invalid`, `name-not-well-formed` for what `parseIndex`
 * would refuse.
 */
export function formatIndex({ weightMap, totalSize, metadata = {} }: IndexParts): string {
  if (weightMap.size === 0) throw new LoomError(MAP_TAG, 'An index without tensors cannot be written.');
  for (const shard of new Set(weightMap.values())) assertShardName(shard, INDEX_FILE);
  for (const name of weightMap.keys()) assertWellFormed(name);
  const members = new Map([...Object.entries(metadata), ['total_size', totalSize]]);
  return `${formatPythonJson({ metadata: members, weight_map: weightMap })}\n`;
}
