import { useEffect, useMemo, useRef, useState } from 'react';
import type { ExpertMap } from '../../core/index.ts';
import { styled } from '../parts/set-style.ts';
import { useTheme } from '../theme/use-theme.ts';
import { describeCell } from './describe.ts';
import type { MapGridProps } from './expert-grid-props.ts';
import { type Cell, contentSize, fitGeometry } from './geometry.ts';
import { GridTooltip } from './grid-tooltip.tsx';
import { paintScene, readInks } from './paint-experts.ts';
import { RowFacts } from './row-facts.tsx';
import { useGridKeys } from './use-grid-keys.ts';
import { useGridPointer } from './use-grid-pointer.ts';
import { useViewport } from './use-viewport.ts';
import './grid.css';

/** Layers by experts: a canvas with an ARIA grid over it. */
export function MapGrid(props: MapGridProps) {
  const { map, picture, active, chosen, side = '', onHover } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const { view, size } = useViewport(scroller);
  const geometry = useMemo(
    () => fitGeometry(map.rows.length, map.columns, size.width, size.height, props.zoom),
    [map.rows.length, map.columns, size.width, size.height, props.zoom],
  );
  const keys = useGridKeys({ ...props, geometry, scroller });
  const pointer = useGridPointer({ ...props, geometry });
  const hover = pointer.hover;
  const hovered = hover?.cell ?? null;
  useEffect(() => onHover?.(hovered), [hovered, onHover]);
  usePainting(canvas, { ...props, geometry, view, size, hover: hovered ?? props.ghost ?? null, band: pointer.band });
  const content = contentSize(geometry);
  const row = active ? map.rows[active.row] : undefined;
  return (
    <div className="grid-frame">
      {/* biome-ignore lint/a11y/useSemanticElements: twelve thousand table cells would not pan */}
      <div
        ref={scroller}
        className="grid-scroller"
        role="grid"
        aria-label={side === '' ? 'Layers by experts' : `Layers by experts, ${side}`}
        aria-rowcount={map.rows.length}
        aria-colcount={map.columns}
        aria-multiselectable="true"
        aria-activedescendant={active ? `map-cell${side}` : undefined}
        tabIndex={0}
        {...keys}
        {...pointer.handlers}
      >
        {/* biome-ignore lint/a11y/useSemanticElements: see above */}
        {/* biome-ignore lint/a11y/useFocusableInteractive: the grid holds the focus and names the cell */}
        <div
          className="hidden"
          role="row"
          aria-rowindex={(active?.row ?? 0) + 1}
          aria-selected={row?.index != null && chosen.has(row.index)}
        >
          {/* biome-ignore lint/a11y/useFocusableInteractive: see above */}
          {/* biome-ignore lint/a11y/useSemanticElements: see above */}
          <span
            id={`map-cell${side}`}
            role="gridcell"
            aria-colindex={(active?.column ?? 0) + 1}
            aria-selected={active !== null}
          >
            {active ? describeCell(map, active, picture.words) : 'No cell yet: press an arrow key.'}
          </span>
        </div>
        <div
          className="grid-content"
          role="presentation"
          ref={styled({ width: `${content.width}px`, height: `${content.height}px` })}
        >
          <canvas ref={canvas} className="grid-canvas" />
        </div>
      </div>
      {hover && (
        <GridTooltip x={hover.x} y={hover.y}>
          {hover.cell.column === -1 ? <RowFacts map={map} row={hover.cell.row} /> : props.about(hover.cell)}
        </GridTooltip>
      )}
    </div>
  );
}

interface Painting extends MapGridProps {
  readonly geometry: ReturnType<typeof fitGeometry>;
  readonly view: { readonly left: number; readonly top: number };
  readonly size: { readonly width: number; readonly height: number };
  readonly hover: Cell | null;
  /** Rows under a selection in the making. */
  readonly band: ReadonlySet<number> | null;
}

/** Keeps the canvas true to what it is given, one painting a frame. */
function usePainting(canvas: React.RefObject<HTMLCanvasElement | null>, painting: Painting): void {
  const { map, picture, geometry, view, size, hover, active, chosen, band } = painting;
  const theme = useTheme();
  const [ratio, setRatio] = useState(() => window.devicePixelRatio);
  useEffect(() => {
    const query = matchMedia(`(resolution: ${ratio}dppx)`);
    const follow = () => setRatio(window.devicePixelRatio);
    query.addEventListener('change', follow);
    return () => query.removeEventListener('change', follow);
  }, [ratio]);
  const { pixels, marks } = picture;
  const layer = useMemo(() => layerOf(map, pixels), [map, pixels]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the inks are the theme's
  const inks = useMemo(() => readInks(document.documentElement), [theme]);
  useEffect(() => {
    if (size.width === 0) return;
    const frame = requestAnimationFrame(() => {
      const element = canvas.current;
      const context = element?.getContext('2d');
      if (!element || !context) return;
      resize(element, size.width, size.height, ratio);
      context.setTransform(ratio, 0, 0, ratio, 0, 0);
      paintScene(context, {
        map,
        layer,
        marks,
        geometry,
        inks,
        view: { ...view, ...size },
        chosen: band ?? chosen,
        active,
        hover,
      });
    });
    return () => cancelAnimationFrame(frame);
  }, [canvas, map, layer, marks, geometry, inks, view, size, ratio, chosen, band, active, hover]);
}

function resize(canvas: HTMLCanvasElement, width: number, height: number, ratio: number): void {
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== wide) canvas.width = wide;
  if (canvas.height !== high) canvas.height = high;
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
}

/** The cells as a picture of one pixel each, made anew only when data or colours change. */
function layerOf(map: ExpertMap, pixels: Uint8ClampedArray<ArrayBuffer>): HTMLCanvasElement {
  const layer = document.createElement('canvas');
  layer.width = Math.max(1, map.columns);
  layer.height = Math.max(1, map.rows.length);
  if (map.columns > 0 && map.rows.length > 0) {
    layer.getContext('2d')?.putImageData(new ImageData(pixels, map.columns, map.rows.length), 0, 0);
  }
  return layer;
}
