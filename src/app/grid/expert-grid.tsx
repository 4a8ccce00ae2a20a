import { type RefObject, useCallback, useEffect, useMemo, useRef } from 'react';
import { BESIDE } from '../../core/index.ts';
import { describeCell } from './describe.ts';
import type { ExpertGridProps } from './expert-grid-props.ts';
import { type Cell, fitGeometry, type Geometry } from './geometry.ts';
import { GridFrame } from './grid-frame.tsx';
import { GridTooltip } from './grid-tooltip.tsx';
import { hatchOf, type Inks } from './paint/inks.ts';
import { paintScene } from './paint/paint-experts.ts';
import { bringCell, scrollToSpot, spotOf } from './place/spot.ts';
import { usePlace } from './place/use-place.ts';
import { RowFacts } from './row-facts.tsx';
import { type Paint, pictureOf, useCanvas, useInks } from './use-canvas.ts';
import { useGridKeys } from './use-grid-keys.ts';
import { useGridPointer } from './use-grid-pointer.ts';
import { useHover } from './use-hover.ts';
import { useViewport, type Viewport } from './use-viewport.ts';
import { Minimap } from './zoom/minimap.tsx';
import { overviewOf } from './zoom/overview.ts';
import { useZoom } from './zoom/use-zoom.ts';
import { anchorOf, keepAnchor, mostZoom } from './zoom/zoom.ts';

type Scroller = RefObject<HTMLElement | null>;

/** Layers by experts: a canvas with an ARIA grid over it. */
export function ExpertGrid(props: ExpertGridProps) {
  const { map, picture, active, chosen, side = '', onHover, inStep } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const viewport = useViewport(scroller);
  const { width, height } = viewport.size;
  const beside = props.beside ? BESIDE.length : 0;
  const geometry = useMemo(
    () => fitGeometry(map.rows.length, map.columns, width, height, props.zoom, beside),
    [map.rows.length, map.columns, width, height, props.zoom, beside],
  );
  const zooming = useGridZoom(props, geometry, scroller, viewport.size);
  usePlace({
    scroller,
    ready: width > 0,
    place: props.place ?? null,
    onPlace: props.onPlace,
    chosen: active && `${active.row} ${active.column}`,
    showChosen: () => active && bringCell(scroller.current, geometry, active),
    spotOf: (view) => spotOf(geometry, view),
    scrollToSpot: (spot, view) => scrollToSpot(geometry, spot, view),
  });
  const pointed = useHover(scroller, geometry, viewport);
  const keys = useGridKeys({ ...props, geometry, scroller });
  const pointer = useGridPointer({ ...props, pointed });
  const { hover } = pointed;
  const hovered = hover?.cell ?? null;
  useEffect(() => onHover?.(hovered), [hovered, onHover]);
  useEffect(() => (scroller.current ? inStep?.(scroller.current, geometry) : undefined), [inStep, geometry]);
  const inks = useInks();
  const layer = usePicture(map, picture);
  const seen = { ...viewport.view, ...viewport.size };
  const overview = props.onZoom ? overviewOf(geometry, seen) : null;
  const shown = { hover: hovered ?? props.ghost ?? null, chosen: pointer.band ?? chosen };
  useCanvas(canvas, viewport.size, usePaint({ ...props, ...shown, inks, layer }, geometry, viewport, scroller));
  const row = active ? map.rows[active.row] : undefined;
  return (
    <GridFrame
      label={side === '' ? 'Layers by experts' : `Layers by experts, ${side}`}
      cellId={`map-cell${side}`}
      geometry={geometry}
      active={active}
      words={active && describeCell(map, active, picture.words)}
      chosen={row?.index != null && chosen.has(row.index)}
      scroller={scroller}
      canvas={canvas}
      handlers={{
        ...keys,
        ...pointer.handlers,
        onKeyDown: (event) => zooming.onKeyDown(event) || keys.onKeyDown(event),
      }}
      below={overview?.height ?? 0}
    >
      {overview && <Minimap {...{ layer, overview, geometry, inks, scroller, view: seen }} />}
      {hover && (
        <GridTooltip x={hover.x} y={hover.y}>
          {hover.cell.column === -1 ? <RowFacts map={map} row={hover.cell.row} /> : props.about(hover.cell)}
        </GridTooltip>
      )}
    </GridFrame>
  );
}

/** Cells as large as the zoom says; without a pointer the cursor's cell stays where it is, or the middle of the view. */
function useGridZoom(
  { zoom, onZoom, active }: Pick<ExpertGridProps, 'zoom' | 'onZoom' | 'active'>,
  geometry: Geometry,
  scroller: Scroller,
  { width, height }: Viewport['size'],
) {
  return useZoom<Geometry>({
    zoom,
    most: mostZoom(geometry.rows, geometry.columns, width, height),
    onZoom,
    geometry,
    scroller,
    ready: width > 0,
    isSame: (one, other) => one.cellWidth === other.cellWidth && one.cellHeight === other.cellHeight,
    keep: (before, after, view, point, resized) => {
      // Where only the window changed, the first cell in sight stays.
      const usual = resized ? { x: before.gutter, y: before.axis } : anchorOf(before, view, active);
      return keepAnchor(before, after, view, point ?? usual);
    },
  });
}

interface Shown extends Pick<ExpertGridProps, 'map' | 'picture' | 'active' | 'chosen'> {
  readonly hover: Cell | null;
  readonly inks: Inks;
  readonly layer: CanvasImageSource;
}

/** The cells of a picture as an image. */
function usePicture({ columns, rows }: ExpertGridProps['map'], { pixels, lanes = 1 }: ExpertGridProps['picture']) {
  return useMemo(() => pictureOf(pixels, columns, rows.length * lanes), [columns, rows, pixels, lanes]);
}

/** How the grid is painted: another function as soon as there is something else to be seen. */
function usePaint(shown: Shown, geometry: Geometry, { view, size }: Viewport, scroller: Scroller): Paint {
  const { map, picture, active, chosen, hover, inks, layer } = shown;
  const { marks, lanes = 1, bands = null } = picture;
  // biome-ignore lint/correctness/useExhaustiveDependencies: scrolling paints again
  return useCallback(
    (context) => {
      const hatch = hatchOf(context, inks) ?? inks.pending;
      // Where the grid is scrolled to now: `view` comes a moment later.
      const seen = { left: scroller.current?.scrollLeft ?? 0, top: scroller.current?.scrollTop ?? 0, ...size };
      const cells = { map, layer, lanes, bands, marks };
      paintScene(context, { ...cells, geometry, inks, hatch, view: seen, chosen, active, hover });
    },
    [map, layer, lanes, bands, marks, geometry, inks, view, size, scroller, chosen, active, hover],
  );
}
