import type { Entry, Piece, SlotOf, Status, Step } from './types.ts';

/** The fields of an entry besides its two pieces. */
export interface About {
  readonly slot: SlotOf | null;
  /** The operations that a layout explains. */
  readonly steps: readonly Step[];
  /** Why two pieces with matching sizes differ. */
  readonly misfit?: string | null;
}

/** The entry of two matched pieces. */
export function pairedEntry(left: Piece, right: Piece, about: About): Entry {
  const misfit = about.misfit ?? misfitOf(left, right);
  if (misfit !== null) return entry('shape-changed', left, right, about, [], misfit);
  const dims = left.view || right.view ? [] : dimsSteps(left, right);
  const steps = [...about.steps, ...dims];
  if (dtypeOf(left) !== dtypeOf(right)) {
    const note = `${dtypeOf(left)} on the left, ${dtypeOf(right)} on the right`;
    return entry('dtype-changed', left, right, about, [...steps, 'Cast'], note);
  }
  if (steps.length > 0) return entry('reshaped', left, right, about, steps, null);
  if (left.tensor.name !== right.tensor.name) return entry('renamed', left, right, about, ['Rename'], null);
  const stays = left.tensor.file === right.tensor.file && left.tensor.start === right.tensor.start;
  return entry(stays ? 'same' : 'moved', left, right, about, ['Keep'], null);
}

/** The entry of a piece without a match. */
export function loneEntry(piece: Piece, side: 'left' | 'right', slot: SlotOf | null, note: string | null): Entry {
  const about = { slot, steps: [] };
  return side === 'left'
    ? entry('only-left', piece, null, about, [], note)
    : entry('only-right', null, piece, about, [], note);
}

function entry(
  status: Status,
  left: Piece | null,
  right: Piece | null,
  { slot }: About,
  steps: readonly Step[],
  note: string | null,
): Entry {
  return { status, left, right, slot, steps, note, outside: false };
}

export function dtypeOf({ tensor, view }: Piece): string {
  return view?.dtype ?? tensor.dtype;
}

/** Why two pieces cannot hold the same values in any layout; null if they can. */
function misfitOf(left: Piece, right: Piece): string | null {
  const [from, to] = [left.view, right.view];
  if (from && to) {
    if (from.rows === to.rows && from.columns === to.columns) return null;
    return `${from.rows} × ${from.columns} on the left, ${to.rows} × ${to.columns} on the right`;
  }
  const [a, b] = [left.tensor.shape, right.tensor.shape];
  if (withoutOnes(a) === withoutOnes(b)) return null;
  return `[${a.join(', ')}] on the left, [${b.join(', ')}] on the right`;
}

function dimsSteps(left: Piece, right: Piece): readonly Step[] {
  return left.tensor.shape.join() === right.tensor.shape.join() ? [] : ['Reshape'];
}

/** Dims of size 1 do not change the order of values. */
function withoutOnes(shape: readonly number[]): string {
  return shape.filter((dim) => dim !== 1).join();
}
