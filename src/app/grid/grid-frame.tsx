import type { DOMAttributes, ReactNode, RefObject } from 'react';
import { styled } from '../parts/set-style.ts';
import { type Cell, contentSize, type Geometry } from './geometry.ts';
import './grid.css';

interface GridFrameProps {
  readonly label: string;
  /** The id of the element that speaks for the cursor's cell. */
  readonly cellId: string;
  readonly geometry: Geometry;
  readonly active: Cell | null;
  /** The cursor's cell in words, null while there is no cursor. */
  readonly words: string | null;
  /** Whether the cursor's row is chosen; absent where rows cannot be. */
  readonly chosen?: boolean;
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly canvas: RefObject<HTMLCanvasElement | null>;
  readonly handlers: DOMAttributes<HTMLDivElement>;
  /** Pixels below the last row that something lies over. */
  readonly below?: number;
  /** What lies over the canvas: a tooltip. */
  readonly children: ReactNode;
}

/** A canvas that scrolls, with an ARIA grid over it: one row and one cell, which say where the cursor is. */
export function GridFrame(props: GridFrameProps) {
  const { geometry, active, chosen } = props;
  const content = contentSize(geometry);
  const height = content.height + (props.below ? props.below + 16 : 0);
  return (
    <div className="grid-frame">
      {/* biome-ignore lint/a11y/useSemanticElements: twelve thousand table cells would not pan */}
      <div
        ref={props.scroller}
        className="grid-scroller"
        role="grid"
        aria-label={props.label}
        aria-rowcount={geometry.rows}
        aria-colcount={geometry.columns}
        aria-multiselectable={chosen === undefined ? undefined : true}
        aria-activedescendant={active ? props.cellId : undefined}
        tabIndex={0}
        {...props.handlers}
      >
        {/* biome-ignore lint/a11y/useSemanticElements: see above */}
        {/* biome-ignore lint/a11y/useFocusableInteractive: the grid holds the focus and names the cell */}
        <div className="hidden" role="row" aria-rowindex={(active?.row ?? 0) + 1} aria-selected={chosen}>
          {/* biome-ignore lint/a11y/useFocusableInteractive: see above */}
          {/* biome-ignore lint/a11y/useSemanticElements: see above */}
          <span
            id={props.cellId}
            role="gridcell"
            aria-colindex={active && active.column < 0 ? undefined : (active?.column ?? 0) + 1}
            aria-selected={chosen === undefined ? undefined : active !== null}
          >
            {props.words ?? 'No cell yet: press an arrow key.'}
          </span>
        </div>
        <div
          className="grid-content"
          role="presentation"
          ref={styled({ width: `${content.width}px`, height: `${height}px` })}
        >
          <canvas ref={props.canvas} className="grid-canvas" />
        </div>
      </div>
      {props.children}
    </div>
  );
}
