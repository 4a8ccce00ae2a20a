import type { MapRow } from '../../../core/index.ts';
import { LANE } from '../geometry.ts';
import { isCrowded, rowStep } from './labels.ts';
import { withGutter } from './paint-parts.ts';
import type { Scene } from './scene.ts';

/** The number of a layer: `17`, `d 0` for a dense one, `mtp 61`. */
export function labelOf({ index, kind }: Pick<MapRow, 'index' | 'kind'>): string {
  const number = index === null ? '–' : String(index);
  if (kind === 'dense') return `d ${number}`;
  return kind === 'mtp' ? `mtp ${number}` : number;
}

/** True when a layer's number is drawn though nothing marks the layer: every so many, and what is no MoE layer where there is room. */
export function isLabelled({ index, kind }: Pick<MapRow, 'index' | 'kind'>, row: number, step: number): boolean {
  return (index ?? row) % step === 0 || (step <= 2 && kind !== 'moe');
}

/** Numbers of layers, the chosen ones marked, and the lane of shared experts. */
export function paintRowNumbers(context: CanvasRenderingContext2D, scene: Scene, first: number, last: number): void {
  const { map, geometry, inks, view, chosen, active, hover } = scene;
  const { gutter, axis, cellHeight } = geometry;
  const step = rowStep(cellHeight);
  withGutter(context, geometry, view, inks, () => {
    for (let row = first; row <= last; row += 1) {
      const facts = map.rows[row];
      if (!facts) continue;
      const top = axis + row * cellHeight - view.top;
      if (facts.index !== null && chosen.has(facts.index)) {
        context.fillStyle = inks.accentSoft;
        context.fillRect(0, top, gutter - LANE - 2, cellHeight);
        context.fillStyle = inks.accent;
        context.fillRect(0, top, 4, cellHeight);
      }
      if (facts.shared > 0) {
        context.fillStyle = inks.lane;
        context.fillRect(gutter - LANE, top + 1, LANE - 4, Math.max(2, cellHeight - 2));
      }
      const marks = [active?.row, hover?.row];
      const marked = marks.includes(row);
      if (!marked && (isCrowded(row, marks, cellHeight) || !isLabelled(facts, row, step))) continue;
      context.fillStyle = facts.defects.length > 0 ? inks.danger : marked ? inks.text : inks.quiet;
      context.fillText(labelOf(facts), gutter - LANE - 6, top + cellHeight / 2 + 0.5);
    }
  });
}
