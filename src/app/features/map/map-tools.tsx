import { CELL, type ExpertMap, plural } from '../../../core/index.ts';
import { Segments } from '../../parts/segments.tsx';
import { addressStore, go, hrefOf, move, useAddress } from '../../state/address-store.ts';
import { useChoices } from '../../state/choices.ts';
import { formatLayers } from '../../state/number-runs.ts';
import { legendOf } from './colours.ts';
import { ZOOMS } from './geometry.ts';

interface MapToolsProps {
  readonly map: ExpertMap;
  readonly zoom: number;
  readonly onZoom: (zoom: number) => void;
}

/** What the colours say, how large cells are, which layers are chosen. */
export function MapTools({ map, zoom, onZoom }: MapToolsProps) {
  const { colour, shape, set } = useChoices();
  const step = (by: number) => onZoom(ZOOMS[(ZOOMS as readonly number[]).indexOf(zoom) + by] ?? zoom);
  return (
    <div className="map-tools">
      <Segments
        label="Colour by"
        options={[
          ['shard', 'Shard'],
          ['dtype', 'Dtype'],
          ['bytes', 'Bytes'],
        ]}
        value={colour}
        onChange={(next) => set({ colour: next })}
      />
      <LegendLine map={map} />
      <div className="map-tools-end">
        <Chosen />
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

function LegendLine({ map }: { readonly map: ExpertMap }) {
  const colour = useChoices((choices) => choices.colour);
  const { items, note, ramp } = legendOf(map, colour);
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
      {note !== null && <span className="quiet">{note}</span>}
      <Marks map={map} />
    </figure>
  );
}

/** What is drawn beside colours: named only where it occurs. */
function Marks({ map }: { readonly map: ExpertMap }) {
  const marks = [
    ...(map.rows.some((row) => row.shared > 0) ? ['bar at the left: shared experts'] : []),
    ...(map.rows.some((row) => row.stacked) ? ['outline: one tensor holds all'] : []),
    ...(map.state.includes(CELL.pending) ? ['hatched: not read yet'] : []),
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
