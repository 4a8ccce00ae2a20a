import { DIALECTS, layoutId } from '../dialects.ts';
import type { TargetLayout } from '../types.ts';
import { dialectGlyph } from './dialect-glyph.ts';
import type { Glyph } from './glyph.ts';
import { depthOf, faceSize, glyphPicture, type StackLook, stackMarks } from './glyph-picture.ts';
import { type Mark, moved, type Picture } from './picture.ts';

/** The dialect that represents each target; what an architecture gets differs in names, or has companions beside it. */
const SHOWN_AS: Readonly<Record<TargetLayout, string>> = {
  'per-expert': 'per-expert/projections',
  stacked: 'stacked/plain',
  'gate-up': 'gate-up/plain',
  'gate-up-transposed': 'gate-up-transposed/plain',
  'gate-up-interleaved': 'gate-up-interleaved/gpt-oss',
  'switch-mlp': 'stacked/switch-mlp',
  'qwen3-moe-fused': 'stacked/bare',
};

const SIDE = 28;
const THIN = 3;
const GAP = 6;
const LOOK: StackLook = { apart: { sheets: 4, step: 3 }, together: { sheets: 9, step: 1 } };

/** How a target stores experts, small enough for a line of text: stacks without words. */
export function targetGlyph(target: TargetLayout): Picture {
  const row = DIALECTS.find((each) => layoutId(each) === SHOWN_AS[target]);
  const glyph = row && dialectGlyph(row);
  if (!glyph) throw new RangeError(`No dialect is drawn for ${target}.`);
  return smallPicture(glyph, target);
}

function smallPicture(glyph: Glyph, title: string): Picture {
  const longest = Math.max(1, ...glyph.weights.flatMap(({ rows, columns }) => [rows, columns]));
  const drawn = glyph.weights.map((tensor) => {
    const size = faceSize(tensor, longest, SIDE, THIN);
    return { tensor, size, depth: depthOf(tensor, LOOK) };
  });
  const height = Math.max(...drawn.map(({ size, depth }) => size.height + depth));
  const marks: Mark[] = [];
  let x = 0;
  for (const { tensor, size, depth } of drawn) {
    marks.push(...moved(stackMarks(tensor, size, LOOK), x, height - size.height));
    x += size.width + depth + GAP;
  }
  const { description } = glyphPicture(glyph, title);
  return { width: Math.ceil(x - GAP), height: Math.ceil(height), title, description, marks };
}
