import type { ErrorTag } from '../errors.ts';
import type { FileOffset, Header, ShardIndex, TensorInfo } from '../safetensors/types.ts';
import { crossCheck } from './cross-check.ts';
import { finding } from './finding.ts';
import type { FindingTag } from './findings.ts';
import type { Listing } from './listing.ts';
import type { Checkpoint, CheckpointTensor, Finding, Shard } from './types.ts';

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
  readonly config: ParsedConfig | null;
  /** `unread` while the index has not been looked at, null when there is none or it is unusable. */
  readonly index: ShardIndex | 'unread' | null;
  readonly findings?: readonly Finding[];
}

const MANY = 5;

/** Joins headers, index and config into one checkpoint and says what does not fit. Pure: call it again as headers arrive. */
export function assembleCheckpoint(input: AssembleInput): Checkpoint {
  const { listing, outcomes, index } = input;
  const findings: Finding[] = [...listing.findings, ...(input.findings ?? [])];
  const shards: Shard[] = [];
  const tensors = new Map<string, CheckpointTensor>();
  const usable = index === 'unread' ? null : index;
  const perFile = new Map<string, ReadonlyMap<string, TensorInfo>>();
  for (const outcome of outcomes) {
    if ('error' in outcome) {
      findings.push(unreadable(outcome.file, outcome.error));
      continue;
    }
    const { header, file, byteLength } = outcome;
    perFile.set(file, header.tensors);
    shards.push({
      file,
      byteLength,
      dataStart: header.dataStart,
      tensors: header.tensors.size,
      metadata: header.metadata,
    });
    for (const tensor of placedTensors(outcome)) {
      const { name } = tensor;
      if (usable && usable.weightMap.get(name) !== file) continue;
      const before = tensors.size;
      tensors.set(name, tensors.get(name) ?? tensor);
      if (tensors.size === before) findings.push(duplicate(name, file, tensors.get(name)?.file));
    }
  }
  if (index === 'unread')
    findings.push(finding('index-unread', `${listing.index} has not been compared with the shards yet.`));
  if (usable) findings.push(...scopeFinding(usable));
  if (usable) findings.push(...indexFindings(usable, listing, perFile));
  return {
    identity: input.identity,
    shards,
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
  };
}

type ReadShard = Extract<ShardOutcome, { readonly header: Header }>;

/** Half a million tensors are joined again with every few headers that arrive: what each shard gives is made once. */
const placed = new WeakMap<ReadShard, readonly CheckpointTensor[]>();

function placedTensors(outcome: ReadShard): readonly CheckpointTensor[] {
  const known = placed.get(outcome);
  if (known) return known;
  const { header, file } = outcome;
  const names = ownNames([...header.tensors.keys()]);
  const made = Array.from(header.tensors.values(), (info, at) =>
    place(names[at] ?? info.name, info, file, header.dataStart),
  );
  placed.set(outcome, made);
  return made;
}

/**
 * The same names, cut from a text that holds nothing else: those of a parsed header are pieces of its whole text, and
 * keep that alive.
 */
function ownNames(names: readonly string[]): readonly string[] {
  const text = names.join('');
  let end = 0;
  return names.map(({ length }) => {
    end += length;
    return text.slice(end - length, end);
  });
}

function place(name: string, info: TensorInfo, file: string, dataStart: number): CheckpointTensor {
  const { dtype, shape, exactShape, start, end } = info;
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

function unreadable(file: string, error: { tag: ErrorTag; message: string }): Finding {
  const tag: FindingTag =
    error.tag === 'lfs-pointer' ? 'lfs-pointer' : error.tag === 'path-not-found' ? 'shard-missing' : 'shard-invalid';
  return finding(tag, error.message, { file });
}

function duplicate(tensor: string, file: string, first: string | undefined): Finding {
  return finding('tensor-duplicate', `${tensor} is in ${first} and again in ${file}, and no index says which counts.`, {
    file,
    tensor,
  });
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
  perFile: ReadonlyMap<string, ReadonlyMap<string, TensorInfo>>,
): Finding[] {
  const { absent, findings: checked } = crossCheck(index, listing.index ?? 'the index', perFile);
  const findings = [...checked];
  for (const { tensor, shard } of absent.slice(0, MANY)) {
    const more = absent.length > MANY ? ` (and so for ${absent.length - 1} more)` : '';
    findings.push(
      finding('index-tensor-missing', `The index says that ${tensor} is in ${shard}; it is not${more}.`, {
        file: shard,
        tensor,
      }),
    );
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
      finding('shard-orphan', `${names} ${strays.length > 1 ? 'are' : 'is'} not named by the index and not read.`, {
        file: strays[0]?.name,
      }),
    );
  }
  return findings;
}
