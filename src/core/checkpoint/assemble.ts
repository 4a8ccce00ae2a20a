import type { ErrorTag } from '../errors.ts';
import type { FileOffset, Header, Shape, ShardIndex, TensorInfo } from '../safetensors/types.ts';
import { formatInteger, plural } from '../units.ts';
import { type CrossCheck, crossCheck } from './cross-check.ts';
import type { FindingTag } from './finding-tags.ts';
import type { Listing } from './listing.ts';
import { finding } from './make-finding.ts';
import { heldWords, missingShards, namesIn } from './missing.ts';
import { findSlices, type Knowledge, NO_KNOWLEDGE, type Slices } from './slices.ts';
import type { Checkpoint, CheckpointTensor, Finding } from './types.ts';

/** What came of reading one shard's header. */
export type ShardOutcome =
  | { readonly file: string; readonly byteLength: number; readonly header: Header }
  | {
      readonly file: string;
      readonly byteLength: number;
      readonly error: { readonly tag: ErrorTag; readonly message: string };
    };

/** config.json as its text and as parsed. */
export interface ParsedConfig {
  readonly text: string;
  readonly value: Readonly<Record<string, unknown>>;
}

export interface AssembleInput {
  readonly identity: string;
  readonly listing: Listing;
  readonly outcomes: readonly ShardOutcome[];
  /** Files that the index leaves out and whose headers were read: they count where they show that shards are slices. */
  readonly beside?: readonly ShardOutcome[];
  readonly config: ParsedConfig | null;
  /** `unread` while the index has not been looked at, null when there is none or it is unusable. */
  readonly index: ShardIndex | 'unread' | null;
  readonly findings?: readonly Finding[];
  readonly knowledge?: Knowledge;
}

const MANY = 5;

/** Joins headers, index and config into one checkpoint and says what does not fit. Pure: call it again as headers arrive. */
export function assembleCheckpoint(input: AssembleInput): Checkpoint {
  const { listing, outcomes, index, knowledge = NO_KNOWLEDGE } = input;
  const shards = outcomes.flatMap((outcome) => ('error' in outcome ? [] : [outcome]));
  const beside = (input.beside ?? []).flatMap((outcome) => ('error' in outcome ? [] : [outcome]));
  const given = index === 'unread' ? null : index;
  const perFile = new Map(shards.map(({ file, header }) => [file, header.tensors]));
  const compared = given && crossCheck(given, listing.index ?? 'the index', perFile);
  const follows = compared?.stale ? null : given;
  const joined = joinTensors(shards, follows, null);
  const mayDouble = joined.doubled !== null || (compared?.shadowed ?? 0) > 0 || beside.length > 0;
  const slices = slicesOf(input, [...shards, ...beside], mayDouble);
  const read = slices ? [...shards, ...beside] : shards;
  const [usable, checked] = slices ? [null, null] : [given, compared];
  const { tensors, doubled } = slices ? joinTensors(read, null, slices) : joined;
  const findings = slices
    ? [slices.finding, ...[...listing.findings, ...(input.findings ?? [])].filter(isOfSlices)]
    : [...listing.findings, ...(input.findings ?? [])];
  findings.push(...unreadableShards(outcomes, usable, knowledge));
  if (doubled && !slices) findings.push(duplicate(doubled));
  if (index === 'unread')
    findings.push(finding('index-unread', `${listing.index} has not been compared with the shards yet.`));
  if (usable) findings.push(...scopeFinding(usable));
  if (checked?.stale) findings.push(checked.stale);
  else if (usable && checked) findings.push(...indexFindings(usable, listing, checked, beside));
  const absent = follows && !slices && absentTensors(follows, tensors, input);
  return {
    identity: input.identity,
    shards: read.map(({ file, byteLength, header }) => ({
      file,
      byteLength,
      dataStart: header.dataStart,
      tensors: header.tensors.size,
      metadata: header.metadata,
    })),
    tensors,
    config: input.config?.value ?? null,
    ...(input.config && listing.config !== null && listing.config !== 'config.json'
      ? { configFile: listing.config }
      : {}),
    configText: input.config?.text ?? null,
    indexMetadata: usable?.metadata ?? null,
    indexFile: listing.index,
    files: listing.files,
    findings,
    ...(absent && absent.size > 0 ? { absent } : {}),
  };
}

function slicesOf(
  { listing, outcomes, config, knowledge = NO_KNOWLEDGE }: AssembleInput,
  read: readonly ReadShard[],
  mayDouble: boolean,
): Slices | null {
  const headers = new Map(read.map(({ file, header }) => [file, header]));
  const root = listing.files.map(({ name }) => name).filter((name) => !name.includes('/'));
  const shards = [...new Set([...outcomes, ...read].map(({ file }) => file))];
  return findSlices({ root, shards, headers, mayDouble, config: config?.value ?? null, knowledge });
}

/** Numbers, indexes and files beside say nothing more where the shards are slices. */
function isOfSlices({ tag }: Finding): boolean {
  return !['shard-missing', 'index-absent', 'index-stale', 'formats-mixed'].includes(tag);
}

interface Doubled {
  readonly tensor: string;
  readonly file: string;
  readonly first: string;
  count: number;
}

function joinTensors(read: readonly ReadShard[], index: ShardIndex | null, slices: Slices | null) {
  const tensors = new Map<string, CheckpointTensor>();
  const pieces = new Map<string, Shape[]>();
  let doubled: Doubled | null = null;
  for (const outcome of read) {
    const { file } = outcome;
    for (const tensor of placedTensors(outcome)) {
      const { name } = tensor;
      if (index && index.weightMap.get(name) !== file) continue;
      const known = tensors.get(name);
      if (slices) pieces.set(name, [...(pieces.get(name) ?? []), tensor.shape]);
      if (!known) tensors.set(name, tensor);
      else if (doubled) doubled.count++;
      else doubled = { tensor: name, file, first: known.file, count: 1 };
    }
  }
  for (const [name, shapes] of pieces) {
    const tensor = tensors.get(name);
    if (tensor) tensors.set(name, { ...tensor, shape: slices?.shapes.get(name) ?? tensor.shape, slices: shapes });
  }
  return { tensors, doubled: doubled as Doubled | null };
}

/** What the index names and no shard holds: where shards could not be read, or lack it. */
function absentTensors(
  { weightMap }: ShardIndex,
  tensors: Checkpoint['tensors'],
  { outcomes, findings = [] }: AssembleInput,
): ReadonlyMap<string, string> {
  const done = new Set([
    ...outcomes.map(({ file }) => file),
    ...findings.flatMap(({ tag, file }) => (tag === 'shard-unread' ? (file ?? []) : [])),
  ]);
  const absent = new Map<string, string>();
  for (const [name, shard] of weightMap) if (done.has(shard) && !tensors.has(name)) absent.set(name, shard);
  return absent;
}

type ReadShard = Extract<ShardOutcome, { readonly header: Header }>;

/** Half a million tensors are joined again with every few headers that arrive: what each shard gives is made once. */
const placed = new WeakMap<ReadShard, readonly CheckpointTensor[]>();

function placedTensors(outcome: ReadShard): readonly CheckpointTensor[] {
  const known = placed.get(outcome);
  if (known) return known;
  const { header, file } = outcome;
  const made = Array.from(header.tensors.values(), (info) => place(info, file, header.dataStart));
  placed.set(outcome, made);
  return made;
}

function place(info: TensorInfo, file: string, dataStart: number): CheckpointTensor {
  const { name, dtype, shape, exactShape, start, end } = info;
  const tensor: CheckpointTensor = {
    name,
    dtype,
    shape,
    file,
    start: (dataStart + start) as FileOffset,
    end: (dataStart + end) as FileOffset,
  };
  return exactShape ? { ...tensor, exactShape } : tensor;
}

function unreadableShards(
  outcomes: readonly ShardOutcome[],
  index: ShardIndex | null,
  { layerOf }: Knowledge,
): Finding[] {
  const failed = outcomes.flatMap((outcome) => ('error' in outcome ? [outcome] : []));
  const missing = failed.filter(({ error }) => error.tag === 'path-not-found').map(({ file }) => file);
  const broken = failed.filter(({ error }) => error.tag !== 'path-not-found');
  return [
    ...missingShards(missing, index, layerOf),
    ...broken.map(({ file, error }) => {
      const held = heldWords('By the index it holds', namesIn([file], index), layerOf);
      const tag: FindingTag = error.tag === 'lfs-pointer' ? 'lfs-pointer' : 'shard-invalid';
      return finding(tag, `${error.message}${held && ` ${held}.`}`, { file });
    }),
  ];
}

function duplicate({ tensor, file, first, count }: Doubled): Finding {
  const more = count > 1 ? ` The same is true of ${plural(count - 1, 'more tensor')}.` : '';
  const message = `${tensor} is in ${first} and again in ${file}, and no index says which counts.${more}`;
  return finding('tensor-duplicate', message, { file, tensor });
}

/** Our own word in the index of an output of chosen layers. */
function scopeFinding(index: ShardIndex): Finding[] {
  const { moe_loom_scope: scope, moe_loom_layers: layers } = index.metadata;
  const which = Array.isArray(layers) ? layers.join(', ') : 'some';
  if (scope === 'partial')
    return [
      finding('partial', `This is partial: it holds only the tensors of layers ${which} and will not load as a model.`),
    ];
  if (scope === 'mixed')
    return [finding('mixed', `This is mixed: layers ${which} are converted, the others are stored as before.`)];
  return [];
}

/** Index against shards: names without tensor, files nobody names, the stated total. */
function indexFindings(
  index: ShardIndex,
  listing: Listing,
  { absent, findings: checked }: CrossCheck,
  beside: readonly ReadShard[],
): Finding[] {
  const findings = [...checked];
  const [first] = absent;
  if (first) {
    const { tensor, shard } = first;
    const more = absent.length > 1 ? ` (and so for ${formatInteger(absent.length - 1)} more)` : '';
    const message = `The index says that ${tensor} is in ${shard}; it is not${more}.`;
    findings.push(finding('index-tensor-missing', message, { file: shard, tensor }));
  }
  const named = new Set(index.weightMap.values());
  const strays = listing.files.filter(
    (file) => !file.name.includes('/') && file.name.endsWith('.safetensors') && !named.has(file.name),
  );
  if (strays.length > 0) {
    const names = strays
      .map((file) => file.name)
      .slice(0, MANY)
      .join(', ');
    findings.push(
      finding(
        'shard-orphan',
        `${names} ${strays.length > 1 ? 'are' : 'is'} not named by the index and not read.${besideWords(index, beside)}`,
        { file: strays[0]?.name },
      ),
    );
  }
  return findings;
}

/** What files hold that an index leaves out, by their headers. */
function besideWords({ weightMap }: ShardIndex, beside: readonly ReadShard[]): string {
  const words = beside.slice(0, MANY).map(({ file, header: { tensors } }) => {
    const known = [...tensors.keys()].filter((name) => weightMap.has(name)).length;
    const all = known === tensors.size ? 'all' : known === 0 ? 'none' : formatInteger(known);
    return `${file} holds ${plural(tensors.size, 'tensor')}, of which the index names ${all}${known > 0 ? ' in other files' : ''}`;
  });
  return words.length === 0 ? '' : ` ${words.join('; ')}.`;
}
