import { CELL, type ExpertMap, plural } from '../../../core/index.ts';
import { ZOOMS } from '../../grid/geometry.ts';
import { Segments } from '../../parts/segments.tsx';
import { Shown } from '../../parts/shown.tsx';
import { addressStore, go, hrefOf, move, useAddress } from '../../state/address-store.ts';
import { type Colour, useChoices } from '../../state/choices.ts';
import { formatLayers } from '../../state/number-runs.ts';
import { type Legend, legendOf, pixelsOf } from './colours.ts';
import { SaveMap } from './save-map.tsx';
import type { MapValues } from './values/use-map-values.ts';

/** What cells show at first when a person asks for numbers. */
const FIRST_STATISTIC = 'rms';

interface MapToolsProps {
  readonly map: ExpertMap;
  /** Null when cells show something else than numbers. */
  readonly values: MapValues | null;
  readonly zoom: number;
  readonly onZoom: (zoom: number) => void;
}

/** What the colours say, how large cells are, which layers are chosen. */
export function MapTools({ map, values, zoom, onZoom }: MapToolsProps) {
  const { colour, shape, set } = useChoices();
  const step = (by: number) => onZoom(ZOOMS[(ZOOMS as readonly number[]).indexOf(zoom) + by] ?? zoom);
  return (
    <div className="map-tools">
      <Segments<Colour | 'values'>
        label="Colour by"
        options={[
          ['shard', 'Shard'],
          ['dtype', 'Dtype'],
          ['bytes', 'Bytes'],
          ['values', 'Values'],
        ]}
        value={values ? 'values' : colour}
        onChange={(next) => {
          if (next !== 'values') set({ colour: next });
          go(next === 'values' ? { statistic: FIRST_STATISTIC } : { statistic: null, projection: null });
        }}
      />
      <LegendLine map={map} legend={values ? valueLegend(values) : legendOf(map, colour)} values={values} />
      <div className="tools-end">
        <Chosen />
        <SaveMap
          map={map}
          pixels={() => values?.pixels ?? pixelsOf(map, colour)}
          legend={values ? valueLegend(values) : legendOf(map, colour)}
          by={values?.statistic ?? colour}
        />
        {shape === 'grid' && (
          <div className="segments">
            <button type="button" aria-label="Smaller cells" disabled={zoom === ZOOMS[0]} onClick={() => step(-1)}>
              −
            </button>
            <button type="button" aria-label="Larger cells" disabled={zoom === ZOOMS.at(-1)} onClick={() => step(1)}>
              +
            </button>
          </div>
        )}
        <Segments
          label="Show as"
          options={[
            ['grid', 'Grid'],
            ['table', 'Table'],
          ]}
          value={shape}
          onChange={(next) => set({ shape: next })}
        />
      </div>
    </div>
  );
}

/** What the colours of numbers mean. */
function valueLegend({ scale }: MapValues): Legend {
  if (!scale) return { items: [], note: 'nothing is measured yet', ramp: null };
  const { colours, least, most, items, note } = scale;
  return { items, note, ramp: { colours, least, most } };
}

interface LegendLineProps {
  readonly map: ExpertMap;
  readonly legend: Legend;
  readonly values: MapValues | null;
}

function LegendLine({ map, legend: { items, note, ramp }, values }: LegendLineProps) {
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
      <Marks map={map} values={values} />
    </figure>
  );
}

/** What is drawn beside colours: named only where it occurs. */
function Marks({ map, values }: Pick<LegendLineProps, 'map' | 'values'>) {
  const marks = [
    ...(map.rows.some((row) => row.shared > 0) ? ['bar at the left: shared experts'] : []),
    ...(map.rows.some((row) => row.stacked) ? ['outline: one tensor holds all'] : []),
    ...(values?.missing ? ['hatched: not measured'] : []),
    ...(!values && map.state.includes(CELL.pending) ? ['hatched: not read yet'] : []),
    ...(values && values.marks.size > 0 ? ['diamond: see what the numbers say'] : []),
    ...(map.defects > 0 ? ['red cross: defect'] : []),
  ];
  return marks.length > 0 && <span className="quiet">{marks.join(' · ')}</span>;
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
        Take to conversion
      </a>
      <button type="button" className="button small" onClick={() => move({ layers: [] })}>
        Clear
      </button>
    </span>
  );
}
