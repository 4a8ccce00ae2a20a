import type { LayerGroup } from '../layouts/types.ts';
import { isJoined, jointOfPart } from '../layouts/view.ts';

/** What happens to parts that gate and up cannot each have, for a reader of the plan. */
export function valueNotes(conversions: readonly { readonly from: LayerGroup; readonly to: LayerGroup }[]): string[] {
  const once = new Set<string>();
  const both = new Set<string>();
  const anew = new Set<string>();
  for (const { from, to } of conversions) {
    for (const part of new Set(to.members.map((member) => member.part))) {
      const [before, after, joint] = [isJoined(from, part), isJoined(to, part), jointOfPart(to, part)];
      if (before === after) continue;
      if (joint === 'rewritten') anew.add(part);
      if (joint === 'shared') (after ? once : both).add(part);
    }
  }
  return [
    ...says(once, 'gate and up are equal in every expert (read and compared); gate’s bytes are written for both.'),
    ...says(both, 'gate and up share one value, which is written for both.'),
    ...says(anew, 'the stored shape is replaced by the shape that gate and up have in the new layout.'),
  ];
}

function says(parts: ReadonlySet<string>, what: string): string[] {
  return parts.size > 0 ? [`${[...parts].join(', ')}: ${what}`] : [];
}
