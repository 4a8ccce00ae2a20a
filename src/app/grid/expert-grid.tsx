import { useCallback, useEffect, useMemo, useRef } from 'react';
import { describeCell } from './describe.ts';
import type { ExpertGridProps } from './expert-grid-props.ts';
import { type Cell, fitGeometry, type Geometry } from './geometry.ts';
import { GridFrame } from './grid-frame.tsx';
import { GridTooltip } from './grid-tooltip.tsx';
import { hatchOf } from './paint/inks.ts';
import { paintScene } from './paint/paint-experts.ts';
import { RowFacts } from './row-facts.tsx';
import { type Paint, pictureOf, useCanvas, useInks } from './use-canvas.ts';
import { useGridKeys } from './use-grid-keys.ts';
import { useGridPointer } from './use-grid-pointer.ts';
import { useHover } from './use-hover.ts';
import { useViewport, type Viewport } from './use-viewport.ts';

/** Layers by experts: a canvas with an ARIA grid over it. */
export function ExpertGrid(props: ExpertGridProps) {
  const { map, picture, active, chosen, side = '', onHover, inStep } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const viewport = useViewport(scroller);
  const { width, height } = viewport.size;
  const geometry = useMemo(
    () => fitGeometry(map.rows.length, map.columns, width, height, props.zoom),
    [map.rows.length, map.columns, width, height, props.zoom],
  );
  const pointed = useHover(scroller, geometry, viewport);
  const keys = useGridKeys({ ...props, geometry, scroller });
  const pointer = useGridPointer({ ...props, pointed });
  const { hover } = pointed;
  const hovered = hover?.cell ?? null;
  useEffect(() => onHover?.(hovered), [hovered, onHover]);
  useEffect(() => (scroller.current ? inStep?.(scroller.current, geometry) : undefined), [inStep, geometry]);
  const shown = { hover: hovered ?? props.ghost ?? null, chosen: pointer.band ?? chosen };
  useCanvas(canvas, viewport.size, usePaint({ ...props, ...shown }, geometry, viewport));
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
      handlers={{ ...keys, ...pointer.handlers }}
    >
      {hover && (
        <GridTooltip x={hover.x} y={hover.y}>
          {hover.cell.column === -1 ? <RowFacts map={map} row={hover.cell.row} /> : props.about(hover.cell)}
        </GridTooltip>
      )}
    </GridFrame>
  );
}

interface Shown extends Pick<ExpertGridProps, 'map' | 'picture' | 'active' | 'chosen'> {
  readonly hover: Cell | null;
}

/** How the grid is painted: another function as soon as there is something else to be seen. */
function usePaint({ map, picture, active, chosen, hover }: Shown, geometry: Geometry, { view, size }: Viewport): Paint {
  const { pixels, marks } = picture;
  const inks = useInks();
  const layer = useMemo(() => pictureOf(pixels, map.columns, map.rows.length), [map, pixels]);
  return useCallback(
    (context) => {
      const hatch = hatchOf(context, inks) ?? inks.pending;
      const seen = { ...view, ...size };
      paintScene(context, { map, layer, marks, geometry, inks, hatch, view: seen, chosen, active, hover });
    },
    [map, layer, marks, geometry, inks, view, size, chosen, active, hover],
  );
}
