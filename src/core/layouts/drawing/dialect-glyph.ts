import { type DialectSpec, orientationOf } from '../dialects.ts';
import { writePart } from '../parts.ts';
import type { ExpertMember, StoredProjection } from '../types.ts';
import { type Glyph, glyphOf } from './glyph.ts';

/** Sizes of the experts that a dialect is shown with. */
export interface ShownSizes {
  readonly experts: number;
  readonly intermediate: number;
  readonly hidden: number;
}

/** Those of Qwen3-30B-A3B. */
export const SHOWN: ShownSizes = { experts: 128, intermediate: 768, hidden: 2048 };

/** How a dialect stores experts of given sizes, from its row alone. */
export function dialectGlyph(row: DialectSpec, sizes: ShownSizes = SHOWN): Glyph | null {
  const stems = Object.entries(row.stems) as [StoredProjection, string][];
  const members = stems.flatMap(([projection, stem]) => membersOf(row, projection, stem, sizes));
  const { family, dialect, fusion, orientation } = row;
  return glyphOf({ layout: { family, dialect }, experts: sizes.experts, members, fusion, orientation });
}

/** MXFP4 keeps 32 numbers in 16 bytes, with one scale. */
const BLOCK = 32;

function membersOf(
  row: DialectSpec,
  projection: StoredProjection,
  stem: string,
  { experts, intermediate, hidden }: ShownSizes,
): ExpertMember[] {
  const outputs = projection === 'down' ? hidden : projection === 'gate-up' ? 2 * intermediate : intermediate;
  const inputs = projection === 'down' ? intermediate : hidden;
  const member = (part: string, dtype: ExpertMember['dtype'], inner: readonly number[]): ExpertMember => ({
    projection,
    part,
    template: `${stem}${writePart(part, row.style)}`,
    dtype,
    shape: stacked(row, experts, inner),
  });
  if (row.blocks) {
    const groups = inputs / BLOCK;
    return [member('blocks', 'U8', [outputs, groups, BLOCK / 2]), member('scales', 'U8', [outputs, groups])];
  }
  const inner = orientationOf(row, projection) === 'out-in' ? [outputs, inputs] : [inputs, outputs];
  return [member('weight', 'BF16', inner)];
}

function stacked({ family }: DialectSpec, experts: number, inner: readonly number[]): number[] {
  if (family === 'per-expert') return [...inner];
  const [rows = 1, ...rest] = inner;
  return family === 'flat' ? [experts * rows, ...rest] : [experts, ...inner];
}
