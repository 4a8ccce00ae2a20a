import { mapConcurrent } from '../concurrency.ts';
import { ERROR_TAGS, type ErrorTag, isAbort, isLoomError, LoomError } from '../errors.ts';
import { readIndexName } from '../safetensors/index-name.ts';
import { readHeader } from '../safetensors/read-header.ts';
import type { Header, ShardIndex } from '../safetensors/types.ts';
import type { FileSet } from '../source/types.ts';
import { crossCheck } from './cross-check.ts';
import { numberingGaps } from './listing.ts';
import { nothingHere } from './nothing-here.ts';
import { readCheckpointIndex } from './open.ts';
import type { Finding } from './types.ts';
import { unfinishedDownloads } from './unfinished.ts';

export interface CheckedFile {
  readonly file: string;
  readonly valid: boolean;
  readonly error: { readonly tag: ErrorTag; readonly message: string } | null;
  /** Where in the file its error is, counted from byte 0; absent where that is not one place. */
  readonly byte?: number;
  /** The tensor that its error is about; absent where it is about none. */
  readonly tensor?: string;
}

export interface CheckResult {
  readonly files: readonly CheckedFile[];
  readonly findings: readonly Finding[];
}

const FILES_AT_ONCE = 8;

/**
 * Checks every safetensors file and index of a set against the format's rules, and indexes against their shards.
 *
 * @throws LoomError `no-checkpoint` when there is nothing to check, and what reading throws where a file cannot be read
 * (`file-not-permitted`, `read-failed`): it is then not known to be invalid.
 */
export async function checkFiles(files: FileSet, signal?: AbortSignal): Promise<CheckResult> {
  const entries = await files.list({ signal });
  const names = entries.map((entry) => entry.name);
  const indexes = names.filter((name) => isIndex(name));
  // A set of one file is what the caller named, whatever its ending.
  const shards = names.filter((name) => !isIndex(name) && (/\.safetensors$/i.test(name) || names.length === 1));
  if (indexes.length + shards.length === 0) {
    throw nothingHere(files.identity, entries);
  }
  const headers = new Map<string, Header>();
  const checked = await mapConcurrent(
    shards,
    FILES_AT_ONCE,
    (file, inner) => checkShard(files, file, headers, inner),
    signal,
  );
  const findings: Finding[] = indexes.length === 0 && shards.length > 0 ? numberingGaps(shards) : [];
  findings.push(...unfinishedDownloads(names));
  for (const file of indexes) checked.push(await checkIndex(files, file, names, headers, findings, signal));
  return { files: checked, findings };
}

function isIndex(name: string): boolean {
  return readIndexName(name) !== null;
}

async function checkShard(
  files: FileSet,
  file: string,
  headers: Map<string, Header>,
  signal: AbortSignal,
): Promise<CheckedFile> {
  return verdict(file, async () => {
    const source = await files.open(file, { signal });
    try {
      headers.set(file, await readHeader(source, { file, signal }));
    } finally {
      await source.dispose?.();
    }
  });
}

async function checkIndex(
  files: FileSet,
  file: string,
  names: readonly string[],
  headers: ReadonlyMap<string, Header>,
  findings: Finding[],
  signal: AbortSignal | undefined,
): Promise<CheckedFile> {
  return verdict(file, async () => {
    const index = await readCheckpointIndex(files, file, signal);
    const folder = file.slice(0, file.lastIndexOf('/') + 1);
    if (names.length > 1) assertPresent(index, file, folder, new Set(names));
    const held = [...new Set(index.weightMap.values())].flatMap((shard) => {
      const header = headers.get(folder + shard);
      return header ? [[shard, header.tensors] as const] : [];
    });
    const checked = crossCheck(index, file, new Map(held));
    if (checked.stale) throw new LoomError('index-tensor-missing', checked.stale.message, { file });
    const [absent] = checked.absent;
    if (absent) {
      throw new LoomError(
        'index-tensor-missing',
        `${file} says that ${absent.tensor} is in ${absent.shard}; it is not.`,
        { file, tensor: absent.tensor },
      );
    }
    findings.push(...checked.findings);
  });
}

async function verdict(file: string, check: () => Promise<void>): Promise<CheckedFile> {
  try {
    await check();
    return { file, valid: true, error: null };
  } catch (error) {
    if (isAbort(error) || !isLoomError(error) || isOfTheWay(error)) throw error;
    const { byte, tensor } = error.fields;
    return {
      file,
      valid: false,
      error: { tag: error.tag, message: error.message },
      ...(byte === undefined ? {} : { byte }),
      ...(tensor === undefined ? {} : { tensor }),
    };
  }
}

/** True where the bytes could not be had: then the file is neither valid nor invalid. */
function isOfTheWay({ tag }: LoomError): boolean {
  return ERROR_TAGS[tag].exit === 2 && tag !== 'path-not-found' && tag !== 'not-a-file';
}

/** @throws LoomError `index-shard-missing` for the first shard that is not there. */
function assertPresent(index: ShardIndex, file: string, folder: string, names: ReadonlySet<string>): void {
  for (const [tensor, shard] of index.weightMap) {
    if (!names.has(folder + shard)) {
      throw new LoomError('index-shard-missing', `${file} names the shard ${shard}, which is not there.`, {
        file,
        tensor,
      });
    }
  }
}
