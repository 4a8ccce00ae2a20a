import { createHasher, type Hasher } from '../hash.ts';
import type { Projection } from '../layouts/types.ts';
import { matrixView } from '../layouts/view.ts';
import type { Span } from '../plan/types.ts';
import { bitsOf } from '../safetensors/dtype.ts';
import type { FileOffset } from '../safetensors/types.ts';
import type { Block, BlockWeights } from './block.ts';
import { expertRanges } from './forms.ts';
import type { Reader } from './reading.ts';
import { groupsOf, routerRows } from './run.ts';
import type { ParityFault } from './types.ts';

/** One checkpoint's block, for looking into. */
export interface Suspect {
  readonly block: Block;
  readonly reader: Reader;
  readonly weights: BlockWeights;
}

const PROJECTIONS: readonly Projection[] = ['gate', 'up', 'down'];
/** More than this says no more. */
const MOST_NAMED = 8;

/**
 * Known mistakes that make two blocks differ, found in their bytes: experts in each other's places, gate for up, router
 * rows in another order. What is found is so for certain; what is not found may still be.
 */
export async function diagnose(a: Suspect, b: Suspect, sessionNumbers: number): Promise<ParityFault[]> {
  const faults = routerFaults(a.weights, b.weights);
  if (a.block.experts !== b.block.experts) {
    const message = `One block has ${a.block.experts} experts, the other ${b.block.experts}.`;
    return [...faults, { tag: 'experts-differ', message }];
  }
  const left = await fingerprints(a, sessionNumbers);
  const right = await fingerprints(b, sessionNumbers);
  return [...faults, ...expertFaults(left, right)];
}

function routerFaults(a: BlockWeights, b: BlockWeights): ParityFault[] {
  const [left, right] = [routerRows(a), routerRows(b)];
  if (left.rows !== right.rows || left.columns !== right.columns)
    return [{ tag: 'router-differs', message: `The routers have ${left.rows} and ${right.rows} rows.` }];
  const row = ({ values, columns }: typeof left, at: number) =>
    values.subarray(at * columns, (at + 1) * columns).join();
  const places = new Map(Array.from({ length: left.rows }, (_, at) => [row(left, at), at]));
  const moved: string[] = [];
  let strange = 0;
  for (let at = 0; at < right.rows; at++) {
    const place = places.get(row(right, at));
    if (place === undefined) strange++;
    else if (place !== at && row(left, at) !== row(right, at)) moved.push(`row ${at} is row ${place}`);
  }
  if (moved.length > 0)
    return [
      {
        tag: 'router-rows-reordered',
        message: `The router's rows are in another order in the second checkpoint: ${listed(moved)} of the first.`,
      },
    ];
  return strange > 0
    ? [{ tag: 'router-differs', message: `${strange} of ${left.rows} rows of the router hold other numbers.` }]
    : [];
}

/** Hashes of each expert's matrices, rows as outputs. */
type Prints = readonly Readonly<Record<Projection, string | null>>[];

async function fingerprints({ block, reader }: Suspect, sessionNumbers: number): Promise<Prints> {
  const hasher = await createHasher();
  const prints: Record<Projection, string | null>[] = [];
  for (const [from, to] of groupsOf(block, sessionNumbers)) {
    await reader.hold(expertRanges(reader.checkpoint, block.group, from, to));
    for (let expert = from; expert < to; expert++) {
      const print: Record<Projection, string | null> = { gate: null, up: null, down: null };
      for (const projection of PROJECTIONS)
        print[projection] = await hashMatrix(block, reader, projection, expert, hasher);
      prints.push(print);
    }
  }
  await reader.hold([]);
  return prints;
}

async function hashMatrix(block: Block, reader: Reader, projection: Projection, expert: number, hasher: Hasher) {
  const view = matrixView(block.group, projection, expert);
  const tensor = view && reader.checkpoint.tensors.get(view.tensor);
  if (!view || !tensor) return null;
  const itemBytes = bitsOf(view.dtype) / 8;
  const { rows, columns, rowStride, columnStride } = view;
  const extent = (rows - 1) * rowStride + (columns - 1) * columnStride + 1;
  const start = (tensor.start + view.base * itemBytes) as FileOffset;
  const span: Span = { file: tensor.file, start, end: (start + extent * itemBytes) as FileOffset };
  const shape = { itemBytes, shape: [rows, columns], strides: [rowStride, columnStride], bases: [0], select: null };
  const output = await reader.readParts([{ kind: 'gather', spans: [span], ...shape }], 0, rows * columns * itemBytes);
  hasher.reset();
  hasher.update(output);
  return hasher.digest();
}

function expertFaults(left: Prints, right: Prints): ParityFault[] {
  const same = (a: Prints[number] | undefined, b: Prints[number] | undefined) =>
    PROJECTIONS.every((projection) => a?.[projection] === b?.[projection]);
  const different = right.map((_, expert) => expert).filter((expert) => !same(left[expert], right[expert]));
  if (different.length === 0) return [];
  const turned = different.filter(
    (expert) => left[expert]?.gate === right[expert]?.up && left[expert]?.up === right[expert]?.gate,
  );
  const moved = different.flatMap((expert) => {
    const place = left.findIndex((print) => same(print, right[expert]));
    return place < 0 ? [] : [`expert ${expert} is expert ${place}`];
  });
  const faults: ParityFault[] = [];
  if (turned.length > 0)
    faults.push({
      tag: 'gate-up-swapped',
      message: `Gate and up are swapped in the second checkpoint, for ${turned.length === right.length ? 'every expert' : `experts ${listed(turned.map(String))}`}.`,
    });
  if (moved.length > 0)
    faults.push({
      tag: 'experts-swapped',
      message: `Experts are in another order in the second checkpoint: ${listed(moved)} of the first.`,
    });
  const rest = different.length - turned.length - moved.length;
  if (rest > 0)
    faults.push({
      tag: 'experts-differ',
      message: `${rest} of ${right.length} experts ${rest === 1 ? 'differs' : 'differ'}.`,
    });
  return faults;
}

function listed(items: readonly string[]): string {
  const shown = items.slice(0, MOST_NAMED).join(', ');
  return items.length > MOST_NAMED ? `${shown} and ${items.length - MOST_NAMED} more` : shown;
}
