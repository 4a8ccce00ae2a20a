import { plural } from '../../../core/index.ts';
import { nameOf } from '../../grid/describe.ts';
import { go } from '../../state/address-store.ts';
import { useInspection } from '../../state/inspection.ts';
import { layerOfRow } from '../../state/selection.ts';
import { missingRuns } from './missing-cells.ts';

/** More are not listed; the map shows them. */
const SHOWN = 8;

/** Lists the experts that a missing file leaves incomplete. Each button pins the first expert of a run. */
export function MissingCells() {
  const map = useInspection((state) => state.map);
  if (!map) return null;
  const runs = missingRuns(map);
  if (runs.length === 0) return null;
  const cells = runs.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  const more = runs.length - SHOWN;
  return (
    <span className="missing-cells">
      <span>{plural(cells, 'expert is', 'experts are')} incomplete. Show in the map:</span>
      {runs.slice(0, SHOWN).map(({ row, first, last }) => (
        <button
          key={`${row} ${first}`}
          type="button"
          className="button small"
          onClick={() => go({ view: 'map', layer: layerOfRow(map.rows, row), expert: first })}
        >
          {map.rows[row] ? nameOf(map.rows[row]) : ''},{' '}
          {first === last ? `expert ${first}` : `experts ${first}–${last}`}
        </button>
      ))}
      {more > 0 && <span className="quiet">and {plural(more, 'more place', 'more places')} in the map</span>}
    </span>
  );
}
