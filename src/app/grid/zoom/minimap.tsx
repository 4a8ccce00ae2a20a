import { type KeyboardEvent, type PointerEvent, type RefObject, useEffect, useRef } from 'react';
import type { Geometry, View } from '../geometry.ts';
import type { Inks } from '../paint/inks.ts';
import { type Overview, scrollFromOverview, scrollOfKey } from './overview.ts';

interface MinimapProps {
  /** The cells as a small picture. */
  readonly layer: CanvasImageSource;
  readonly overview: Overview;
  readonly geometry: Geometry;
  readonly view: View;
  readonly inks: Inks;
  readonly scroller: RefObject<HTMLElement | null>;
}

/** All of a grid that does not fit, with a frame round what is in sight: drag or press the arrow keys to move it. */
export function Minimap({ layer, overview, geometry, view, inks, scroller }: MinimapProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const frame = requestAnimationFrame(() => canvas.current && paint(canvas.current, layer, overview, inks));
    return () => cancelAnimationFrame(frame);
  }, [layer, overview, inks]);
  const move = (event: PointerEvent<HTMLElement>) => {
    if ((event.buttons & 1) === 0) return;
    const { left, top } = event.currentTarget.getBoundingClientRect();
    const point = { x: event.clientX - left, y: event.clientY - top };
    scroller.current?.scrollTo(scrollFromOverview(geometry, view, overview, point));
  };
  const onPointerDown = (event: PointerEvent<HTMLElement>) => {
    event.currentTarget.setPointerCapture(event.pointerId);
    move(event);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const to = scrollOfKey(event.key, view);
    if (!to) return;
    event.preventDefault();
    scroller.current?.scrollTo(to);
  };
  return (
    <div
      className="minimap"
      role="application"
      aria-label="Overview of the grid. Arrow keys move what is in sight."
      // biome-ignore lint/a11y/noNoninteractiveTabindex: it is moved by keyboard
      tabIndex={0}
      onPointerDown={onPointerDown}
      onPointerMove={move}
      onKeyDown={onKeyDown}
    >
      <canvas ref={canvas} />
    </div>
  );
}

function paint(canvas: HTMLCanvasElement, layer: CanvasImageSource, { width, height, frame }: Overview, inks: Inks) {
  const ratio = window.devicePixelRatio;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext('2d');
  if (!context) return;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.fillStyle = inks.pending;
  context.fillRect(0, 0, width, height);
  context.drawImage(layer, 0, 0, width, height);
  const box = [frame.x + 1, frame.y + 1, Math.max(2, frame.width - 2), Math.max(2, frame.height - 2)] as const;
  context.strokeStyle = inks.surface;
  context.lineWidth = 4;
  context.strokeRect(...box);
  context.strokeStyle = inks.accent;
  context.lineWidth = 2;
  context.strokeRect(...box);
}
