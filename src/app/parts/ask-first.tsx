import { useEffect, useId, useRef } from 'react';
import { formatBytes } from '../../core/index.ts';
import { Bytes } from './numbers.tsx';
import { type Place, type ReadingCost, timeWords } from './reading-cost.ts';
import './ask-first.css';

interface AskFirstProps {
  /** What reads: `Statistics read`. */
  readonly what: string;
  readonly cost: ReadingCost;
  readonly from: Place;
  /** What else to know, in sentences. */
  readonly more: string;
  /** `Read`, `Download`. */
  readonly verb: string;
  /** The choice that reads less; it is the first button and has the focus. */
  readonly narrow?: { readonly label: string; readonly act: () => void } | null;
  readonly onYes: () => void;
  readonly onNo: () => void;
}

/** The question before expensive work: its bytes and its time, and the choice that reads less. */
export function AskFirst({ what, cost, from, more, verb, narrow = null, onYes, onNo }: AskFirstProps) {
  const id = useId();
  const least = useRef<HTMLButtonElement>(null);
  useEffect(() => least.current?.focus(), []);
  return (
    <div
      className="ask-first"
      role="alertdialog"
      aria-labelledby={id}
      aria-describedby={`${id}-more`}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        onNo();
      }}
    >
      <strong id={id}>
        {what} <Bytes of={cost.bytes} />
        {from === null ? '' : ` from ${from}`}.
      </strong>
      <span id={`${id}-more`} className="quiet">
        This takes {timeWords(cost)}. {more}
      </span>
      <span className="row">
        {narrow && (
          <button ref={least} type="button" className="button small primary" onClick={narrow.act}>
            {narrow.label}
          </button>
        )}
        <button type="button" className={narrow ? 'button small' : 'button small primary'} onClick={onYes}>
          {verb} {formatBytes(cost.bytes)}
        </button>
        <button ref={narrow ? null : least} type="button" className="button small" onClick={onNo}>
          Not now
        </button>
      </span>
    </div>
  );
}
