import { useVirtualizer } from '@tanstack/react-virtual';
import { useRef, useState } from 'react';
import type { LoadVerdict, NameKind } from '../../../../workers/inspect/protocol.ts';
import { formatInteger, plural } from '../../../core/index.ts';
import { CopyButton } from '../../parts/copy-button.tsx';
import { styled } from '../../parts/set-style.ts';
import { Shown } from '../../parts/shown.tsx';
import { useLoadNames } from '../../queries/queries.ts';
import { inspectWorker } from '../../state/inspection.ts';

const ROW = 20;

/** What each list of names means. */
const NAME_KINDS: Readonly<Record<NameKind, { readonly word: string; readonly meaning: string }>> = {
  missing: { word: 'missing', meaning: 'the model has them and this checkpoint does not' },
  unexpected: { word: 'unexpected', meaning: 'this checkpoint has them and the model does not' },
  mismatched: { word: 'mismatched', meaning: 'both have them, with different shapes' },
};

interface NameListProps {
  readonly verdict: LoadVerdict;
  readonly kind: NameKind;
}

/** A list of names that a program would report. Closed, it shows their count; open, the names in sight. */
export function NameList({ verdict, kind }: NameListProps) {
  const [open, setOpen] = useState(false);
  const { data, error } = useLoadNames(verdict.id, kind, open);
  const { word, meaning } = NAME_KINDS[kind];
  const { count, first } = verdict[kind];
  if (count === 0) return null;
  return (
    <details className="load-names" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>
        {formatInteger(count)} {word}
      </summary>
      {open && (
        <div className="load-names-open">
          <p className="quiet">
            {plural(count, 'name')} {word}: {meaning}.
          </p>
          <Names names={data ?? first} label={`${verdict.title}: ${plural(count, 'name')} ${word}`} />
          {error && (
            <p>
              <Shown text={error.message} />
            </p>
          )}
          <CopyButton
            label={`Copy ${plural(count, 'name')}`}
            text={async () => `${(await inspectWorker().loadNames(verdict.id, kind)).join('\n')}\n`}
          />
        </div>
      )}
    </details>
  );
}

function Names({ names, label }: { readonly names: readonly string[]; readonly label: string }) {
  const scroller = useRef<HTMLElement>(null);
  const rows = useVirtualizer({
    count: names.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 8,
  });
  return (
    <section
      ref={scroller}
      className="load-names-scroller"
      aria-label={label}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
      tabIndex={0}
    >
      <ol ref={styled({ height: `${rows.getTotalSize()}px` })}>
        {rows.getVirtualItems().map(({ index, start }) => (
          <li
            key={index}
            className="mono"
            aria-setsize={names.length}
            aria-posinset={index + 1}
            ref={styled({ translate: `0 ${start}px` })}
          >
            {names[index]}
          </li>
        ))}
      </ol>
    </section>
  );
}
