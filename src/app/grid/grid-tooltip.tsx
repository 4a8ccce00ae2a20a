import { type ReactNode, useLayoutEffect, useRef } from 'react';

interface TooltipProps {
  /** Where the pointer is, from the frame's corner. */
  readonly x: number;
  readonly y: number;
  readonly children: ReactNode;
}

/** A box beside the pointer, inside the frame that it stands in. */
export function GridTooltip({ x, y, children }: TooltipProps) {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = box.current;
    const frame = element?.parentElement;
    if (!element || !frame) return;
    // By halves of the frame, not by its own size: that changes when the names arrive.
    const left = x > frame.clientWidth / 2 ? `max(4px, calc(${x - 8}px - 100%))` : `${x + 24}px`;
    const top = y > frame.clientHeight / 2 ? `calc(${y - 8}px - 100%)` : `${y + 24}px`;
    element.style.translate = `${left} ${top}`;
  }, [x, y]);
  return (
    <div ref={box} className="tooltip" aria-hidden="true">
      {children}
    </div>
  );
}
