import type { CompareHead } from '../../../../../workers/compare/protocol.ts';
import { nameOf } from '../../../grid/describe.ts';
import { Shown } from '../../../parts/shown.tsx';
import { PictureList } from '../../../pictures/picture-list.tsx';
import { PictureLegend, PictureView } from '../../../pictures/picture-view.tsx';
import { SaveButtons } from '../../../pictures/save-buttons.tsx';
import { useComparison } from '../../../state/comparison.ts';
import { useInspection } from '../../../state/inspection.ts';
import { usePairPicture } from '../queries.ts';
import type { Selected } from '../use-selected.ts';
import './pair-panel.css';

/** Windows of this width have room for longer strips. */
const WIDE = 1500;

/** Of more experts the maps and the list choose. */
const MOST_EXPERTS = 1024;

/** A layer that both sides have experts of. */
interface Choice {
  readonly group: number;
  /** As the address names it. */
  readonly layer: number;
  readonly name: string;
  readonly experts: number;
}

/** One layer as both files hold it: kinds of tensors, bytes, and where each expert goes. */
export function PairPanel({ selected }: { readonly selected: Selected }) {
  const choices = useLayers();
  const head = useComparison((state) => state.head);
  const chosen = choices.find(({ layer }) => layer === selected.layer) ?? choices[0];
  const { data, error } = usePairPicture(chosen?.group ?? null, window.innerWidth >= WIDE ? 1280 : 880);
  if (!chosen || !head) return null;
  const expert = chosen.layer === selected.layer ? selected.expert : null;
  const choose = (layer: number, to: number | null) => selected.chooseCell({ layer, expert: to ?? 0 }, false);
  const last = Math.max(...choices.map(({ experts }) => experts)) - 1;
  return (
    <section className="pair-panel" aria-label="One layer on both sides">
      <header className="pair-panel-head">
        <h2>One layer on both sides</h2>
        <label>
          Layer
          <select
            className="field"
            value={chosen.layer}
            onChange={({ target }) => choose(Number(target.value), Math.min(expert ?? 0, last))}
          >
            {choices.map(({ group, layer, name }) => (
              <option key={group} value={layer}>
                {name}
              </option>
            ))}
          </select>
        </label>
        <label>
          Expert
          <select
            className="field"
            value={expert ?? ''}
            onChange={({ target }) => choose(chosen.layer, target.value === '' ? null : Number(target.value))}
          >
            {expert === null && <option value="">none</option>}
            {Array.from({ length: Math.min(chosen.experts, MOST_EXPERTS) }, (_, each) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: experts are their numbers
              <option key={each} value={each}>
                {each}
              </option>
            ))}
          </select>
        </label>
        <span className="pair-panel-save">
          <SaveButtons
            picture={() => data ?? null}
            notes={notesOf(head)}
            name={['compare', head.left.identity, chosen.name]}
            expert={expert}
            what="both sides"
          />
        </span>
      </header>
      {error && (
        <p className="defect" role="alert">
          <Shown text={error.message} />
        </p>
      )}
      {data && (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
        <section className="picture-frame" tabIndex={0} aria-label="Drawing of both sides">
          <PictureLegend pictures={[data]} />
          <PictureView picture={data} expert={expert} />
          <PictureList picture={data} expert={expert} />
        </section>
      )}
    </section>
  );
}

function notesOf({ left, right, verdict }: CompareHead): string[] {
  return [`Left: ${left.identity}`, `Right: ${right.identity}`, verdict];
}

/** The pairs of layers, as the left side's map counts them. */
function useLayers(): readonly Choice[] {
  const rows = useInspection((state) => state.map?.rows);
  const cells = useComparison((state) => state.head?.cells);
  if (!rows || !cells) return [];
  return cells.flatMap(({ group, left, status }) => {
    const row = rows.findIndex(({ prefix, experts }) => prefix === left && experts !== null);
    const facts = rows[row];
    return facts ? [{ group, layer: facts.index ?? row, name: nameOf(facts), experts: status.length }] : [];
  });
}
