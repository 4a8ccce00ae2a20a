import { mapConcurrent } from '../concurrency.ts';
import { ERROR_TAGS, type ErrorFields, isAbort, isLoomError, LoomError, toWire } from '../errors.ts';
import { MAX_INDEX_BYTES } from '../safetensors/index-file.ts';
import { nameForeignJson } from '../safetensors/not-weights.ts';
import {
  createWindowGuide,
  type ListedSizes,
  readHeader,
  type ShardNames,
  type WindowGuide,
} from '../safetensors/read-header.ts';
import { parseIndex, readIndex } from '../safetensors/read-index.ts';
import type { ShardIndex } from '../safetensors/types.ts';
import type { HeaderCache } from '../source/header-cache.ts';
import type { ByteSource, FileSet } from '../source/types.ts';
import { assembleCheckpoint, type ParsedConfig, type ShardOutcome } from './assemble.ts';
import { isUnread } from './finding-tags.ts';
import { configAbsent, type Listing, listCheckpoint, SINGLE_FILE } from './listing.ts';
import { finding } from './make-finding.ts';
import { parseConfig } from './parse-config.ts';
import { withPlainNames } from './plain-names.ts';
import { readParsed, type Way } from './read-parsed.ts';
import { type Knowledge, NO_KNOWLEDGE } from './slices.ts';
import { ignoredIndex, leftOutOfSeries, staleSplit, withRankFiles } from './split.ts';
import type { Checkpoint, Finding } from './types.ts';

/** Shards whose headers are read at once; where that is a matter of manners, the source itself lets fewer through. */
const HEADERS_AT_ONCE = 48;
/** A config is small; anything larger is a mistake or an attack. */
const MAX_CONFIG_BYTES = 20e6;

export interface OpenOptions {
  readonly signal?: AbortSignal | undefined;
  /** Read the index before the shards (`first`, the default), leave it to {@link readCheckpointIndex} (`later`), or read the shards without it (`none`). */
  readonly index?: 'first' | 'later' | 'none';
  /** What other rooms know of files and names; the core's `openCheckpoint` brings all of it. */
  readonly knowledge?: Knowledge | undefined;
  /** Called as each header arrives, with the checkpoint as far as it is known. */
  readonly onShard?: (progress: OpenProgress) => void;
  /** Asked before the source for headers, config and index; what is read is put there. */
  readonly cache?: HeaderCache | null | undefined;
  /** What earlier openings of the same files have read: this one reads the rest. An opening with `later` leaves its own to the next one of the same set. */
  readonly memory?: OpenMemory | undefined;
}

export interface OpenProgress {
  readonly done: number;
  readonly total: number;
  /** The checkpoint of the shards read so far: built only when asked for. */
  readonly partial: () => Checkpoint;
}

/** What openings of one set of files came to. To try again what failed, {@link forgetUnread} and open with it again. */
export interface OpenMemory {
  readonly shards: Map<string, ReadOutcome>;
  config: Outcome<ParsedConfig | null> | null;
  index: Outcome<ShardIndex | null> | null;
}

/** What openings that left the index for later have read, for the one that adds it. */
const leftForLater = new WeakMap<FileSet, OpenMemory>();

export function createOpenMemory(): OpenMemory {
  return { shards: new Map(), config: null, index: null };
}

/** Lets the next opening read what could not be read before: nothing else. */
export function forgetUnread(memory: OpenMemory): void {
  for (const [file, { unread }] of memory.shards) if (unread) memory.shards.delete(file);
  if (memory.config?.unread) memory.config = null;
  if (memory.index?.unread) memory.index = null;
}

/** Files of a checkpoint that could not be read this time: trying again may help. */
export function unreadFiles(checkpoint: Checkpoint): readonly string[] {
  return checkpoint.findings.filter(isUnread).flatMap(({ file }) => file ?? []);
}

/**
 * Reads headers, index and config of a set of files, never tensor bytes, and joins them into one checkpoint.
 *
 * Shards that cannot be read become findings, `shard-unread` where trying again may help; when none can, the first
 * one's error is thrown. With `index: 'later'` no picture of a header waits for more than that header and the listing.
 * @throws LoomError `no-checkpoint`, `lora-adapter`, `cancelled`, or a lone shard's own error.
 */
export async function openCheckpoint(files: FileSet, options: OpenOptions = {}): Promise<Checkpoint> {
  const { signal, memory = leftForLater.get(files) ?? createOpenMemory() } = options;
  if (options.index === 'later') leftForLater.set(files, memory);
  else leftForLater.delete(files);
  const { sliceFormats } = options.knowledge ?? NO_KNOWLEDGE;
  const listed = await files.list({ signal });
  const listing = listCheckpoint(files.identity, listed, { sliceFormats });
  const opening: Opening = {
    files,
    lengths: new Map(listed.map(({ name, byteLength }) => [name, byteLength])),
    listing,
    options,
    memory,
    arrived: new Map(),
    beside: [],
    config: NOTHING,
    index: NOTHING,
  };
  if (options.index === 'none' && listing.index !== null) leaveIndexOut(opening, ignoredIndex(listing.index));
  if (options.index === 'later' && listing.index !== null) opening.index = { value: 'unread', findings: [] };
  else [opening.config, opening.index] = await Promise.all([readConfig(opening), readIndexOf(opening)]);
  const stale = staleSplit(listing, opening.index.value);
  if (stale) leaveIndexOut(opening, stale);
  const { value: index } = opening.index;
  const named = index && index !== 'unread' ? [...new Set(index.weightMap.values())].sort() : null;
  const shards = named ? withRankFiles(named, listed, sliceFormats) : opening.listing.shards;
  await readShards(opening, shards);
  await readBeside(opening, named ? leftOutOfSeries(shards, listed) : []);
  const outcomes = shards.flatMap((file) => opening.arrived.get(file) ?? []);
  const first = outcomes[0];
  if (first && 'error' in first && outcomes.every((outcome) => 'error' in outcome)) {
    throw new LoomError(first.error.tag, first.error.message, { ...first.fields, file: first.file });
  }
  return assemble(opening, outcomes);
}

/** Goes on as if there were no index; the finding says why. */
function leaveIndexOut(opening: Opening, why: Finding): void {
  const { sliceFormats } = opening.options.knowledge ?? NO_KNOWLEDGE;
  const { files } = opening.listing;
  const without = listCheckpoint(opening.files.identity, files, { sliceFormats, withoutIndex: true });
  opening.listing = { ...without, findings: [why, ...without.findings] };
  opening.index = NOTHING;
}

/** One opening under way. */
interface Opening {
  readonly files: FileSet;
  /** Bytes of each listed file. */
  readonly lengths: ReadonlyMap<string, number>;
  listing: Listing;
  readonly options: OpenOptions;
  readonly memory: OpenMemory;
  readonly arrived: Map<string, ReadOutcome>;
  readonly beside: ShardOutcome[];
  config: Outcome<ParsedConfig | null>;
  index: Outcome<ShardIndex | 'unread' | null>;
}

/** What came of one shard; `unread` for an error of the way to it, not of the file, with what it said beside. */
export type ReadOutcome = ShardOutcome & { readonly unread?: true; readonly fields?: ErrorFields };

/**
 * All shards are asked for at once where the index, or its length, tells how long headers are. Else the first comes
 * alone, and the others as it tells; so it does where files may be refused, which one request finds out.
 */
async function readShards(opening: Opening, shards: readonly string[]): Promise<void> {
  const { options, index } = opening;
  const names = index.value && index.value !== 'unread' ? namesByShard(index.value) : null;
  const sizes = names === null ? listedSizes(opening.listing) : null;
  const guide = createWindowGuide(sizes);
  const read = async (file: string, signal: AbortSignal | undefined) => {
    const outcome = await readShard(opening, file, guide, names?.get(file), signal);
    opening.arrived.set(file, outcome);
    opening.memory.shards.set(file, outcome);
    const partial = () => assemble(opening, [...opening.arrived.values()]);
    options.onShard?.({ done: opening.arrived.size, total: shards.length, partial });
  };
  const [first] = shards;
  const alone = names === null && first !== undefined && (sizes === null || opening.files.guarded === true);
  if (alone) await read(first, options.signal);
  const readLayers = async () => {
    // Known to every picture from here on, not only to the last one: it says how many layers there are.
    if (names === null) opening.config = await readConfig(opening);
  };
  // The first header comes before the config in the queue, for the picture waits for it alone; the others come after it.
  let config: Promise<void> | null = alone ? readLayers() : null;
  const readNext: typeof read = (file, signal) => {
    const reading = read(file, signal);
    config ??= readLayers();
    return reading;
  };
  const rest = mapConcurrent(alone ? shards.slice(1) : shards, HEADERS_AT_ONCE, readNext, options.signal);
  await Promise.all([config ?? readLayers(), rest]);
}

/** Headers of files that the index leaves out, as far as they can be read: they are no shards unless all are slices. */
async function readBeside(opening: Opening, names: readonly string[]): Promise<void> {
  const guide = createWindowGuide(null);
  const read = async (file: string, signal: AbortSignal | undefined) => {
    const outcome = await readShard(opening, file, guide, undefined, signal);
    if (!('error' in outcome)) opening.beside.push(outcome);
  };
  await mapConcurrent(names, HEADERS_AT_ONCE, read, opening.options.signal);
  opening.beside.sort((a, b) => (a.file < b.file ? -1 : 1));
}

/** Null where no index is listed, or one shard, of which the first window holds what there is. */
function listedSizes({ files, index, shards }: Listing): ListedSizes | null {
  if (index === null || shards.length < 2) return null;
  const lengths = new Map(files.map(({ name, byteLength }) => [name, byteLength]));
  const shardBytes = shards.reduce((sum, name) => sum + (lengths.get(name) ?? 0), 0);
  return { indexBytes: lengths.get(index) ?? 0, shardName: shards[0]?.length ?? 0, shardBytes };
}

function namesByShard({ weightMap }: ShardIndex): ReadonlyMap<string, ShardNames> {
  const names = new Map<string, { count: number; bytes: number }>();
  for (const [tensor, shard] of weightMap) {
    const sum = names.get(shard) ?? { count: 0, bytes: 0 };
    names.set(shard, sum);
    sum.count++;
    sum.bytes += tensor.length;
  }
  return names;
}

function assemble(
  { files, listing, config, index, options, beside }: Opening,
  outcomes: readonly ReadOutcome[],
): Checkpoint {
  const unread = outcomes.flatMap((outcome) => {
    if (!outcome.unread || !('error' in outcome)) return [];
    const { tag, message } = outcome.error;
    return [finding('shard-unread', message, { file: outcome.file, cause: tag })];
  });
  return assembleCheckpoint({
    identity: files.identity,
    listing,
    outcomes: outcomes.filter((outcome) => !outcome.unread),
    beside,
    config: config.value,
    index: index.value,
    findings: [...config.findings, ...index.findings, ...unread],
    ...(options.knowledge ? { knowledge: options.knowledge } : {}),
  });
}

async function readShard(
  { files, lengths, options, memory }: Opening,
  file: string,
  guide: WindowGuide,
  names: ShardNames | undefined,
  signal: AbortSignal | undefined,
): Promise<ReadOutcome> {
  const known = memory.shards.get(file);
  if (known) return known;
  const byteLength = lengths.get(file) ?? 0;
  let source: ByteSource | undefined;
  try {
    source = await files.open(file, { signal });
    const window = guide.windowFor(source.byteLength, names);
    const header = await readHeader(source, { file, signal, window, cache: options.cache });
    guide.learn(header);
    return { file, byteLength: source.byteLength, header };
  } catch (error) {
    if (isAbort(error) || isNotPermitted(error) || !isLoomError(error)) throw error;
    const { tag, fields } = error;
    const message = tag === 'path-not-found' ? `The shard ${file} is missing.` : error.message;
    return { file, byteLength, error: { tag, message }, fields, ...(saysNothingOfFile(error) ? { unread: true } : {}) };
  } finally {
    await source?.dispose?.();
  }
}

/** A file that this user may not read ends the opening: whatever was said without it would be said of the checkpoint. */
function isNotPermitted(error: unknown): boolean {
  return isLoomError(error) && error.tag === 'file-not-permitted';
}

/** True for errors of the way to a file or of access to it; `exit` 1 is for what the bytes themselves show. */
function saysNothingOfFile({ tag }: LoomError): boolean {
  return ERROR_TAGS[tag].exit === 2 && tag !== 'path-not-found' && tag !== 'not-a-file';
}

interface Outcome<T> {
  readonly value: T;
  readonly findings: readonly Finding[];
  /** The error was of the way to the file, not of what it says. */
  readonly unread?: boolean;
}

const UNREAD = { tag: 'file-unread', unread: true } as const;
const NOTHING: Outcome<null> = { value: null, findings: [] };

async function readIndexOf({ files, listing, options, memory }: Opening): Promise<Outcome<ShardIndex | null>> {
  if (listing.index === null) return NOTHING;
  if (memory.index) return memory.index;
  try {
    const index = await readCheckpointIndex(files, listing.index, options.signal, options.cache);
    memory.index = singleFileBeside(listing, index) ?? { value: index, findings: [] };
    return memory.index;
  } catch (error) {
    if (isAbort(error) || isNotPermitted(error) || !isLoomError(error)) throw error;
    const { tag, unread } = saysNothingOfFile(error) ? UNREAD : ({ tag: 'index-invalid', unread: false } as const);
    const where = { file: listing.index, cause: unread ? error.tag : undefined };
    memory.index = { value: null, findings: [finding(tag, error.message, where)], unread };
    return memory.index;
  }
}

/** Loaders take `model.safetensors` before any index; an index that speaks of other files is then another checkpoint's. */
function singleFileBeside(listing: Listing, index: ShardIndex): Outcome<null> | null {
  const single = listing.shards.length === 1 && listing.shards[0] === SINGLE_FILE;
  if (!single || [...index.weightMap.values()].includes(SINGLE_FILE)) return null;
  const message = `${SINGLE_FILE} and ${listing.index} lie side by side and speak of different files; loaders read ${SINGLE_FILE}, and so do we.`;
  return { value: null, findings: [finding('formats-mixed', message, { file: SINGLE_FILE })] };
}

/**
 * Reads and parses the index of a checkpoint: a long one part by part, and that is not cached.
 *
 * @throws LoomError with an `index-…` tag.
 */
export async function readCheckpointIndex(
  files: FileSet,
  file: string,
  signal?: AbortSignal,
  cache?: HeaderCache | null,
): Promise<ShardIndex> {
  const way: Way<ShardIndex> = {
    limit: MAX_INDEX_BYTES,
    parse: (bytes) => parseIndexFile(bytes, file),
    long: (source) => readIndex(source, { file, signal }),
  };
  return readParsed(files, file, way, { signal, cache });
}

/** @throws LoomError as `parseIndex`; where the file is something else than JSON, it says what. */
function parseIndexFile(bytes: Uint8Array, file: string): ShardIndex {
  try {
    return parseIndex(bytes, { file });
  } catch (error) {
    if (!isLoomError(error) || error.tag !== 'index-json-invalid') throw error;
    throw new LoomError(error.tag, nameForeignJson(bytes, file) ?? error.message, error.fields, error);
  }
}

async function readConfig({ files, listing, options, memory }: Opening): Promise<Outcome<ParsedConfig | null>> {
  if (listing.config === null) return NOTHING;
  if (memory.config) return memory.config;
  try {
    const file = listing.config;
    const way = { limit: MAX_CONFIG_BYTES, parse: (bytes: Uint8Array) => parseConfig(bytes, file) };
    const read = await readParsed(files, file, way, options);
    const { config, faults } = withPlainNames(read.value);
    const named = faults.map((fault) => finding('config-name-invalid', fault, { file }));
    const value = { ...read, value: config };
    memory.config = isModelConfig(file, value)
      ? { value, findings: named }
      : { value: null, findings: [configAbsent()] };
    return memory.config;
  } catch (error) {
    if (isAbort(error) || isNotPermitted(error)) throw error;
    const { tag, unread } =
      isLoomError(error) && saysNothingOfFile(error) ? UNREAD : ({ tag: 'config-invalid', unread: false } as const);
    const told = toWire(error).message;
    const message = unread ? told : `${listing.config} cannot be used: ${told}`;
    const where = { file: listing.config, cause: unread ? toWire(error).tag : undefined };
    memory.config = { value: null, findings: [finding(tag, message, where)], unread };
    return memory.config;
  }
}

/** Many things are called params.json: only one with a model's sizes is its config. */
function isModelConfig(file: string, { value }: ParsedConfig): boolean {
  return file !== 'params.json' || ['dim', 'n_layers'].every((key) => typeof value[key] === 'number');
}
