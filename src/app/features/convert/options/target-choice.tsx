import { TARGETS, type Target } from '../../../../core/index.ts';
import { move } from '../../../state/address-store.ts';
import { useInspection } from '../../../state/inspection.ts';
import { useTarget } from '../use-plan.ts';

/** Which layout to write, with one line on who wants it. */
export function TargetChoice() {
  const chosen = useTarget();
  const layout = useInspection((state) => state.summary?.layout);
  return (
    <fieldset className="choice">
      <legend>Convert to</legend>
      {(Object.entries(TARGETS) as [Target, string][]).map(([target, who]) => (
        <label key={target} className="option">
          <input type="radio" name="target" checked={target === chosen} onChange={() => move({ target })} />
          <span className="option-name mono">{target}</span>
          {target === layout && <span className="tag">current family</span>}
          <span className="option-note">{who}</span>
        </label>
      ))}
    </fieldset>
  );
}
