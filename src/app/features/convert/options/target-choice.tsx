import { TARGETS, type Target, targetGlyph } from '../../../../core/index.ts';
import { SmallPicture } from '../../../pictures/small-picture.tsx';
import { move } from '../../../state/address-store.ts';
import { useInspection } from '../../../state/inspection.ts';
import { useTarget } from '../use-plan.ts';
import './target-choice.css';

const CHOICES = (Object.entries(TARGETS) as [Target, string][]).map(([target, who]) => ({
  target,
  who,
  glyph: targetGlyph(target),
}));

/** Which layout to write, with one line on who wants it. */
export function TargetChoice() {
  const chosen = useTarget();
  const layout = useInspection((state) => state.summary?.layout);
  return (
    <fieldset className="choice">
      <legend>Convert to</legend>
      {CHOICES.map(({ target, who, glyph }) => (
        <label key={target} className="option pictured">
          <input type="radio" name="target" checked={target === chosen} onChange={() => move({ target })} />
          <span className="option-name mono">{target}</span>
          {target === layout && <span className="tag">current family</span>}
          <span className="option-note">{who}</span>
          <SmallPicture picture={glyph} />
        </label>
      ))}
    </fieldset>
  );
}
