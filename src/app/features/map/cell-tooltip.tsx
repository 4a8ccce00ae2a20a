import { type ReactNode, useEffect, useLayoutEffect, useRef, useState } from 'react';
import type { ExpertMap } from '../../../core/index.ts';
import { formatRange } from '../../parts/numbers.ts';
import { Shown } from '../../parts/shown.tsx';
import { useCell } from '../../queries/queries.ts';
import { describeCell, layoutOf, nameOf } from './describe.ts';
import type { Cell } from './geometry.ts';
import type { CellPicture } from './use-map-values.ts';

/** A pointer that rests this long is looked up. */
const REST_MS = 60;
const SHOWN = 6;

interface TooltipProps {
  readonly map: ExpertMap;
  readonly values: CellPicture | null;
  readonly cell: Cell;
  readonly x: number;
  readonly y: number;
  /** What it says of the cell, in place of the tensors of the open checkpoint. */
  readonly about?: ((cell: Cell) => ReactNode) | undefined;
}

/** Names, shapes, file and byte range of the cell under the pointer. */
export function CellTooltip({ map, values, cell, x, y, about }: TooltipProps) {
  const box = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    const element = box.current;
    const frame = element?.parentElement;
    if (!element || !frame) return;
    // By halves of the frame, not by its own size: that changes when the names arrive.
    const left = x > frame.clientWidth / 2 ? `calc(${x - 8}px - 100%)` : `${x + 24}px`;
    const top = y > frame.clientHeight / 2 ? `calc(${y - 8}px - 100%)` : `${y + 24}px`;
    element.style.translate = `${left} ${top}`;
  }, [x, y]);
  return (
    <div ref={box} className="tooltip" aria-hidden="true">
      {cell.column === -1 ? (
        <RowFacts map={map} row={cell.row} />
      ) : (
        (about?.(cell) ?? <CellFacts map={map} values={values} cell={cell} />)
      )}
    </div>
  );
}

function RowFacts({ map, row }: { readonly map: ExpertMap; readonly row: number }) {
  const facts = map.rows[row];
  if (!facts) return null;
  return (
    <>
      <strong>{nameOf(facts)}</strong>
      <span>{layoutOf(facts)}</span>
      {facts.shared > 0 && <span className="quiet">{facts.shared} tensors of shared experts</span>}
      {facts.defects[0] && <span className="defect">{facts.defects[0].message}</span>}
      {facts.experts !== null && <span className="quiet">Click or drag to choose layers</span>}
    </>
  );
}

function CellFacts({ map, values, cell }: Pick<TooltipProps, 'map' | 'values' | 'cell'>) {
  const resting = useResting(cell);
  const experts = map.rows[cell.row]?.experts ?? 0;
  const asked = resting && cell.column < experts ? cell : null;
  const { data } = useCell(asked?.row ?? null, asked?.column ?? null);
  const mine = data?.row === cell.row && data.expert === cell.column ? data : null;
  return (
    <>
      <strong>{describeCell(map, cell).split(', ').slice(0, 2).join(', ')}</strong>
      {values && cell.column < experts && <span className="mono">{values.words(cell)}</span>}
      {!mine && <span className="quiet">{describeCell(map, cell).split(', ').slice(2).join(' · ')}</span>}
      {mine?.tensors.slice(0, SHOWN).map((tensor) => (
        <span key={tensor.name} className="tooltip-tensor">
          <span className="mono">
            <Shown text={tensor.name} />
          </span>
          <span className="quiet mono">
            {tensor.dtype} [{tensor.shape.join(', ')}] · <Shown text={tensor.file} /> ·{' '}
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

export function useResting({ row, column }: Cell): boolean {
  const [resting, setResting] = useState('');
  const mine = `${row} ${column}`;
  useEffect(() => {
    const timer = setTimeout(() => setResting(mine), REST_MS);
    return () => clearTimeout(timer);
  }, [mine]);
  return resting === mine;
}
