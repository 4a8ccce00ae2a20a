import type { LoadVerdict } from '../../../../../workers/inspect/protocol.ts';
import { countGood, type Target } from '../../../../core/index.ts';
import { programGroups } from '../../../checkpoint/program-order.ts';
import { TargetPicture } from '../../../pictures/target-picture.tsx';
import { useLoads } from '../../../queries/queries.ts';
import { addressStore, move } from '../../../state/address-store.ts';
import { usePins } from '../../../state/pins.ts';
import { knownTarget, type Outcomes } from '../use-outcomes.ts';
import type { ChosenTarget } from '../use-plan.ts';
import './target-choice.css';

interface ProgramChoiceProps {
  readonly chosen: ChosenTarget;
  readonly outcomes: Outcomes;
}

/** For which program to convert: the reader's programs, then the others, each with the layout that it gets. */
export function ProgramChoice({ chosen, outcomes }: ProgramChoiceProps) {
  const { data } = useLoads();
  const pinned = usePins((pins) => pins.pinned);
  if (!data)
    return (
      <fieldset className="choice">
        <legend>Convert for</legend>
        <p className="option-note">Predicting what each program does …</p>
      </fieldset>
    );
  if (isRefused(outcomes))
    return (
      <fieldset className="choice">
        <legend>Convert for</legend>
        <p className="option-note">This checkpoint cannot be converted for any program. The plan says why.</p>
      </fieldset>
    );
  const [own, ...others] = programGroups(data, pinned);
  // Widely used programs stay in sight beside the pinned ones.
  const first = own?.key === 'pinned' ? others.filter(({ key }) => key === 'widely') : [];
  const shown = [...(own?.programs ?? []), ...first.flatMap(({ programs }) => programs)];
  const more = data.filter((each) => !shown.includes(each));
  const row = (verdict: LoadVerdict) => (
    <ProgramOption key={verdict.id} verdict={verdict} chosen={chosen} outcomes={outcomes} />
  );
  return (
    <fieldset className="choice">
      <legend>Convert for</legend>
      {shown.map(row)}
      {more.length > 0 && (
        <details className="more" open={more.some(({ id }) => id === chosen.program) || undefined}>
          <summary>{more.length} more programs</summary>
          {more.map(row)}
        </details>
      )}
    </fieldset>
  );
}

/** True once it is known that no conversion of this checkpoint can be planned. */
function isRefused({ complete, known }: Outcomes): boolean {
  return complete && known.length > 0 && known.every(({ verdicts }) => verdicts === null);
}

interface ProgramOptionProps extends ProgramChoiceProps {
  readonly verdict: LoadVerdict;
}

function ProgramOption({ verdict, chosen, outcomes }: ProgramOptionProps) {
  const { id, title } = verdict;
  const { current, complete } = outcomes;
  const picked = chosen.program === id;
  const best = knownTarget(id, outcomes);
  // If the address names a layout too, the program is shown with that layout.
  const target = picked && chosen.target !== null ? chosen.target : (best?.target ?? null);
  const loadsNow = countGood([verdict]) === 1;
  const none = complete && target === null;
  const choose = () => {
    const { convert } = addressStore.getState().address;
    move({ target: best?.target ?? null, convert: { ...convert, for: id } });
  };
  return (
    <label className={none ? 'option program off' : 'option program'}>
      <input type="radio" name="for" checked={picked} disabled={none && !picked} onChange={choose} />
      <span className="option-name">{title}</span>
      {target !== null && <span className="tag mono">{target}</span>}
      <span className="option-note">
        {noteOf({ target, best: best?.verdict ?? null, layout: current?.layout, loadsNow, complete })}
      </span>
      {target !== null && <TargetPicture target={target} />}
    </label>
  );
}

interface NoteFacts {
  readonly target: Target | null;
  readonly best: 'loads' | 'loads-converting' | null;
  readonly layout: string | undefined;
  readonly loadsNow: boolean;
  readonly complete: boolean;
}

function noteOf({ target, best, layout, loadsNow, complete }: NoteFacts): string {
  if (target === null) return complete ? 'No layout is known that it loads.' : 'Finding its layout …';
  if (loadsNow && target === layout) return 'It loads this checkpoint: nothing to convert.';
  if (best === 'loads-converting') return 'It rearranges the result while it loads.';
  return loadsNow ? 'It loads the result without rearranging.' : 'It does not load this checkpoint now.';
}
