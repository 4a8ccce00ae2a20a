import type { Budget } from '../../budget.ts';
import { throwIfAborted } from '../../errors.ts';
import { createHasher, type Hasher } from '../../hash.ts';
import type { LayerGroup, MatrixView, Projection } from '../../layouts/types.ts';
import { matrixView } from '../../layouts/view.ts';
import { bytesInOrder, type Matrix, STRIP_BYTES } from '../matrix.ts';
import { bundlesOf, type Content } from '../pairs.ts';
import { heldBytes, holding, holdsView, type Reader } from '../reading.ts';

/** What one matrix of one expert is, by its canonical bytes. */
export interface Print {
  readonly hash: string;
  readonly bytes: number;
  readonly zeros: boolean;
  /** Sum of the bytes: the same however elements are rearranged. */
  readonly sum: number;
}

/** Prints of a group: content → expert → print; null where the group has no such matrix. */
export type PrintTable = ReadonlyMap<string, readonly (Print | null)[]>;

export interface PrintOptions {
  readonly budget: Budget;
  readonly signal: AbortSignal | undefined;
}

export function keyOf({ projection, part }: Content): string {
  return `${projection} ${part}`;
}

/** Hashes every matrix of a group's experts, one expert at a time; each byte is read once. */
export async function printGroup(
  reader: Reader,
  group: LayerGroup,
  contents: readonly Content[],
  { budget, signal }: PrintOptions,
): Promise<PrintTable> {
  const table = new Map<string, (Print | null)[]>(contents.map((content) => [keyOf(content), []]));
  const hasher = await createHasher();
  const strip = new Uint8Array(STRIP_BYTES);
  for (const bundle of bundlesOf(contents)) {
    for (let expert = 0; expert < (group.experts ?? 0); expert++) {
      throwIfAborted(signal);
      const views = viewsOf(group, expert, bundle, reader);
      const bytes = heldBytes([...views.values()], reader.checkpoint) + STRIP_BYTES;
      const prints = await holding(budget, bytes, signal, async () => {
        const matrices = await reader.load([...views.values()]);
        return new Map([...views.keys()].map((projection, at) => [projection, printOf(matrices[at], hasher, strip)]));
      });
      for (const content of bundle) table.get(keyOf(content))?.push(prints.get(content.projection) ?? null);
    }
  }
  return table;
}

/** Views of one expert's contents that the checkpoint has. */
export function viewsOf(
  group: LayerGroup,
  expert: number,
  contents: readonly Content[],
  { checkpoint }: Reader,
): Map<Projection, MatrixView> {
  const views = new Map<Projection, MatrixView>();
  for (const { projection, part } of contents) {
    const view = matrixView(group, projection, expert, part);
    const tensor = view && checkpoint.tensors.get(view.tensor);
    if (tensor && holdsView(tensor, view)) views.set(projection, view);
  }
  return views;
}

function printOf(matrix: Matrix | undefined, hasher: Hasher, strip: Uint8Array): Print | null {
  if (!matrix) return null;
  hasher.reset();
  let bytes = 0;
  let sum = 0;
  for (const piece of bytesInOrder([matrix], strip)) {
    hasher.update(piece);
    bytes += piece.byteLength;
    sum += sumOf(piece);
  }
  return { hash: hasher.digest(), bytes, zeros: sum === 0, sum };
}

/** Words whose bytes two 16-bit lanes of a sum can take: 256 × 255 is below 2^16. */
const SUM_WORDS = 256;

/** Four bytes at a time where they lie on a word. */
function sumOf(bytes: Uint8Array): number {
  const words = bytes.byteOffset % 4 === 0 ? Math.floor(bytes.byteLength / 4) : 0;
  const view = new Uint32Array(bytes.buffer, words === 0 ? 0 : bytes.byteOffset, words);
  let total = 0;
  for (let start = 0; start < words; start += SUM_WORDS) {
    const end = Math.min(start + SUM_WORDS, words);
    let [even, odd] = [0, 0];
    for (let at = start; at < end; at++) {
      const word = view[at] as number;
      even += word & 0x00ff00ff;
      odd += (word >>> 8) & 0x00ff00ff;
    }
    total += (even & 0xffff) + (even >>> 16) + (odd & 0xffff) + (odd >>> 16);
  }
  for (let at = words * 4; at < bytes.byteLength; at++) total += bytes[at] as number;
  return total;
}
