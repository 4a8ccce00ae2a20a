import { besideOf, type ExpertMap, formatShape } from '../../../core/index.ts';
import { describeCell } from '../../grid/describe.ts';
import type { CellPicture } from '../../grid/expert-grid-props.ts';
import type { Cell } from '../../grid/geometry.ts';
import { useResting } from '../../grid/use-resting.ts';
import { formatRange } from '../../parts/numbers.tsx';
import { Shown } from '../../parts/shown.tsx';
import { useCell } from '../../queries/queries.ts';

/** More tensors than this are counted, not named. */
const SHOWN = 6;

interface CellFactsProps {
  readonly map: ExpertMap;
  /** What the picture says of a cell; null where its own facts say it all. */
  readonly words: CellPicture['words'];
  readonly cell: Cell;
}

/** Names, shapes, file and byte range of the cell under the pointer. */
export function CellFacts({ map, words, cell }: CellFactsProps) {
  const resting = useResting(cell);
  const facts = map.rows[cell.row];
  const experts = facts?.experts ?? 0;
  const beside = besideOf(cell.column);
  const asked = resting && (beside ? facts?.[beside] : cell.column < experts) ? cell : null;
  const { data } = useCell(asked?.row ?? null, asked?.column ?? null);
  const mine = data?.row === cell.row && data.expert === cell.column ? data : null;
  return (
    <>
      <strong>{describeCell(map, cell).split(', ').slice(0, 2).join(', ')}</strong>
      {words && !beside && cell.column < experts && <span className="mono">{words(cell)}</span>}
      {!mine && <span className="quiet">{describeCell(map, cell).split(', ').slice(2).join(' · ')}</span>}
      {mine?.tensors.slice(0, SHOWN).map((tensor) => (
        <span key={tensor.name} className="tooltip-tensor">
          <span className="mono">
            <Shown text={tensor.name} />
          </span>
          <span className="quiet mono">
            {tensor.dtype} {formatShape(tensor.shape)} · <Shown text={tensor.file} /> ·{' '}
            {formatRange(tensor.slice ?? tensor)}
          </span>
        </span>
      ))}
      {mine && mine.tensors.length > SHOWN && (
        <span className="quiet">and {mine.tensors.length - SHOWN} more: click to pin</span>
      )}
      {mine?.defects.slice(0, 2).map((message) => (
        <span key={message} className="defect">
          <Shown text={message} />
        </span>
      ))}
    </>
  );
}
