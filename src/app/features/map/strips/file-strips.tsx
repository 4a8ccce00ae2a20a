import { type KeyboardEvent, type RefObject, useCallback, useMemo, useRef } from 'react';
import type { FileStrips as Strips } from '../../../../../workers/inspect/file-strips.ts';
import { type ExpertMap, visible } from '../../../../core/index.ts';
import type { Cell } from '../../../grid/geometry.ts';
import { GridTooltip } from '../../../grid/grid-tooltip.tsx';
import { usePlace } from '../../../grid/place/use-place.ts';
import { type Paint, useCanvas, useInks } from '../../../grid/use-canvas.ts';
import { useViewport, type Viewport } from '../../../grid/use-viewport.ts';
import { useZoom } from '../../../grid/zoom/use-zoom.ts';
import { STEP } from '../../../grid/zoom/zoom.ts';
import { styled } from '../../../parts/set-style.ts';
import { RoleLegend } from '../../../pictures/picture-view.tsx';
import { useFileStrips, useModelReads, useStripTensor } from '../../../queries/queries.ts';
import { useAddress } from '../../../state/address-store.ts';
import type { Spot } from '../../../state/seen/place.ts';
import { movePlace } from '../../../state/seen/use-look.ts';
import {
  contentSize,
  fitStrips,
  keepUnder,
  MOST_ZOOM,
  placeOfExpert,
  placeOfTensor,
  type StripGeometry,
  type StripPlace,
  scrollTo,
  scrollToSpot,
  spotOf,
} from './geometry.ts';
import { movedTo } from './keys.ts';
import { paintStrips, type StripScene, stripInks } from './paint.ts';
import { StripFacts } from './strip-facts.tsx';
import { fileLabels, layerOfGroup, placeLabel, readsSentence, rolesOf } from './strip-labels.ts';
import { usePointed } from './use-pointed.ts';
import './file-strips.css';

interface FileStripsProps {
  readonly map: ExpertMap;
  /** The pinned expert, as row and column of the map. */
  readonly active: Cell | null;
  readonly onActive: (cell: Cell | null, pinned: boolean) => void;
}

/** Every file as a strip of its tensors, in the order of their bytes. */
export function FileStrips(props: FileStripsProps) {
  const { data: strips } = useFileStrips();
  return strips ? <StripsOf {...props} strips={strips} /> : <div className="grid-frame" />;
}

function StripsOf({ map, active, onActive, strips }: FileStripsProps & { readonly strips: Strips }) {
  const scroller = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const viewport = useViewport(scroller);
  const { size } = viewport;
  const zoom = useAddress((address) => address.place.stripZoom);
  const geometry = useMemo(() => fitStrips(strips.files, size, zoom), [strips, size, zoom]);
  const zooming = useStripZoom(zoom, geometry, scroller, size);
  const { pointed, handlers } = usePointed(scroller, geometry, strips, viewport);
  const at = useAddress((address) => address.place.strip);
  const cursor = at !== null && at < strips.start.length ? at : null;
  const chosen = useChosen(map, active);
  usePlace({
    scroller,
    ready: size.width > 0,
    place: useAddress((address) => address.place.stripAt),
    onPlace: placeStrips,
    chosen: chosen && `${chosen.group} ${chosen.expert}`,
    showChosen: () => {
      const bytes = chosen && placeOfExpert(strips, chosen.group, chosen.expert);
      if (bytes) show(scroller.current, geometry, bytes.row, bytes);
    },
    spotOf: (view) => spotOf(geometry, view),
    scrollToSpot: (spot, view) => scrollToSpot(geometry, spot, view),
  });
  const layerOf = useMemo(() => layerOfGroup(map), [map]);
  const hover = pointed?.place.tensor ?? null;
  useCanvas(canvas, size, usePaint({ strips, geometry, layerOf, chosen, hover, active: cursor }, viewport));
  const pin = (place: StripPlace) => {
    setCursor(place.tensor);
    const row = map.rows.findIndex(({ group }) => group === strips.group[place.tensor ?? -1]);
    if (place.expert !== null && row >= 0) onActive({ row, column: place.expert }, true);
  };
  const place = cursor === null ? null : placeOfTensor(strips, cursor);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey || zooming.onKeyDown(event)) return;
    const to = movedTo(strips, cursor, event.key);
    if (to !== null) {
      setCursor(to);
      const bytes = { start: strips.start[to] ?? 0, end: strips.end[to] ?? 0 };
      show(scroller.current, geometry, placeOfTensor(strips, to).row, bytes);
    } else if (event.key === 'Enter' && place) pin(place);
    else if (event.key === 'Escape') {
      setCursor(null);
      onActive(null, false);
    } else return;
    event.preventDefault();
  };
  const content = contentSize(geometry);
  return (
    <div className="file-strips">
      <Head strips={strips} zoom={zoom} onZoom={zoomStrips} />
      <div className="grid-frame">
        {/* biome-ignore lint/a11y/useSemanticElements: half a million table cells would not pan */}
        <div
          ref={scroller}
          className="grid-scroller"
          role="grid"
          aria-label="Files, byte by byte"
          aria-rowcount={strips.files.length}
          aria-activedescendant={place ? 'strip-cell' : undefined}
          tabIndex={0}
          onKeyDown={onKeyDown}
          onClick={() => pointed && pointed.place.tensor !== null && pin(pointed.place)}
          {...handlers}
        >
          {/* biome-ignore lint/a11y/useSemanticElements: see above */}
          {/* biome-ignore lint/a11y/useFocusableInteractive: the grid holds the focus and names the cell */}
          <div className="hidden" role="row" aria-rowindex={(place?.row ?? 0) + 1}>
            {/* biome-ignore lint/a11y/useFocusableInteractive: see above */}
            {/* biome-ignore lint/a11y/useSemanticElements: see above */}
            <span id="strip-cell" role="gridcell">
              <Spoken map={map} strips={strips} place={place} />
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
        {pointed && (
          <GridTooltip x={pointed.x} y={pointed.y}>
            <StripFacts map={map} strips={strips} place={pointed.place} />
          </GridTooltip>
        )}
      </div>
    </div>
  );
}

/** The width of the strips: what is under the pointer stays there, or the middle of the view. */
function useStripZoom(
  zoom: number,
  geometry: StripGeometry,
  scroller: RefObject<HTMLElement | null>,
  { width }: Viewport['size'],
) {
  return useZoom<StripGeometry>({
    zoom,
    most: MOST_ZOOM,
    onZoom: zoomStrips,
    geometry,
    scroller,
    ready: width > 0,
    isSame: (one, other) => one.width === other.width,
    keep: (before, after, view, point, resized) => {
      const x = point?.x ?? (resized ? before.gutter : view.width / 2);
      return { left: keepUnder(before, after, view.left, x) };
    },
  });
}

function zoomStrips(zoom: number): void {
  movePlace({ stripZoom: Math.min(MOST_ZOOM, Math.max(1, zoom)) });
}

function placeStrips(stripAt: Spot | null): void {
  movePlace({ stripAt });
}

function setCursor(strip: number | null): void {
  movePlace({ strip });
}

interface HeadProps {
  readonly strips: Strips;
  readonly zoom: number;
  readonly onZoom: (zoom: number) => void;
}

/** The legend, the zoom of the strips and the number of reads that an expert needs. */
function Head({ strips, zoom, onZoom }: HeadProps) {
  const { data: reads } = useModelReads();
  return (
    <div className="file-strips-head">
      <RoleLegend roles={rolesOf(strips)} />
      <span className="quiet">{reads ? readsSentence(reads) : 'Counting the reads that one expert needs …'}</span>
      <div className="segments">
        <button type="button" aria-label="Narrower" disabled={zoom === 1} onClick={() => onZoom(zoom / STEP)}>
          −
        </button>
        <button type="button" disabled={zoom === 1} onClick={() => onZoom(1)}>
          Fit
        </button>
        <button type="button" aria-label="Wider" disabled={zoom >= MOST_ZOOM} onClick={() => onZoom(zoom * STEP)}>
          +
        </button>
      </div>
    </div>
  );
}

/** The tensor under the cursor as text, for screen readers. */
function Spoken({
  map,
  strips,
  place,
}: Omit<FileStripsProps, 'active' | 'onActive'> & { readonly strips: Strips; readonly place: StripPlace | null }) {
  const { data } = useStripTensor(place?.tensor ?? null);
  const file = place && strips.files[place.row];
  if (!place || !file) return 'No tensor selected. Press an arrow key.';
  const name = data && data.at === place.tensor ? `${visible(data.name)}, ` : '';
  const bytes = `bytes ${strips.start[place.tensor ?? 0]} to ${strips.end[place.tensor ?? 0]}`;
  return `${name}${placeLabel(map, strips, place)}, ${bytes} of ${visible(file.file)}`;
}

/** The pinned expert by its group of the layout. */
function useChosen(map: ExpertMap, active: Cell | null) {
  return useMemo(() => {
    const group = active ? (map.rows[active.row]?.group ?? -1) : -1;
    return active && group >= 0 ? { group, expert: active.column } : null;
  }, [map, active]);
}

type Seen = Omit<StripScene, 'view' | 'inks' | 'labels'>;

/** How the strips are painted: another function as soon as there is something else to be seen. */
function usePaint({ strips, geometry, layerOf, chosen, hover, active }: Seen, { view, size }: Viewport): Paint {
  const page = useInks();
  const labels = useMemo(() => fileLabels(strips.files).map(visible), [strips]);
  return useCallback(
    (context) => {
      const inks = stripInks(context, page);
      paintStrips(context, {
        strips,
        geometry,
        view: { ...view, ...size },
        inks,
        labels,
        layerOf,
        chosen,
        hover,
        active,
      });
    },
    [strips, geometry, view, size, page, labels, layerOf, chosen, hover, active],
  );
}

/** Scrolls no more than is needed to show bytes of a file. */
function show(
  element: HTMLElement | null,
  geometry: StripGeometry,
  row: number,
  bytes: { readonly start: number; readonly end: number },
): void {
  if (!element) return;
  const from = { left: element.scrollLeft, top: element.scrollTop };
  const room = { width: element.clientWidth, height: element.clientHeight };
  element.scrollTo(scrollTo(geometry, row, bytes, from, room));
}
