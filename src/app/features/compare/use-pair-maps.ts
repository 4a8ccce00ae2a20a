import { useMemo } from 'react';
import { CELL, type ExpertMap, STATUSES } from '../../../core/index.ts';
import type { CellPicture } from '../../grid/expert-grid-props.ts';
import type { Cell } from '../../grid/geometry.ts';
import { layoutPixel } from '../../grid/paint/layout-colours.ts';
import { packed } from '../../grid/paint/palette.ts';
import { useComparison } from '../../state/comparison.ts';
import { useInspection } from '../../state/inspection.ts';
import type { PairColour } from '../../state/seen/place.ts';
import { type CompareCells, PROOF_ORDER } from './cells.ts';
import { ALONE_COLOUR, PROVEN_COLOUR, STATUS_COLOURS, statusLabel } from './status-labels.ts';

/** One of the two maps. */
export interface SideMap {
  readonly map: ExpertMap;
  readonly picture: CellPicture;
  /** Status and proof of a cell. */
  readonly words: (cell: Cell) => string;
  /** Row → the pair of layers that it is of; -1 if it has no match. */
  readonly groups: readonly number[];
  /** Row → row of the other map; -1 where there is none. */
  readonly twins: readonly number[];
}

/** Both maps, coloured by status, with the matching rows; null until both are loaded. */
export function usePairMaps(colour: PairColour): { readonly left: SideMap; readonly right: SideMap } | null {
  const left = useInspection((state) => state.map);
  const right = useComparison((state) => state.map);
  const cells = useComparison((state) => state.head?.cells ?? null);
  return useMemo(() => {
    if (!left || !right || !cells) return null;
    const byLayout = colour === 'layout';
    const groups = { left: groupsOf(left, cells, 'left'), right: groupsOf(right, cells, 'right') };
    return {
      left: sideOf(left, cells, groups.left, twinsOf(left, groups.left, right, groups.right), byLayout),
      right: sideOf(right, cells, groups.right, twinsOf(right, groups.right, left, groups.left), byLayout),
    };
  }, [left, right, cells, colour]);
}

function groupsOf(map: ExpertMap, cells: readonly CompareCells[], side: 'left' | 'right'): number[] {
  const byPrefix = new Map(cells.map((each) => [each[side], each.group]));
  return map.rows.map((row) => (row.experts ? (byPrefix.get(row.prefix) ?? -1) : -1));
}

/** The row of the same pair of layers; a dense layer's by its prefix, else by its number. */
function twinsOf(map: ExpertMap, own: readonly number[], other: ExpertMap, theirs: readonly number[]): number[] {
  return map.rows.map((row, at) => {
    const group = own[at] ?? -1;
    if (group >= 0) return theirs.indexOf(group);
    const same = other.rows.findIndex((each) => each.prefix === row.prefix);
    if (same >= 0) return same;
    return other.rows.findIndex((each, to) => theirs[to] === -1 && each.index !== null && each.index === row.index);
  });
}

function sideOf(
  map: ExpertMap,
  cells: readonly CompareCells[],
  groups: readonly number[],
  twins: readonly number[],
  byLayout: boolean,
): SideMap {
  const byGroup = new Map(cells.map((each) => [each.group, each]));
  const facts = ({ row, column }: Cell) => {
    const own = byGroup.get(groups[row] ?? -1);
    const status = STATUSES[own?.status[column] ?? -1];
    return own && status ? { status, proof: PROOF_ORDER[own.proof[column] ?? 0] ?? 'none' } : null;
  };
  const pixels = new Uint32Array(map.state.length);
  const marks = new Set<number>();
  for (const [row, about] of map.rows.entries()) {
    for (let column = 0; column < (about.experts ?? 0); column += 1) {
      const at = row * map.columns + column;
      if (map.state[at] === CELL.absent) continue;
      const known = facts({ row, column });
      const different =
        known !== null && (known.proof === 'different' || STATUSES.indexOf(known.status) >= FIRST_DIFFERENCE);
      if (different) marks.add(at);
      const proven = known?.proof === 'equal' && !different;
      if (byLayout && known && !different) pixels[at] = layoutPixel(about, column);
      else pixels[at] = known ? (proven ? PROVEN : (INKS[known.status] ?? NONE)) : NONE;
    }
  }
  const words = (cell: Cell) => {
    const known = facts(cell);
    return known ? statusLabel(known.status, known.proof) : 'not matched';
  };
  return { map, picture: { pixels: new Uint8ClampedArray(pixels.buffer), marks, words }, words, groups, twins };
}

const FIRST_DIFFERENCE = STATUSES.indexOf('dtype-changed');

const NONE = packed(ALONE_COLOUR);
const PROVEN = packed(PROVEN_COLOUR);
const INKS = Object.fromEntries(Object.entries(STATUS_COLOURS).map(([status, hex]) => [status, packed(hex)]));
