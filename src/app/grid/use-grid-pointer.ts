import { type PointerEvent, useRef, useState } from 'react';
import type { ExpertGridProps } from './expert-grid-props.ts';
import { beginPress, endPress, movePress, type Press, rowsBetween } from './press.ts';
import type { useHover } from './use-hover.ts';

interface Options extends ExpertGridProps {
  readonly pointed: ReturnType<typeof useHover>;
}

/** Click to pin, drag or Shift to choose layers. */
export function useGridPointer({ map, pointed, active, onActive, onChoose }: Options) {
  const [band, setBand] = useState<ReadonlySet<number> | null>(null);
  const press = useRef<Press | null>(null);
  const hold = (pressed: Press | null) => {
    press.current = pressed;
    setBand(pressed?.choosing ? layersOf(map, pressed.cell.row, pressed.to) : null);
  };
  const onPointerDown = (event: PointerEvent<HTMLElement>) => {
    // A second finger zooms.
    if (!event.isPrimary) return hold(null);
    const at = pointed.follow(event);
    if (at && event.button === 0) hold(beginPress(at, event, active));
  };
  const onPointerMove = (event: PointerEvent<HTMLElement>) => {
    const at = pointed.follow(event);
    const before = press.current;
    if (!before || !at) return;
    const now = movePress(before, at);
    if (now === before) return;
    if (!before.choosing) event.currentTarget.setPointerCapture(event.pointerId);
    hold(now);
  };
  const onPointerUp = () => {
    const pressed = press.current;
    hold(null);
    if (!pressed) return;
    const meant = endPress(pressed);
    if (meant.kind === 'pin') onActive(meant.cell, true);
    else onChoose(meant.rows, meant.how);
  };
  const onPointerLeave = () => {
    if (!press.current) pointed.leave();
  };
  const onPointerCancel = () => {
    hold(null);
    pointed.leave();
  };
  return { band, handlers: { onPointerDown, onPointerMove, onPointerUp, onPointerLeave, onPointerCancel } };
}

/** Numbers of the layers in rows from one to another. */
function layersOf(map: ExpertGridProps['map'], from: number, to: number): ReadonlySet<number> {
  return new Set(rowsBetween(from, to).flatMap((row) => map.rows[row]?.index ?? []));
}
