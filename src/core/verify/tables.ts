import type { Budget } from '../budget.ts';
import { throwIfAborted } from '../errors.ts';
import { createHasher, type Hasher } from '../hash.ts';
import type { LayerGroup, MatrixView, Projection } from '../layouts/types.ts';
import { matrixView } from '../layouts/view.ts';
import { bytesInOrder, type Matrix, STRIP_BYTES } from './matrix.ts';
import { bundlesOf, type Content } from './pairs.ts';
import { heldBytes, holding, type Reader } from './reading.ts';

/** What one matrix of one expert is, by its canonical bytes. */
export interface Print {
  readonly hash: string;
  readonly bytes: number;
  readonly zeros: boolean;
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
    if (view && checkpoint.tensors.has(view.tensor)) views.set(projection, view);
  }
  return views;
}

function printOf(matrix: Matrix | undefined, hasher: Hasher, strip: Uint8Array): Print | null {
  if (!matrix) return null;
  hasher.reset();
  let bytes = 0;
  let zeros = true;
  for (const piece of bytesInOrder([matrix], strip)) {
    hasher.update(piece);
    bytes += piece.byteLength;
    zeros &&= piece.every((value) => value === 0);
  }
  return { hash: hasher.digest(), bytes, zeros };
}
