import { BESIDE, CELL, type ExpertMap, type MapRow, plural } from '../../../core/index.ts';
import { BESIDE_WORDS, fileNames } from '../../grid/describe.ts';
import { clampZoom, STEP } from '../../grid/zoom/zoom.ts';
import { Segments } from '../../parts/segments.tsx';
import { Shown } from '../../parts/shown.tsx';
import { addressStore, go, hrefOf, move, useAddress } from '../../state/address-store.ts';
import { formatLayers } from '../../state/number-runs.ts';
import type { Colour } from '../../state/seen/look.ts';
import { chooseLook, useLook } from '../../state/seen/use-look.ts';
import { bytesDiffer, type Legend, legendOf, savedCells, savedLegend, shownColour } from './colours.ts';
import { usePointed } from './pointed.ts';
import type { RankCells } from './rank-cells.ts';
import { SaveMap } from './save-map.tsx';
import type { MapValues } from './values/use-map-values.ts';

/** What cells show at first when a person asks for numbers. */
const FIRST_STATISTIC = 'rms';

interface MapToolsProps {
  readonly map: ExpertMap;
  /** Null when cells show something else than numbers. */
  readonly values: MapValues | null;
  /** Null when cells show something else than ranks. */
  readonly ranks: RankCells | null;
  readonly zoom: { readonly now: number; readonly most: number };
  readonly onZoom: (zoom: number, most: number) => void;
}

/** What the colours say, how large cells are, which layers are chosen. */
export function MapTools({ map, values, ranks, zoom, onZoom }: MapToolsProps) {
  const shape = useLook('shape');
  const colour = shownColour(map, useLook('colour'));
  const { now, most } = zoom;
  const zoomTo = (next: number) => onZoom(clampZoom(next, most), most);
  return (
    <div className="map-tools">
      {shape !== 'files' && <Colouring map={map} values={values} ranks={ranks} />}
      <div className="tools-end">
        <Chosen />
        <SaveMap
          map={map}
          cells={() => values ?? ranks ?? savedCells(map, colour)}
          legend={values ? valueLegend(values) : (ranks?.legend ?? savedLegend(map, colour))}
          by={values?.statistic ?? colour}
        />
        {shape === 'grid' && (
          <div className="segments">
            <button type="button" aria-label="Smaller cells" disabled={now <= 1} onClick={() => zoomTo(now / STEP)}>
              −
            </button>
            <button type="button" disabled={now <= 1} onClick={() => zoomTo(1)}>
              Fit
            </button>
            <button type="button" aria-label="Larger cells" disabled={now >= most} onClick={() => zoomTo(now * STEP)}>
              +
            </button>
          </div>
        )}
        <Segments
          label="Show as"
          options={[
            ['grid', 'Grid'],
            ['files', 'Files'],
            ['table', 'Table'],
          ]}
          value={shape}
          onChange={(next) => chooseLook({ shape: next }, true)}
        />
      </div>
    </div>
  );
}

/** Chooses what colours show, with the legend. */
function Colouring({ map, values, ranks }: Pick<MapToolsProps, 'map' | 'values' | 'ranks'>) {
  const colour = shownColour(map, useLook('colour'));
  const offered: readonly (readonly [Colour, string])[] = [
    ['layout', 'Layout'],
    ['shard', 'File'],
    ['dtype', 'Dtype'],
    ...(bytesDiffer(map) ? [['bytes', 'Bytes'] as const] : []),
  ];
  return (
    <>
      <Segments<Colour | 'values'>
        label="Colour by"
        options={[...offered, ['values', 'Values'], ['rank', 'Rank']]}
        value={values ? 'values' : colour}
        onChange={(next) => {
          if (next === 'values') return go({ statistic: FIRST_STATISTIC });
          go({ statistic: null, projection: null });
          chooseLook({ colour: next });
        }}
      />
      <LegendLine
        map={map}
        legend={values ? valueLegend(values) : (ranks?.legend ?? legendOf(map, colour))}
        values={values}
        hasBands={!values && !ranks}
      />
    </>
  );
}

/** The legend of measured values. */
function valueLegend({ scale }: MapValues): Legend {
  if (!scale) return { items: [], note: 'no layer is measured yet', ramp: null, pointing: false };
  const { colours, least, most, items, note } = scale;
  return { items, note, ramp: { colours, least, most }, pointing: false };
}

interface LegendLineProps {
  readonly map: ExpertMap;
  readonly legend: Legend;
  readonly values: MapValues | null;
  /** True if cells show how their matrices are stored. */
  readonly hasBands: boolean;
}

function LegendLine({ map, legend: { items, note, ramp, pointing }, values, hasBands }: LegendLineProps) {
  return (
    <figure className="legend" aria-label="Legend">
      {items.map((item) => (
        <span key={item.text} className="legend-item">
          <Swatch colour={item.colour} />
          <span className="mono">{item.text}</span>
        </span>
      ))}
      {ramp && (
        <span className="legend-item">
          <span className="mono">{ramp.least}</span>
          <span className="ramp">
            {ramp.colours.map((each) => (
              <Swatch key={each} colour={each} />
            ))}
          </span>
          <span className="mono">{ramp.most}</span>
        </span>
      )}
      {note !== null && (
        <span className="quiet">
          <Shown text={note} />
        </span>
      )}
      <Marks map={map} values={values} hasBands={hasBands} />
      {pointing && <PointedFiles map={map} />}
    </figure>
  );
}

/** The files of the cell under the pointer. */
function PointedFiles({ map }: { readonly map: ExpertMap }) {
  const cell = usePointed((state) => state.cell);
  const files = cell && cell.column >= 0 ? fileNames(map, cell.row * map.columns + cell.column) : [];
  if (files.length === 0) return <span className="pointed-files quiet">Point at a cell to see its files.</span>;
  return (
    <span className="pointed-files">
      files of this cell: <span className="mono">{files.join(' and ')}</span>
    </span>
  );
}

/** The meaning of other marks, of those that occur in this map. */
function Marks({ map, values, hasBands }: Omit<LegendLineProps, 'legend'>) {
  const shape = useLook('shape');
  const beside = BESIDE.filter((kind) => map.rows.some((row) => row[kind] > 0))
    .map((kind) => BESIDE_WORDS[kind])
    .reverse();
  const marks = [
    ...(shape === 'grid' && beside.length > 0 ? [`columns on the left: ${beside.join(', ')}`] : []),
    ...(map.rows.some((row) => row.stacked) ? ['outline: one tensor holds all experts of the layer'] : []),
    ...(hasBands && map.rows.some(isJoint) ? ['no gap: gate and up in one tensor'] : []),
    ...(hasBands && map.rows.some(isInterleaved) ? ['stripes: gate and up interleaved'] : []),
    ...(values?.missing ? ['hatched: not measured yet'] : []),
    ...(!values && map.state.includes(CELL.pending) ? ['hatched: not read yet'] : []),
    ...(values && values.marks.size > 0 ? ['diamond: see Findings in values'] : []),
    ...(map.defects > 0 ? ['red cross: defect'] : []),
  ];
  return marks.length > 0 && <span className="quiet">{marks.join(' · ')}</span>;
}

function isInterleaved({ bands }: MapRow): boolean {
  return bands.some((tensor) => tensor.some(({ every }) => every !== null));
}

function isJoint({ bands }: MapRow): boolean {
  return bands.some((tensor) => tensor.length > 1 && tensor.every(({ every }) => every === null));
}

/** A coloured square; SVG, since the page allows no inline styles. */
function Swatch({ colour }: { readonly colour: string }) {
  return (
    <svg className="swatch" viewBox="0 0 12 12" aria-hidden="true">
      <rect width="12" height="12" fill={colour} />
    </svg>
  );
}

function Chosen() {
  const layers = useAddress((address) => address.layers);
  if (layers.length === 0) return null;
  const text = formatLayers(layers).replaceAll(',', ', ').replaceAll('-', '–');
  const { address } = addressStore.getState();
  return (
    <span className="chosen" role="status">
      <span className="chosen-layers" title={`Layers ${text}`}>
        {plural(layers.length, 'layer')} chosen: <span className="mono">{text}</span>
      </span>
      <a
        href={hrefOf(address, { view: 'convert' })}
        onClick={(event) => {
          if (event.metaKey || event.ctrlKey || event.shiftKey) return;
          event.preventDefault();
          go({ view: 'convert' });
        }}
      >
        Convert these layers
      </a>
      <button type="button" className="button small" onClick={() => move({ layers: [] })}>
        Clear
      </button>
    </span>
  );
}
