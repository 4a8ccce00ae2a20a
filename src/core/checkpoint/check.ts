import { mapConcurrent } from '../concurrency.ts';
import { type ErrorTag, isAbort, isLoomError, LoomError } from '../errors.ts';
import { MAX_INDEX_BYTES, parseIndex } from '../safetensors/index-file.ts';
import { readHeader } from '../safetensors/read-header.ts';
import type { Header, ShardIndex } from '../safetensors/types.ts';
import type { FileSet } from '../source/types.ts';
import { finding } from './finding.ts';
import { readWhole } from './open.ts';
import type { Finding } from './types.ts';

export interface CheckedFile {
  readonly file: string;
  readonly valid: boolean;
  readonly error: { readonly tag: ErrorTag; readonly message: string } | null;
}

export interface CheckResult {
  readonly files: readonly CheckedFile[];
  readonly findings: readonly Finding[];
}

const FILES_AT_ONCE = 8;
const INDEX = /\.safetensors\.index\.json$/;

/**
 * Checks every safetensors file and index of a set against the format's rules, and indexes against their shards.
 *
 * @throws LoomError `no-checkpoint` when there is nothing to check.
 */
export async function checkFiles(files: FileSet, signal?: AbortSignal): Promise<CheckResult> {
  const names = (await files.list({ signal })).map((entry) => entry.name);
  const indexes = names.filter((name) => INDEX.test(name));
  // A set of one file is what the caller named, whatever its ending.
  const shards = names.filter((name) => !INDEX.test(name) && (name.endsWith('.safetensors') || names.length === 1));
  if (indexes.length + shards.length === 0) {
    throw new LoomError('no-checkpoint', `There is no safetensors file and no index in ${files.identity}.`, { file: files.identity });
  }
  const headers = new Map<string, Header>();
  const checked = await mapConcurrent(shards, FILES_AT_ONCE, (file, inner) => checkShard(files, file, headers, inner), signal);
  const findings: Finding[] = [];
  for (const file of indexes) checked.push(await checkIndex(files, file, names, headers, findings, signal));
  return { files: checked, findings };
}

async function checkShard(files: FileSet, file: string, headers: Map<string, Header>, signal: AbortSignal): Promise<CheckedFile> {
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
    const index = parseIndex(await readWhole(files, file, MAX_INDEX_BYTES, signal), { file });
    const folder = file.slice(0, file.lastIndexOf('/') + 1);
    if (names.length > 1) assertShards(index, file, folder, new Set(names), headers);
    findings.push(...indexFindings(index, file, folder, headers));
  });
}

async function verdict(file: string, check: () => Promise<void>): Promise<CheckedFile> {
  try {
    await check();
    return { file, valid: true, error: null };
  } catch (error) {
    if (isAbort(error) || !isLoomError(error)) throw error;
    return { file, valid: false, error: { tag: error.tag, message: error.message } };
  }
}

/** @throws LoomError `index-shard-missing`, `index-tensor-missing` for the first name that leads nowhere. */
function assertShards(index: ShardIndex, file: string, folder: string, names: ReadonlySet<string>, headers: ReadonlyMap<string, Header>): void {
  for (const [tensor, shard] of index.weightMap) {
    if (!names.has(folder + shard)) {
      throw new LoomError('index-shard-missing', `${file} names the shard ${shard}, which is not there.`, { file, tensor });
    }
    const header = headers.get(folder + shard);
    if (header && !header.tensors.has(tensor)) {
      throw new LoomError('index-tensor-missing', `${file} says that ${tensor} is in ${shard}; it is not.`, { file, tensor });
    }
  }
}

function indexFindings(index: ShardIndex, file: string, folder: string, headers: ReadonlyMap<string, Header>): Finding[] {
  const findings: Finding[] = [];
  let total = 0;
  let complete = true;
  for (const shard of new Set(index.weightMap.values())) {
    const header = headers.get(folder + shard);
    complete &&= header !== undefined;
    for (const tensor of header?.tensors.values() ?? []) {
      const owner = index.weightMap.get(tensor.name);
      if (owner === shard) total += tensor.end - tensor.start;
      else if (owner === undefined) {
        findings.push(finding('tensor-orphan', `${tensor.name} is in ${shard} but not in ${file}; some loaders read it, some do not.`, { file: shard, tensor: tensor.name }));
      } else {
        findings.push(finding('tensor-shadowed', `${tensor.name} is also in ${shard}; ${file} says ${owner}, which counts.`, { file: shard, tensor: tensor.name }));
      }
    }
  }
  if (complete && index.totalSize !== null && index.totalSize !== total) {
    findings.push(finding('total-size-wrong', `${file} states a total of ${index.totalSize} bytes; its tensors have ${total}.`, { file }));
  }
  return findings;
}
