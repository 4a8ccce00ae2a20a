import { type PointerEvent, useRef, useState } from 'react';
import type { MapGridProps } from './expert-grid-props.ts';
import { type Cell, cellAt, type Geometry } from './geometry.ts';

/** Pixels a press may wander and still be a click. */
const CLICK_SLACK = 5;

export interface Hover {
  readonly cell: Cell;
  readonly x: number;
  readonly y: number;
}

interface Press {
  readonly cell: Cell;
  readonly y: number;
  readonly x: number;
  readonly how: 'set' | 'toggle' | 'add';
  /** True as soon as it chooses layers instead of pinning a cell. */
  choosing: boolean;
  to: number;
}

interface Options extends MapGridProps {
  readonly geometry: Geometry;
}

/** Hover, click to pin, drag or Shift to choose layers. */
export function useGridPointer({ map, geometry, active, onActive, onChoose }: Options) {
  const [hover, setHover] = useState<Hover | null>(null);
  const [band, setBand] = useState<ReadonlySet<number> | null>(null);
  const press = useRef<Press | null>(null);
  const locate = (event: PointerEvent<HTMLElement>) => {
    const element = event.currentTarget;
    const box = element.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    if (x >= element.clientWidth || y >= element.clientHeight) return null;
    const cell = cellAt(geometry, { left: element.scrollLeft, top: element.scrollTop }, x, y);
    return cell && { cell, x, y };
  };
  const stretch = (pressed: Press, row: number) => {
    pressed.to = row;
    setBand(layersOf(map, pressed.cell.row, row));
  };
  const onPointerDown = (event: PointerEvent<HTMLElement>) => {
    const at = locate(event);
    if (!at || event.button !== 0) return;
    const { cell, x, y } = at;
    const how = event.ctrlKey || event.metaKey ? 'toggle' : event.shiftKey ? 'add' : 'set';
    const from = how === 'add' && active ? { ...cell, row: active.row } : cell;
    press.current = { cell: from, x, y, how, choosing: cell.column === -1 || how !== 'set', to: cell.row };
    if (press.current.choosing) stretch(press.current, cell.row);
  };
  const onPointerMove = (event: PointerEvent<HTMLElement>) => {
    const at = locate(event);
    const pressed = press.current;
    if (pressed && at) {
      const far = Math.hypot(at.x - pressed.x, at.y - pressed.y) > CLICK_SLACK;
      if (far && !pressed.choosing) {
        pressed.choosing = true;
        event.currentTarget.setPointerCapture(event.pointerId);
      }
      if (pressed.choosing && (far || pressed.to !== at.cell.row)) stretch(pressed, at.cell.row);
    }
    setHover((before) => (at && before && same(before.cell, at.cell) && !pressed ? before : at));
  };
  const onPointerUp = () => {
    const pressed = press.current;
    press.current = null;
    setBand(null);
    if (!pressed) return;
    if (pressed.choosing) onChoose(range(pressed.cell.row, pressed.to), howOf(pressed));
    else onActive(pressed.cell, true);
  };
  const drop = () => {
    press.current = null;
    setBand(null);
    setHover(null);
  };
  const onPointerLeave = () => {
    if (!press.current) setHover(null);
  };
  return {
    hover,
    band,
    handlers: { onPointerDown, onPointerMove, onPointerUp, onPointerLeave, onPointerCancel: drop },
  };
}

/** A click on a layer's number adds or takes away that layer; a drag replaces what was chosen. */
function howOf({ how, cell, to }: Press): 'set' | 'toggle' | 'add' {
  return how === 'set' && cell.column === -1 && cell.row === to ? 'toggle' : how;
}

function same(a: Cell, b: Cell): boolean {
  return a.row === b.row && a.column === b.column;
}

function range(from: number, to: number): number[] {
  const first = Math.min(from, to);
  return Array.from({ length: Math.abs(to - from) + 1 }, (_, at) => first + at);
}

function layersOf(map: MapGridProps['map'], from: number, to: number): ReadonlySet<number> {
  return new Set(range(from, to).flatMap((row) => map.rows[row]?.index ?? []));
}
