import { LoomError } from '../errors.ts';
import { readIndexName } from '../safetensors/index-name.ts';
import type { FileEntry } from '../source/types.ts';
import { plural } from '../units.ts';
import { distributedWords, rankFiles } from './slices.ts';
import { unfinishedDownloads } from './unfinished.ts';

/** Weights in other formats, which we name and never read. */
const OTHER_WEIGHTS = /(\.(bin|pt|pth|ckpt|gguf|h5|msgpack|onnx|npz|distcp)|\.bin(\.\w+)?\.index(\.\w+)?\.json)$/;
/** What `split` and its like make of a file: `model.safetensors.part-aa`, `.aa`, `.001`, `-part3`. */
const PIECE = /^(.*\.safetensors)[.\-_](?:part[.\-_]?\w{1,5}|[a-z]{2,3}|\d{2,5})$/i;
const LIMIT_NAMED = 3;

/** True for a file that holds weights in a format other than safetensors. */
export function isOtherWeights(name: string): boolean {
  return (
    OTHER_WEIGHTS.test(name) && !/(^|\/)(training_args|scheduler|optimizer|rng_state[^/]*)\.(bin|pt|pth)$/.test(name)
  );
}

/** The error of a set that holds no safetensors file: it says what is there instead, and what to do with that. */
export function nothingHere(identity: string, files: readonly FileEntry[]): LoomError {
  const names = files.map(({ name }) => name);
  const hint =
    foldersWords(names) ??
    distributedWords(names.map((name) => name.slice(name.lastIndexOf('/') + 1))) ??
    piecesWords(names) ??
    unfinishedDownloads(names)[0]?.message ??
    formatsWords(names) ??
    indexWords(names);
  const message = `There is no safetensors file in ${identity}.${hint === null ? '' : ` ${hint}`}`;
  return new LoomError('no-checkpoint', message, { file: identity });
}

/** Folders of ranks hold slices each: none of them is a model. */
function foldersWords(names: readonly string[]): string | null {
  const tensors = names.filter((name) => /\.safetensors$/i.test(name));
  const folders = [...new Set(tensors.map((name) => name.slice(0, name.lastIndexOf('/'))))];
  if (folders.length === 0) return null;
  const ranked = rankFiles(
    folders.map((folder) => `${folder.slice(folder.lastIndexOf('/') + 1)}.safetensors`),
    [],
  );
  return ranked.length > 1
    ? `Its sub-folders ${some(folders)} hold what ${ranked.length} ranks saved, slices of the tensors: join them with the tool of the program that saved them, then open the result.`
    : `Its sub-folder ${folders.slice(0, LIMIT_NAMED).join(', ')} does: open that.`;
}

function piecesWords(names: readonly string[]): string | null {
  const pieces = names.filter((name) => PIECE.test(name));
  const [, whole] = PIECE.exec(pieces[0] ?? '') ?? [];
  if (whole === undefined || pieces.length < 2) return null;
  return `${plural(pieces.length, 'file')} (${some(pieces)}) look like pieces of one, cut by a program such as split: join them in the order of their names into ${whole} (with cat, or with copy /b on Windows), then open it.`;
}

/** What files of other formats are, and how one comes to safetensors. */
const FORMATS: readonly (readonly [RegExp, string, string])[] = [
  [/\.gguf$/i, 'GGUF, the format of llama.cpp', 'GGUF is made from safetensors: open the model that it was made from.'],
  [
    /\.(bin|pt|pth|ckpt|bin(\.\w+)?\.index(\.\w+)?\.json)$/i,
    'PyTorch pickle (.bin, .pt, .pth)',
    'Opening a pickle can run code, so it is not read here. Save the model as safetensors (save_pretrained of transformers does), or open a revision that has them.',
  ],
  [
    /\.distcp$/i,
    'PyTorch distributed checkpoint (.distcp)',
    'Export it as safetensors with the program that trained it.',
  ],
  [
    /\.(h5|msgpack)$/i,
    'TensorFlow or Flax weights (.h5, .msgpack)',
    'Convert them with transformers, and save as safetensors.',
  ],
  [/\.onnx$/i, 'ONNX', 'An ONNX graph has no expert layout to show: open the model that it was exported from.'],
  [/\.npz$/i, 'NumPy arrays (.npz)', 'Save them as safetensors first.'],
];

/** The formats by name, the commonest first, and what to do about that one. */
function formatsWords(names: readonly string[]): string | null {
  const others = names.filter(isOtherWeights);
  if (others.length === 0) return null;
  const counted = FORMATS.map(([pattern, name, advice]) => ({
    count: others.filter((other) => pattern.test(other)).length,
    name,
    advice,
  }));
  const found = counted.filter(({ count }) => count > 0).sort((a, b) => b.count - a.count);
  const list = found.map(({ count, name }) => `${plural(count, 'file')} of ${name}`).join(' and ');
  return `It holds ${list}; only safetensors can be read here. ${found[0]?.advice ?? ''}`.trim();
}

function indexWords(names: readonly string[]): string | null {
  const index = names.find((name) => readIndexName(name) !== null);
  return index === undefined
    ? null
    : `${index} names the shards, and none of them is here: download them, or open the folder that holds them.`;
}

function some(names: readonly string[]): string {
  return `${names.slice(0, LIMIT_NAMED).join(', ')}${names.length > LIMIT_NAMED ? ' …' : ''}`;
}
