import { TARGETS, type Target } from '../../../../core/index.ts';
import { TargetPicture } from '../../../pictures/target-picture.tsx';
import { addressStore, move } from '../../../state/address-store.ts';
import { useInspection } from '../../../state/inspection.ts';
import type { ChosenTarget } from '../use-plan.ts';
import './target-choice.css';

const CHOICES = Object.entries(TARGETS) as [Target, string][];

/** The second way to choose: the layout to write, with one line on who reads it. It is closed once a program is chosen. */
export function TargetChoice({ chosen }: { readonly chosen: ChosenTarget }) {
  const layout = useInspection((state) => state.summary?.layout);
  const byProgram = chosen.program !== null;
  const choose = (target: Target) => {
    const { convert } = addressStore.getState().address;
    move({ target, convert: { ...convert, for: null } });
  };
  return (
    <details className="more layouts" open={!byProgram} key={String(byProgram)}>
      <summary>Or choose a layout</summary>
      <fieldset className="choice">
        <legend className="hidden">Convert to the layout</legend>
        {CHOICES.map(([target, who]) => (
          <label key={target} className="option pictured">
            <input type="radio" name="target" checked={target === chosen.target} onChange={() => choose(target)} />
            <span className="option-name mono">{target}</span>
            {target === layout && <span className="tag">layout now</span>}
            <span className="option-note">{who}</span>
            <TargetPicture target={target} />
          </label>
        ))}
      </fieldset>
    </details>
  );
}
