import type { Header, Shape } from '../safetensors/types.ts';
import { finding } from './make-finding.ts';
import type { Checkpoint, Finding } from './types.ts';

/** How a program saves each rank's part under the names of whole tensors: a row of that program's folder. */
export interface SliceFormat {
  /** What writes it, as the object of a sentence. */
  readonly writer: string;
  /** Its file names: the group `rank` holds a rank's number (or a word, for a file of all ranks), `ranks` how many there were. */
  readonly file?: RegExp;
  /** The number of the first rank in file names. */
  readonly first: 0 | 1;
  /** The key of `__metadata__` that its files have. */
  readonly metadata?: string;
  /** Where each tensor's slice begins, by the text under `metadata`. Empty where that cannot be read. */
  readonly offsets?: (text: string) => ReadonlyMap<string, readonly number[]>;
  /** What makes it whole, or that nothing does: sentences. */
  readonly cure: string;
  readonly version: string;
  readonly source: string;
  readonly date: string;
}

/** What a checkpoint is read with that other rooms know. */
export interface Knowledge {
  readonly sliceFormats: readonly SliceFormat[];
  /** The number of the layer that a tensor's name puts it in, null outside layers. */
  readonly layerOf: (name: string) => number | null;
  /** True where a config shows that these tensors are no slices: the input embedding has all its rows and columns. */
  readonly isWhole: (tensors: Header['tensors'], config: Checkpoint['config']) => boolean;
}

export const NO_KNOWLEDGE: Knowledge = { sliceFormats: [], layerOf: () => null, isWhole: () => false };

/** What decides whether shards are slices. */
export interface SliceFacts {
  /** Names of all files at the root of the set. */
  readonly root: readonly string[];
  /** The shards that are read, and the headers that came. */
  readonly shards: readonly string[];
  readonly headers: ReadonlyMap<string, Pick<Header, 'tensors' | 'metadata'>>;
  /** False where no two of these shards hold a tensor of one name. */
  readonly mayDouble: boolean;
  readonly config: Checkpoint['config'];
  readonly knowledge: Knowledge;
}

/** Shards that ranks saved, none of which is a model. */
export interface Slices {
  readonly finding: Finding;
  /** Shapes of whole tensors, as far as the files say them. */
  readonly shapes: ReadonlyMap<string, Shape>;
}

const WORDS = 'a program that saves on every rank (which one is not known)';
const JOIN = 'Join them with the tool of the program that saved them, then open the result.';
/** A rank in a name of no known program: `rank0`, `mp_rank_00`, `tp-3`, `rank-1-of-8`, `world_size_8_rank_0`. */
const RANK =
  /(?:^|[-_.])(?:world[-_]?size[-_]?(?<world>\d{1,5})[-_])?(?:rank|tp|mp)[-_]?(?<rank>\d{1,5})(?:[-_]?of[-_]?(?<ranks>\d{1,5}))?(?=[-_.])/i;
/** Files of torch's distributed checkpoints: rank and part. */
const DISTCP = /^__(?<rank>\d+)_\d+\.distcp$/;
const UNKNOWN = { writer: WORDS, file: RANK, first: 0, cure: JOIN } as const;
const TORCH = {
  writer: 'torch.distributed.checkpoint',
  file: DISTCP,
  first: 0,
  cure: `The tool of the program that trained makes one model of them; torch.distributed.checkpoint.format_utils.dcp_to_torch makes a .pt file.`,
} as const;

type Named = Pick<SliceFormat, 'writer' | 'file' | 'first' | 'cure'>;

/** The files of a set that ranks saved, by their names. A name that no format knows counts only beside its like. */
export function rankFiles(names: readonly string[], formats: readonly SliceFormat[]): readonly string[] {
  return namedFormat(names, formats)?.files ?? [];
}

function namedFormat(names: readonly string[], formats: readonly SliceFormat[]) {
  for (const format of [...formats, UNKNOWN]) {
    const files = names.filter((name) => name.endsWith('.safetensors') && format.file?.test(name));
    if (files.length > 0 && (format !== UNKNOWN || areRanks(files))) return { format, files };
  }
  return null;
}

/** True where names that no format knows count ranks, from 0 or 1 or out of a stated number: `lora-rank-8` counts none. */
function areRanks(files: readonly string[]): boolean {
  const found = files.map((name): Groups => RANK.exec(name)?.groups ?? {});
  const isFirst = ({ rank }: Groups) => Number(rank) <= 1;
  return (files.length > 1 && found.some(isFirst)) || found.some((groups) => statedRanks(groups) > 1);
}

/** What a set says that holds a distributed checkpoint and no safetensors file, null for any other. */
export function distributedWords(names: readonly string[]): string | null {
  return names.some((name) => DISTCP.test(name)) ? wordsOf(names, names, TORCH) : null;
}

/** Whether shards are slices: because their metadata says so, or names, or because files hold the same names. */
export function findSlices(facts: SliceFacts): Slices | null {
  const { root, shards, headers, knowledge } = facts;
  const { sliceFormats } = knowledge;
  const all = [...headers.values()];
  const marked = sliceFormats.find(({ metadata }) => metadata && all.some((each) => each.metadata?.has(metadata)));
  if (marked) return told(wordsOf(shards, shards, marked), shards, wholeShapes(all, marked));
  const named = namedFormat(shards, sliceFormats);
  if (named && (named.files.length > 1 || !areWhole(facts, named.files)))
    return told(wordsOf(named.files, root, named.format), named.files);
  if (root.some((name) => DISTCP.test(name))) return told(besideWords(root), shards);
  const same = facts.mayDouble ? filesOfSameNames(headers) : null;
  if (same && !areWhole(facts, same.files)) return told(sameWords(same), same.files);
  return null;
}

function told(message: string, files: readonly string[], shapes: Slices['shapes'] = new Map()): Slices {
  return { finding: finding('rank-slices', message, { file: files[0] }), shapes };
}

/** True where each of the files holds an input embedding that is whole by the config. */
function areWhole({ headers, config, knowledge }: SliceFacts, files: readonly string[]): boolean {
  const held = files.flatMap((file) => headers.get(file) ?? []);
  return held.length > 0 && held.every(({ tensors }) => knowledge.isWhole(tensors, config));
}

type Groups = Readonly<Record<string, string | undefined>>;

/** How many ranks a file's name says there were, 0 where it does not. */
function statedRanks(groups: Groups | undefined): number {
  return Math.max(Number(groups?.ranks ?? 0), Number(groups?.world ?? 0));
}

function wordsOf(files: readonly string[], root: readonly string[], format: Named): string {
  const { writer, file, cure } = format;
  const found = root.map((name): Groups => file?.exec(name)?.groups ?? {});
  const numbers = new Set(found.flatMap(({ rank }) => (rank && /^\d+$/.test(rank) ? Number(rank) : [])));
  const stated = Math.max(0, ...found.map(statedRanks));
  const first = stated > 0 && numbers.has(stated) ? 1 : format.first;
  const ranks = numbers.size === 0 ? files.length : Math.max(stated, ...[...numbers].map((at) => at - first + 1));
  if (ranks <= 1) {
    const which = files.length > 1 ? `${files.length} files hold` : `${files[0]} holds`;
    return `${which} what one rank saved, as ${writer} saves it: a slice of each tensor, and how many ranks there were is not said. ${cure}`;
  }
  const absent = numbers.size === 0 ? [] : absentRanks(numbers, ranks, first);
  const gone = absent.length === 0 ? '' : ` Nothing of rank ${enumerate(absent.map(String))} is here.`;
  return `${files.length} files hold slices of the tensors, saved by ${ranks} ranks as ${writer} saves them: a tensor is whole only when those of all ranks are joined.${gone} ${cure}`;
}

/** A few of the ranks that no file is of; there may be many. */
function absentRanks(numbers: ReadonlySet<number>, ranks: number, first: number): readonly number[] {
  const absent: number[] = [];
  for (let rank = first; rank < first + ranks && absent.length <= LIMIT_NAMED; rank++)
    if (!numbers.has(rank)) absent.push(rank);
  return absent;
}

const LIMIT_NAMED = 5;

function enumerate(words: readonly string[]): string {
  if (words.length > LIMIT_NAMED) return `${words.slice(0, LIMIT_NAMED).join(', ')} and others`;
  return words.join(', ');
}

function besideWords(root: readonly string[]): string {
  const parts = root.filter((name) => DISTCP.test(name));
  return `${wordsOf(parts, root, TORCH)} The safetensors files beside ${parts[0]} may be slices too; if they are a complete model, move them to another folder and open that.`;
}

interface SameNames {
  readonly files: readonly string[];
  readonly names: number;
}

/** Files of which at least half the tensors are in others too. A few doubled tensors are no slices. */
function filesOfSameNames(headers: SliceFacts['headers']): SameNames | null {
  const holders = new Map<string, number>();
  for (const { tensors } of headers.values())
    for (const name of tensors.keys()) holders.set(name, (holders.get(name) ?? 0) + 1);
  const doubled = [...headers].filter(([, { tensors }]) => {
    let shared = 0;
    for (const name of tensors.keys()) if ((holders.get(name) ?? 0) > 1) shared++;
    return shared > 0 && 2 * shared >= tensors.size;
  });
  if (doubled.length < 2) return null;
  let names = 0;
  for (const count of holders.values()) if (count > 1) names++;
  return { files: doubled.map(([file]) => file), names };
}

function sameWords({ files, names }: SameNames): string {
  return `${enumerate(files)} hold tensors of the same names (${names} names): slices that ${files.length} ranks saved, or models side by side. The files do not say which program wrote them. Join slices with the tool of that program; open models one at a time.`;
}

/** The shape that all slices of a tensor make, where their beginnings are known. */
function wholeShapes(headers: readonly Pick<Header, 'tensors' | 'metadata'>[], format: SliceFormat): Slices['shapes'] {
  const shapes = new Map<string, number[]>();
  for (const { tensors, metadata } of headers) {
    const text = metadata?.get(format.metadata ?? '');
    if (text === undefined || !format.offsets) continue;
    for (const [name, offsets] of format.offsets(text)) {
      const shape = tensors.get(name)?.shape;
      if (shape?.length !== offsets.length) continue;
      const known = shapes.get(name);
      const ends = shape.map((size, dim) => Math.max(known?.[dim] ?? 0, size + (offsets[dim] ?? 0)));
      shapes.set(name, ends);
    }
  }
  return shapes;
}
