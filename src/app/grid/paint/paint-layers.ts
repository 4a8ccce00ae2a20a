import { BESIDE, type MapRow } from '../../../core/index.ts';
import { BESIDE_WIDTH, besideLeft, LANE } from '../geometry.ts';
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

/** What of a layer is beside its experts: a column each, or a bar for shared experts alone. */
function paintBeside(context: CanvasRenderingContext2D, scene: Scene, row: number, top: number): void {
  const { map, geometry, inks, active, hover } = scene;
  const facts = map.rows[row];
  const height = Math.max(2, geometry.cellHeight - 2);
  if (!geometry.beside) {
    context.fillStyle = inks.lane;
    if (facts && facts.shared > 0) context.fillRect(geometry.gutter - LANE, top + 1, LANE - 4, height);
    return;
  }
  for (const [at, kind] of BESIDE.entries()) {
    const column = -2 - at;
    const left = besideLeft(geometry, column);
    if (facts && facts[kind] > 0) {
      context.fillStyle = inks[kind];
      context.fillRect(left + 3, top + 1, BESIDE_WIDTH - 5, height);
    }
    for (const [cell, ink] of [
      [hover, inks.text],
      [active, inks.accent],
    ] as const) {
      if (cell?.row !== row || cell.column !== column) continue;
      context.strokeStyle = ink;
      context.lineWidth = 2;
      context.strokeRect(left + 1, top + 0.5, BESIDE_WIDTH - 1, geometry.cellHeight - 1);
    }
  }
}

/** Numbers of layers, the chosen ones marked, and the lane of shared experts. */
export function paintRowNumbers(context: CanvasRenderingContext2D, scene: Scene, first: number, last: number): void {
  const { map, geometry, inks, view, chosen, active, hover } = scene;
  const { gutter, axis, cellHeight } = geometry;
  const step = rowStep(cellHeight);
  // Where the numbers end.
  const numbers = (geometry.beside ? besideLeft(geometry, -1 - geometry.beside) : gutter - LANE) - 6;
  withGutter(context, geometry, view, inks, () => {
    for (let row = first; row <= last; row += 1) {
      const facts = map.rows[row];
      if (!facts) continue;
      const top = axis + row * cellHeight - view.top;
      if (facts.index !== null && chosen.has(facts.index)) {
        context.fillStyle = inks.accentSoft;
        context.fillRect(0, top, numbers + 4, cellHeight);
        context.fillStyle = inks.accent;
        context.fillRect(0, top, 4, cellHeight);
      }
      paintBeside(context, scene, row, top);
      const marks = [active?.row, hover?.row];
      const marked = marks.includes(row);
      if (!marked && (isCrowded(row, marks, cellHeight) || !isLabelled(facts, row, step))) continue;
      context.fillStyle = facts.defects.length > 0 ? inks.danger : marked ? inks.text : inks.quiet;
      context.fillText(labelOf(facts), numbers, top + cellHeight / 2 + 0.5);
    }
  });
}
