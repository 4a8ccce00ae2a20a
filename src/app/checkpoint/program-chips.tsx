import type { LoadVerdict } from '../../../workers/inspect/protocol.ts';
import { countGood, type Verdict, verdictSentence } from '../../core/index.ts';
import { useLoads } from '../queries/queries.ts';
import { addressStore, go, hrefOf, move, useAddress } from '../state/address-store.ts';
import { usePins } from '../state/pins.ts';
import './program-chips.css';
import { countsOf, ownPrograms } from './program-order.ts';
import { VerdictMark } from './verdict-badge.tsx';

/** Verdicts as a chip says them after the name of a program. */
const CHIP_WORDS: Readonly<Record<Verdict, string>> = {
  loads: 'loads',
  'loads-converting': 'loads',
  partial: 'wrong weights',
  'wrong-values': 'wrong values',
  refuses: 'fails',
  unknown: 'not known',
};

/** Chips that are made; narrow windows show fewer of them, and the count at the end leads to all. */
const MOST = 6;

/** Whether the reader's programs load the open checkpoint: a chip for each, which leads to its row in Loads in. */
export function ProgramChips() {
  const { data } = useLoads();
  const pinned = usePins((pins) => pins.pinned);
  if (!data) return null;
  const own = ownPrograms(data, pinned).slice(0, MOST);
  return (
    <ul className="program-chips" aria-label="Programs that load this checkpoint">
      {own.map((verdict) => (
        <li key={verdict.id}>
          <Chip verdict={verdict} />
        </li>
      ))}
      <li className="program-count">
        <LoadsLink program={null} title="Show all programs in Loads in">
          {countGood(data)} of {data.length} programs load it
        </LoadsLink>
      </li>
    </ul>
  );
}

function Chip({ verdict: each }: { readonly verdict: LoadVerdict }) {
  const { id, title, version, verdict } = each;
  return (
    <LoadsLink program={id} title={`${title} (${version}): ${verdictSentence(countsOf(each))}`} verdict={verdict}>
      <VerdictMark verdict={verdict} />
      <span>
        {title}: {CHIP_WORDS[verdict]}
      </span>
    </LoadsLink>
  );
}

interface LoadsLinkProps {
  /** The program whose row is shown; null for the view as it is. */
  readonly program: string | null;
  readonly title: string;
  readonly verdict?: Verdict;
  readonly children: React.ReactNode;
}

function LoadsLink({ program, title, verdict, children }: LoadsLinkProps) {
  const address = useAddress((whole) => whole);
  const open = (event: React.MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    const { address: now } = addressStore.getState();
    if (now.view !== 'loads' || now.program !== program) return go({ view: 'loads', program });
    // The same chip again brings its row back into sight.
    move({ program: null });
    requestAnimationFrame(() => move({ program }));
  };
  return (
    <a
      className={verdict ? 'program-chip load-verdict' : 'program-link'}
      data-verdict={verdict}
      href={hrefOf(address, { view: 'loads', program })}
      title={title}
      onClick={open}
    >
      {children}
    </a>
  );
}
