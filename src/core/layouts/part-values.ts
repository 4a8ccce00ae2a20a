import type { CompanionValues, NeededValue } from '../checkpoint/read-companion-values.ts';
import { dialectOf } from './dialects.ts';
import { fromHex, rewriteShape } from './parts-shape.ts';
import { isSharedByAll } from './sizes.ts';
import type { LayerGroup, Projection } from './types.ts';
import { isJoined, jointOfPart, matrixView, memberFor } from './view.ts';

/** What values say of a part: it goes along (`exact`), it does not, or they must be read first. */
export type Verdict = { readonly exact: true } | { readonly why: string } | { readonly needs: readonly NeededValue[] };

const EXACT: Verdict = { exact: true };

/**
 * Whether gate's and up's values of a part can be one value, or one value theirs: with `fuses` the part is about to stand
 * in a tensor for both.
 */
export function judgeValues(
  group: LayerGroup,
  part: string,
  fuses: boolean,
  values: CompanionValues | undefined,
): Verdict {
  const joined = isJoined(group, part);
  const joint = jointOfPart(group, part);
  if (joined === fuses || joint === 'rows' || joint === null) return EXACT;
  if (joint === 'shared' && joined) return EXACT;
  const needs = neededFor(group, part);
  if (!values || needs.some((need) => !values.values.has(need.tensor))) return { needs };
  const why = joined ? unsplittable(group, part, values) : unequal(group, part, values);
  return why === null ? EXACT : { why };
}

/** The value of one expert's part, as it was read; undefined when it was not. */
export function readValue(
  group: LayerGroup,
  projection: Projection,
  expert: number,
  part: string,
  values: CompanionValues | undefined,
): string | undefined {
  const view = matrixView(group, projection, expert, part);
  if (!view) return undefined;
  return values?.values.get(view.tensor)?.[view.base / (view.rows * view.columns)];
}

/** The bytes of one expert's `weight_shape` after gate and up were joined or taken apart, null when they were not read. */
export function rewrittenValue(
  group: LayerGroup,
  projection: Projection,
  expert: number,
  part: string,
  values: CompanionValues | undefined,
): Uint8Array<ArrayBuffer> | null {
  const value = readValue(group, projection, expert, part, values);
  const dtype = memberFor(group, projection, part)?.dtype;
  if (value === undefined || dtype === undefined) return null;
  return rewriteShape(fromHex(value), dtype, isJoined(group, part) ? 'split' : 'join');
}

function neededFor(group: LayerGroup, part: string): NeededValue[] {
  const members = new Set([memberFor(group, 'gate', part), memberFor(group, 'up', part)]);
  const experts = group.experts ?? 0;
  const spec = dialectOf(group.layout);
  return [...members].flatMap((member) => {
    if (!member) return [];
    if (!member.template.includes('{i}')) {
      const shared = spec !== undefined && isSharedByAll(member, spec, experts);
      return [{ tensor: member.template, pieces: shared ? 1 : experts }];
    }
    return Array.from({ length: experts }, (_, i) => ({
      tensor: member.template.replaceAll('{i}', String(i)),
      pieces: 1,
    }));
  });
}

function unequal(group: LayerGroup, part: string, values: CompanionValues): string | null {
  const rewritten = jointOfPart(group, part) === 'rewritten';
  for (let expert = 0; expert < (group.experts ?? 0); expert += 1) {
    const gate = readValue(group, 'gate', expert, part, values);
    if (gate === undefined || gate !== readValue(group, 'up', expert, part, values)) {
      return `expert ${expert} has another value for up_proj, and in one tensor there would be one for both`;
    }
    if (rewritten && rewrittenValue(group, 'gate', expert, part, values) === null) return odd(expert);
  }
  return null;
}

function unsplittable(group: LayerGroup, part: string, values: CompanionValues): string | null {
  for (let expert = 0; expert < (group.experts ?? 0); expert += 1) {
    if (rewrittenValue(group, 'gate', expert, part, values) === null) return odd(expert);
  }
  return null;
}

function odd(expert: number): string {
  return `expert ${expert}'s value is no shape that gate and up could share`;
}
