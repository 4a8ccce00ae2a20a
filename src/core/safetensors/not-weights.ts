import { LoomError } from '../errors.ts';

/** What a file is that is no safetensors file, and what to do. */
interface Known {
  readonly what: string;
  readonly todo: string;
}

const AGAIN = 'Delete it and download the file again.';
const OTHER_FORMAT =
  'This program reads only safetensors. Look for that format in the repository, or convert the file.';
const OPEN_INSTEAD = 'Unpack it and open the files in it.';

/** First bytes of formats that people rename or download instead of safetensors. */
const MAGIC: readonly (readonly [string, Known])[] = [
  ['PK\x03\x04', { what: 'a zip archive, as the .bin, .pt and .pth files of PyTorch are', todo: OTHER_FORMAT }],
  ['GGUF', { what: 'a GGUF file, the format of llama.cpp', todo: OTHER_FORMAT }],
  ['lmgg', { what: 'a GGML file, an old format of llama.cpp', todo: OTHER_FORMAT }],
  ['tjgg', { what: 'a GGML file, an old format of llama.cpp', todo: OTHER_FORMAT }],
  ['\x80\x02', { what: 'a Python pickle, an old file of PyTorch', todo: OTHER_FORMAT }],
  ['\x80\x03', { what: 'a Python pickle', todo: OTHER_FORMAT }],
  ['\x80\x04\x95', { what: 'a Python pickle', todo: OTHER_FORMAT }],
  ['\x80\x05\x95', { what: 'a Python pickle', todo: OTHER_FORMAT }],
  ['\x89HDF', { what: 'an HDF5 file, as Keras writes', todo: OTHER_FORMAT }],
  ['\x93NUMPY', { what: 'a NumPy array', todo: OTHER_FORMAT }],
  ['PAR1', { what: 'a Parquet table', todo: OTHER_FORMAT }],
  ['\x1f\x8b', { what: 'compressed with gzip', todo: OPEN_INSTEAD }],
  ['\x28\xb5\x2f\xfd', { what: 'compressed with Zstandard', todo: OPEN_INSTEAD }],
  ['\xfd7zXZ', { what: 'compressed with xz', todo: OPEN_INSTEAD }],
  ['BZh', { what: 'compressed with bzip2', todo: OPEN_INSTEAD }],
  ['7z\xbc\xaf', { what: 'a 7-Zip archive', todo: OPEN_INSTEAD }],
  ['Rar!', { what: 'a RAR archive', todo: OPEN_INSTEAD }],
  ['%PDF', { what: 'a PDF', todo: AGAIN }],
  ['\x89PNG', { what: 'a picture', todo: AGAIN }],
];

/** Enough of a text to tell what it is. */
const TEXT_BYTES = 4096;
const MAX_QUOTE = 60;

/**
 * The error that names a file which is no safetensors file by its first bytes; null where they tell nothing.
 *
 * Tag `not-weights`. `start` holds the first bytes, of a short file all of them; to be asked once it failed as a header.
 */
export function nameForeignFile(start: Uint8Array, file: string): LoomError | null {
  const known = recognise(start);
  if (known === null) return null;
  return new LoomError('not-weights', `${file} is not a safetensors file: it is ${known.what}. ${known.todo}`, {
    file,
  });
}

/**
 * A sentence on what a file is that should be JSON, by its first bytes: a web page, the error of a file server, a pointer,
 * zeros. Null where they tell nothing; to be asked once it failed as JSON.
 */
export function nameForeignJson(start: Uint8Array, file: string): string | null {
  const text = textOf(start);
  const known = zeros(start) ?? (text === null ? null : recogniseStranger(text));
  return known && `${file} is not JSON: it is ${known.what}. ${known.todo}`;
}

function recognise(start: Uint8Array): Known | null {
  if (start.length === 0) return null;
  const empty = zeros(start);
  if (empty) return empty;
  const text = textOf(start);
  if (text !== null) return recogniseText(text);
  const head = String.fromCharCode(...start.subarray(0, 8));
  if (String.fromCharCode(...start.subarray(257, 262)) === 'ustar')
    return { what: 'a tar archive', todo: OPEN_INSTEAD };
  return MAGIC.find(([magic]) => head.startsWith(magic))?.[1] ?? null;
}

/** The start as a text, or null: a text has no control characters but those that lay out or colour lines. */
function textOf(start: Uint8Array): string | null {
  const text = new TextDecoder().decode(start.subarray(0, TEXT_BYTES)).replace(/\ufffd{1,3}$/, '');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
  return /[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\ufffd]/.test(text) ? null : text.trim();
}

function zeros(start: Uint8Array): Known | null {
  if (start.length < 8 || !start.every((byte) => byte === 0)) return null;
  const todo = 'Let the download run to its end, or delete the file and download it again.';
  return { what: 'it starts with zeros: a download reserved the space and did not finish', todo };
}

function recogniseText(text: string): Known {
  const stranger = recogniseStranger(text);
  if (stranger) return stranger;
  if (/^[{[]/.test(text))
    return {
      what: `a JSON text that begins ${quote(text)}`,
      todo: `The answer of a server was saved instead of the file. ${AGAIN}`,
    };
  return { what: `a text that begins "${quote(text)}"`, todo: AGAIN };
}

/** Texts that stand in the place of a file which did not come. */
function recogniseStranger(text: string): Known | null {
  if (/^(<!doctype html|<html|<head|<body)/i.test(text)) {
    const title = /<title[^>]*>([^<]*)</i.exec(text)?.[1]?.trim() ?? '';
    const named = title === '' ? '' : `, "${quote(title)}"`;
    return {
      what: `a web page (HTML)${named}`,
      todo: `A sign-in or error page was saved instead of the file. ${AGAIN}`,
    };
  }
  if (/^<(\?xml|error\b)/i.test(text)) {
    const code = /<Code>([^<]*)</i.exec(text)?.[1] ?? '';
    const named = code === '' ? '' : ` that says "${quote(code)}"`;
    return {
      what: `an XML text${named}`,
      todo: `The error message of a file server was saved instead of the file. ${AGAIN}`,
    };
  }
  if (/\/annex\/objects\//.test(text))
    return { what: 'a git-annex pointer, not the file itself', todo: 'Fetch the file with "git annex get".' };
  if (text.startsWith('version https://git-lfs') || text.startsWith('version https://hawser'))
    return { what: 'a Git LFS pointer, not the file itself', todo: 'Fetch the file with "git lfs pull".' };
  if (/^outs:\s*\n-\s+(md5|hash):/.test(text))
    return { what: 'a DVC pointer, not the file itself', todo: 'Fetch the file with "dvc pull".' };
  if (/^[^\n<>"|?*]{1,1000}\.safetensors$/.test(text) && /[\\/]/.test(text))
    return {
      what: `the path of another file (${quote(text)}): a link that was copied as text`,
      todo: 'Copy the file itself in its place, or make the link again.',
    };
  return null;
}

/** A stranger's words as an error may repeat them: on one line, without what a terminal or page would obey. */
function quote(text: string): string {
  const line = text.replace(/[\p{C}\p{Z}]+/gu, ' ').trim();
  return line.length > MAX_QUOTE ? `${line.slice(0, MAX_QUOTE - 1)}…` : line;
}
