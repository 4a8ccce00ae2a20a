import { LoomError } from '../errors.ts';
import { readHeader } from '../safetensors/read-header.ts';
import type { TensorInfo } from '../safetensors/types.ts';
import type { ByteSource } from '../source/types.ts';
import { numbersOf } from './numbers.ts';
import { elementOf } from './reading.ts';

/** What a block is run on: `tokens` rows of `hidden` numbers. */
export interface HiddenStates {
  readonly tokens: number;
  readonly hidden: number;
  readonly values: Float32Array;
}

/** Normal numbers (mean 0, deviation 1), the same for the same seed on every machine to the last bit but a few. */
export function randomStates(tokens: number, hidden: number, seed: number): HiddenStates {
  const next = createUniform(seed);
  const values = new Float32Array(tokens * hidden);
  for (let at = 0; at < values.length; at += 2) {
    const radius = Math.sqrt(-2 * Math.log(1 - next()));
    const angle = 2 * Math.PI * next();
    values[at] = radius * Math.cos(angle);
    if (at + 1 < values.length) values[at + 1] = radius * Math.sin(angle);
  }
  return { tokens, hidden, values };
}

/** Numbers from 0 to below 1 (mulberry32, 53 of its bits). */
function createUniform(seed: number): () => number {
  let state = seed >>> 0;
  const word = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  return () => ((word() >>> 5) * 0x4000000 + (word() >>> 6)) / 0x20000000000000;
}

/** More tokens than anybody compares; an input beyond it is a mistake. */
const MOST_TOKENS = 65_536;

/**
 * A tensor of a safetensors file as hidden states: all dims but the last are tokens.
 *
 * `name` may be left out where the file holds one tensor.
 * @throws LoomError `usage` for a tensor that is not there or has other than `hidden` columns; what reading throws.
 */
export async function readStates(
  source: ByteSource,
  file: string,
  name: string | undefined,
  hidden: number | null,
  signal?: AbortSignal,
): Promise<HiddenStates> {
  const header = await readHeader(source, { file, signal });
  const info = pick([...header.tensors.values()], file, name);
  const element = elementOf(info.dtype);
  const columns = info.shape.at(-1) ?? 0;
  const tokens = info.shape.slice(0, -1).reduce((product, dim) => product * dim, 1);
  if (!element) throw wrong(info, file, `is stored as ${info.dtype}; F32, BF16 and F16 are read`);
  if (hidden !== null && columns !== hidden)
    throw wrong(info, file, `has rows of ${columns} numbers, the layer takes ${hidden}`);
  if (info.shape.length < 2 || tokens < 1 || tokens > MOST_TOKENS || columns < 1)
    throw wrong(info, file, `has the shape [${info.shape.join(', ')}], which is no list of tokens`);
  const range = { start: header.dataStart + info.start, end: header.dataStart + info.end };
  const bytes = await source.read(range, { signal });
  return { tokens, hidden: columns, values: numbersOf({ element, dims: info.shape, bytes }) };
}

function pick(tensors: readonly TensorInfo[], file: string, name: string | undefined): TensorInfo {
  const found = name === undefined && tensors.length === 1 ? tensors[0] : tensors.find((each) => each.name === name);
  if (found) return found;
  const names = tensors.slice(0, 5).map((each) => each.name);
  const more = tensors.length > names.length ? ` and ${tensors.length - names.length} more` : '';
  const what = name === undefined ? 'Say which tensor of' : `There is no tensor ${name} in`;
  throw new LoomError('usage', `${what} ${file}: it holds ${names.join(', ')}${more}.`, { file });
}

function wrong({ name }: TensorInfo, file: string, why: string): LoomError {
  return new LoomError('usage', `${name} in ${file} ${why}.`, { file, tensor: name });
}
