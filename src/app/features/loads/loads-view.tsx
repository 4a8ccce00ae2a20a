import { useEffect } from 'react';
import type { LoadVerdict } from '../../../../workers/inspect/protocol.ts';
import { damagedPrograms, loadsSummary } from '../../../core/index.ts';
import { countsOf, programGroups } from '../../checkpoint/program-order.ts';
import { CopyButton } from '../../parts/copy-button.tsx';
import { Shown } from '../../parts/shown.tsx';
import { useLoads } from '../../queries/queries.ts';
import { useAddress } from '../../state/address-store.ts';
import { useInspection } from '../../state/inspection.ts';
import { compatHref, isTypeName } from '../../state/page-links.ts';
import { usePins } from '../../state/pins.ts';
import { ConsumerRow } from './consumer-row.tsx';
import './loads.css';
import { LoadsExports } from './loads-exports.tsx';

/** Which programs load this checkpoint, which start with wrong weights, and which fail. */
export function LoadsView() {
  const { data, error } = useLoads();
  const summary = useInspection((state) => state.summary);
  const pinned = usePins((pins) => pins.pinned);
  useShownProgram(data !== undefined);
  if (error)
    return (
      <p className="loads-problem">
        <Shown text={error.message} />
      </p>
    );
  if (!data || !summary) return <p className="loads-problem quiet">Predicting what each program does …</p>;
  const said = loadsSummary(data);
  const damaged = damagedPrograms(data.map((each) => ({ ...countsOf(each), title: each.title })));
  const groups = programGroups(data, pinned);
  return (
    <div className="loads-view">
      <header className="loads-header">
        <h1>{said.good}</h1>
        {said.rest !== '' && <p>{said.rest}</p>}
        <p className="loads-layout quiet">
          <span className="mono">{[summary.layout, ...summary.dialects].join(' · ')}</span>
          {summary.modelType !== null && (
            <span className="mono">
              <Shown text={summary.modelType} />
            </span>
          )}
          {summary.modelType !== null && isTypeName(summary.modelType) && (
            <a href={compatHref(summary.modelType)} target="_blank" rel="noreferrer">
              All layouts of {summary.modelType}
            </a>
          )}
        </p>
        <LoadsExports verdicts={groups.flatMap(({ programs }) => programs)} />
      </header>
      {damaged !== null && (
        <p className="loads-silent">
          <strong>{damaged}</strong> Do not train or serve with them before you convert the checkpoint.
        </p>
      )}
      {groups.map(({ key, title, programs }) => (
        <ProgramList key={key} title={title} programs={programs} pinned={pinned} />
      ))}
      <NotFromNames />
    </div>
  );
}

interface ProgramListProps {
  readonly title: string;
  readonly programs: readonly LoadVerdict[];
  readonly pinned: readonly string[];
}

function ProgramList({ title, programs, pinned }: ProgramListProps) {
  return (
    <section className="loads-group" aria-label={title}>
      <h2>{title}</h2>
      <ul className="consumers" aria-label={title}>
        {programs.map((verdict) => (
          <ConsumerRow key={verdict.id} verdict={verdict} pinned={pinned.includes(verdict.id)} />
        ))}
      </ul>
    </section>
  );
}

/** The id of the element that holds a program's row. */
function rowId(program: string): string {
  return `consumer-${program}`;
}

/** Brings the row of the program that the address names into sight, with the focus on its name. */
function useShownProgram(ready: boolean): void {
  const program = useAddress((address) => address.program);
  useEffect(() => {
    if (!ready || program === null) return;
    const heading = document.getElementById(rowId(program));
    heading?.closest('li')?.scrollIntoView({ block: 'center' });
    heading?.focus({ preventScroll: true });
  }, [ready, program]);
}

const VERIFY = 'moe-loom verify <original> <this checkpoint>';

/** What no name and no shape shows, and the command that finds it. */
function NotFromNames() {
  return (
    <section className="loads-limits" aria-labelledby="loads-limits">
      <h2 id="loads-limits">What names cannot show</h2>
      <p>
        These verdicts come from names, shapes and config.json. They cannot show experts in another order, gate and up
        swapped, or a square matrix transposed: such a checkpoint loads without an error. Compare its values with the
        original:
      </p>
      <div className="row">
        <code>{VERIFY}</code>
        <CopyButton label="Copy command" text={() => VERIFY} />
      </div>
    </section>
  );
}
