import { packingOf } from '../safetensors/dtype.ts';
import type { DialectSpec } from './dialects.ts';
import { orientationOf } from './dialects.ts';
import { partKind } from './parts.ts';
import type { Defect, ExpertMember } from './types.ts';

interface Extent {
  readonly rows: number;
  readonly columns: number;
  readonly exactColumns: boolean;
}

/**
 * I and H of a group's experts by the shapes of its tensors; null where packed values hide them.
 *
 * Outputs are never packed in layouts with rows as outputs, so I is read from gate or up and H from down.
 */
export function sizesOf(
  members: readonly ExpertMember[],
  spec: DialectSpec,
  experts: number,
): { readonly intermediate: number | null; readonly hidden: number | null; readonly defects: readonly Defect[] } {
  const parts = new Set(members.map((member) => member.part));
  const extents = new Map<string, Extent>();
  for (const member of members) {
    const extent = extentOf(member, spec, experts, parts);
    if (extent && !extents.has(member.projection)) extents.set(member.projection, extent);
  }
  const fused = extents.get('gate-up');
  const first = fused ? { ...fused, rows: fused.rows / 2 } : (extents.get('gate') ?? extents.get('up'));
  const up = fused ? first : (extents.get('up') ?? first);
  const down = extents.get('down');
  const agree = agrees(first, down) && agrees(up, down) && (!first || Number.isInteger(first.rows));
  const message = 'The shapes of the gate, up and down projections do not fit each other.';
  const defects: Defect[] = agree
    ? []
    : [{ tag: 'expert-shape-unequal', message, ...(members[0] ? { tensor: members[0].template } : {}) }];
  return { intermediate: first?.rows ?? null, hidden: down?.rows ?? null, defects };
}

function agrees(first: Extent | undefined, down: Extent | undefined): boolean {
  if (!first || !down) return true;
  return (!first.exactColumns || first.columns === down.rows) && (!down.exactColumns || down.columns === first.rows);
}

/** Rows (outputs) and columns (inputs) of one expert's matrix, from the part that says so. */
function extentOf(member: ExpertMember, spec: DialectSpec, experts: number, parts: ReadonlySet<string>): Extent | null {
  const kind = partKind(member.part, parts);
  const inner = innerShape(member, spec, experts);
  if (member.part === 'scales' && kind === 'in-major') return fromDims(inner[1], inner[0], false);
  if (kind !== 'matrix' || !['weight', 'weight_packed', 'blocks'].includes(member.part)) return null;
  const exact = member.part === 'weight' && packingOf(member.dtype) !== 'container';
  if (inner.length < 2) return null;
  return orientationOf(spec, member.projection) === 'out-in'
    ? fromDims(inner[0], inner[1], exact)
    : fromDims(inner[1], inner[0], exact);
}

function fromDims(rows: number | undefined, columns: number | undefined, exactColumns: boolean): Extent | null {
  return rows === undefined || columns === undefined ? null : { rows, columns, exactColumns };
}

/**
 * True for a companion of stacked experts that is one value for all of them.
 *
 * Source: NVIDIA ModelOpt, export/unified_export_hf.py (2026-08): global scales of fused experts are scalars.
 */
export function isSharedByAll(
  { part, shape }: Pick<ExpertMember, 'part' | 'shape'>,
  spec: DialectSpec,
  experts: number,
): boolean {
  if (spec.family === 'per-expert' || part === 'weight' || experts === 1) return false;
  return shape.length === 0 || (shape.length === 1 && shape[0] === 1);
}

/** Shape of one expert's part inside a member's tensor, or of what all experts share. */
export function innerShape(member: ExpertMember, spec: DialectSpec, experts: number): readonly number[] {
  if (spec.family === 'per-expert' || isSharedByAll(member, spec, experts)) return member.shape;
  const [first = 0, ...rest] = member.shape;
  return spec.family === 'flat' ? [first / experts, ...rest] : rest;
}
