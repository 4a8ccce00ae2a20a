import { useCallback, useMemo, useRef, useState } from 'react';
import { BESIDE, besideOf, type ExpertMap, rowOfLayer, rowToDraw } from '../../../core/index.ts';
import { ExpertGrid } from '../../grid/expert-grid.tsx';
import type { CellPicture } from '../../grid/expert-grid-props.ts';
import type { Cell } from '../../grid/geometry.ts';
import { late } from '../../parts/late.tsx';
import { useAfterPaint } from '../../parts/use-after-paint.ts';
import { addressStore, go, move, useAddress } from '../../state/address-store.ts';
import { hasNoLayers, isDense, useInspection } from '../../state/inspection.ts';
import type { Spot } from '../../state/seen/place.ts';
import { movePlace, useLook } from '../../state/seen/use-look.ts';
import { layerOfRow } from '../../state/selection.ts';
import { CellFacts } from './cell-facts.tsx';
import { pictureOf, shownColour } from './colours.ts';
import { Details } from './details.tsx';
import { Findings } from './findings.tsx';
import { MapHeader } from './map-header.tsx';
import { MapTools } from './map-tools.tsx';
import { NoLayers } from './no-layers.tsx';
import { point } from './pointed.ts';
import type { RankCells } from './rank-cells.ts';
import { useMapValues } from './values/use-map-values.ts';
import './map.css';
import '../../theme/table.css';

const ValuesBar = late(async () => (await import('./values/values-bar.tsx')).ValuesBar);
const ValuesFindings = late(async () => (await import('./values/values-findings.tsx')).ValuesFindings);
const ValuesTable = late(async () => (await import('./values/values-table.tsx')).ValuesTable);
const LayerPanel = late(async () => (await import('./layer/layer-panel.tsx')).LayerPanel);
const RankColours = late(async () => (await import('./rank-colours.tsx')).RankColours);
const FileStrips = late(async () => (await import('./strips/file-strips.tsx')).FileStrips);
const MapTable = late(async () => (await import('./map-table.tsx')).MapTable);

/** Layers by experts, with what is known of them. */
export function MapView() {
  const map = useInspection((state) => state.map);
  const shape = useLook('shape');
  const layerShown = useLook('layerShown');
  const { zoom, onZoom } = useMapZoom();
  const place = useAddress((address) => address.place.at);
  const details = useRef<HTMLElement>(null);
  const { active, onActive } = useActiveCell();
  const chosen = useChosenLayers();
  const onChoose = useChoosing();
  const painted = useAfterPaint();
  const none = useInspection(hasNoLayers);
  const values = useMapValues(map);
  const stored = useStoredPicture(map);
  const byRank = useLook('colour') === 'rank';
  const [placed, setPlaced] = useState<RankCells | null>(null);
  const ranks = byRank && placed?.of === map ? placed : null;
  const picture = values ?? ranks ?? stored;
  if (!map || !picture) return null;
  return (
    <div className="map-view">
      <MapHeader />
      {byRank && <RankColours until={null} map={map} onCells={setPlaced} />}
      <div>
        <MapTools map={map} values={values} ranks={ranks} zoom={zoom} onZoom={onZoom} />
        {values && <ValuesBar until={<div />} map={map} choice={values} />}
      </div>
      <div className="map-body">
        {none && shape !== 'files' ? (
          <NoLayers />
        ) : !painted ? (
          <div className="grid-frame" />
        ) : shape === 'files' ? (
          <FileStrips until={<div className="grid-frame" />} map={map} active={active} onActive={onActive} />
        ) : shape === 'table' ? (
          <MapTable
            until={<div />}
            map={map}
            active={active}
            chosen={chosen}
            onActive={onActive}
            onChoose={onChoose}
            below={
              values && <ValuesTable map={map} projection={values.projection} active={active} onActive={onActive} />
            }
          />
        ) : (
          <ExpertGrid
            map={map}
            beside
            picture={picture}
            zoom={zoom.now}
            onZoom={onZoom}
            place={place}
            onPlace={placeMap}
            onHover={point}
            active={active}
            chosen={chosen}
            onActive={onActive}
            onChoose={onChoose}
            onOpen={() => requestAnimationFrame(() => details.current?.focus())}
            about={(cell) => <CellFacts map={map} words={picture.words} cell={cell} />}
          />
        )}
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
        <aside className="side" aria-label="Details" tabIndex={0}>
          {active ? <Details ref={details} map={map} cell={active} onClose={() => onActive(null, true)} /> : <Hint />}
          {values && <ValuesFindings until={<section />} map={map} onActive={onActive} />}
          <Findings />
        </aside>
      </div>
      {!painted ? (
        <div className={layerShown ? 'layer-space open' : 'layer-space'} />
      ) : (
        <LayerPanel
          until={<div className={layerShown ? 'layer-space open' : 'layer-space'} />}
          map={map}
          row={active?.row ?? rowToDraw(map.rows, null)}
          expert={active && active.column >= 0 ? active.column : null}
        />
      )}
    </div>
  );
}

function Hint() {
  const dense = useInspection(isDense);
  const absent = useAbsentCell();
  const none = useInspection(hasNoLayers);
  if (none) return null;
  if (absent !== null)
    return (
      <section className="hint" role="status">
        <h2>{absent}</h2>
        <p className="quiet">The link may be for another checkpoint or revision. Click a cell to see its tensors.</p>
      </section>
    );
  if (dense)
    return (
      <section className="hint">
        <h2>No layer selected</h2>
        <p className="quiet">
          Click a layer to see how it is stored. The column on its left is attention. Keyboard: arrow keys move, Enter
          selects, Esc clears.
        </p>
      </section>
    );
  return (
    <section className="hint">
      <h2>No expert pinned</h2>
      <p className="quiet">
        Point at a cell to see its tensors. Click the cell to pin it. Click layer numbers, or drag across rows, to
        choose layers for conversion. Keyboard: arrow keys move, Enter pins, Space chooses the layer, Esc unpins, + and
        − zoom, 0 fits the map to the window. Ctrl and the mouse wheel also zoom.
      </p>
    </section>
  );
}

/** How large cells are: the address says it; the largest is known once the map is drawn. */
function useMapZoom() {
  const now = useAddress((address) => address.place.zoom);
  const [most, setMost] = useState(1);
  const onZoom = useCallback((zoom: number, largest: number) => {
    setMost(largest);
    movePlace({ zoom });
  }, []);
  return { zoom: { now, most }, onZoom };
}

function placeMap(at: Spot | null): void {
  movePlace({ at });
}

/** The cells as they are stored, in the colours that the reader chose. */
function useStoredPicture(map: ExpertMap | null): CellPicture | null {
  const colour = useLook('colour');
  return useMemo(() => map && pictureOf(map, shownColour(map, colour)), [map, colour]);
}

/** The cell that the address names, as row and column of the map. */
function useActiveCell() {
  const rows = useInspection((state) => state.map?.rows);
  const columns = useInspection((state) => state.map?.columns ?? 0);
  const layer = useAddress((address) => address.layer);
  const expert = useAddress((address) => address.expert);
  const beside = useAddress((address) => address.place.beside);
  const active = useMemo((): Cell | null => {
    const row = layer === null || !rows ? -1 : rowOfLayer(rows, layer);
    if (row === -1) return null;
    if (expert === null && beside !== null) return { row, column: -2 - BESIDE.indexOf(beside) };
    return (expert ?? 0) > Math.max(0, columns - 1) ? null : { row, column: expert ?? 0 };
  }, [rows, columns, layer, expert, beside]);
  const onActive = useCallback(
    (cell: Cell | null, pinned: boolean) => {
      const to = {
        layer: cell && layerOfRow(rows ?? [], cell.row),
        expert: cell && (besideOf(cell.column) ? null : Math.max(0, cell.column)),
        place: { ...addressStore.getState().address.place, beside: cell && besideOf(cell.column) },
      };
      if (pinned) go(to);
      else move(to);
    },
    [rows],
  );
  return { active, onActive };
}

/** Says what of the cell in the address this checkpoint does not have; null where it has the cell, or before all headers are read. */
function useAbsentCell(): string | null {
  const complete = useInspection((state) => state.complete);
  const rows = useInspection((state) => state.map?.rows);
  const columns = useInspection((state) => state.map?.columns ?? 0);
  const layer = useAddress((address) => address.layer);
  const expert = useAddress((address) => address.expert);
  if (!complete || !rows || layer === null) return null;
  if (rowOfLayer(rows, layer) === -1) return `This checkpoint has no layer ${layer}.`;
  return expert !== null && expert >= Math.max(1, columns) ? `This checkpoint has no expert ${expert}.` : null;
}

function useChosenLayers(): ReadonlySet<number> {
  const layers = useAddress((address) => address.layers);
  return useMemo(() => new Set(layers), [layers]);
}

/** Changes which layers are chosen for conversion; rows without experts are left out. */
function useChoosing() {
  const map = useInspection((state) => state.map);
  return useCallback(
    (rows: readonly number[], how: 'set' | 'toggle' | 'add') => {
      const layers = rows.flatMap((row) => (map?.rows[row]?.experts ? (map.rows[row]?.index ?? []) : []));
      const before = new Set(addressStore.getState().address.layers);
      const after = how === 'set' ? new Set(layers) : before;
      for (const layer of layers) {
        if (how === 'toggle' && before.has(layer)) after.delete(layer);
        else after.add(layer);
      }
      move({ layers: [...after] });
    },
    [map],
  );
}
