import type { PlanSummary } from '../../../../../workers/inspect/protocol.ts';
import { layoutId, type Reading, type Refusal, type RefusalTag } from '../../../../core/index.ts';
import { Shown } from '../../../parts/shown.tsx';
import { go, move } from '../../../state/address-store.ts';
import { EMPTY } from '../../../state/follow-address.ts';
import { choose, chooseWork } from '../options/convert-options.ts';
import { ValuesEvidence } from './values-evidence.tsx';

interface Step {
  readonly label: string;
  readonly act: () => void;
}

const toMap: Step = { label: 'Show it in the map', act: () => go({ view: 'map' }) };
const allLayers: Step = {
  label: 'Convert all layers',
  act: () => {
    choose({ someLayers: false });
    move({ layers: [] });
  },
};
const another: Step = { label: 'Open another checkpoint', act: () => go({ ...EMPTY, view: 'map' }) };
const otherTarget: Step = {
  label: 'Choose another target',
  act: () => document.querySelector<HTMLElement>('input[name=target]:checked')?.focus(),
};
const orientation = (value: 'out-in' | 'in-out', label: string): Step => ({
  label,
  act: () => chooseWork({ assume: value }),
});

const reading = ({ layout }: Reading): Step => ({
  label: `Read as ${layoutId(layout)}`,
  act: () => chooseWork({ assume: layoutId(layout) }),
});

/** What to do about a refusal: every one has a way on. */
const STEPS: Readonly<Record<RefusalTag, readonly Step[]>> = {
  'no-experts': [another],
  'layers-unknown': [allLayers, toMap],
  'layers-dense': [allLayers, toMap],
  'group-defective': [toMap, another],
  'checkpoint-defective': [toMap, another],
  'layout-unknown': [toMap, another],
  'layout-ambiguous': [],
  'orientation-ambiguous': [orientation('out-in', 'Rows are outputs'), orientation('in-out', 'Rows are inputs')],
  'target-unsupported': [otherTarget],
  'companion-unsupported': [otherTarget],
  'dtype-unsupported': [{ label: 'Keep weights as stored', act: () => move({ unpack: null }) }],
  'name-collision': [otherTarget, allLayers],
};

/** True for refusals that end once a reading is chosen. */
export function isAmbiguous(tag: string): boolean {
  return tag === 'layout-ambiguous' || tag === 'orientation-ambiguous';
}

/** Sentences of one kind that are shown before the rest is counted. */
const SHOWN = 4;

/** Why the plan cannot be run, and the buttons that lead on. */
export function Refusals({ plan }: { readonly plan: PlanSummary }) {
  return (
    <div className="callout bad" role="alert">
      <h3>This cannot be converted</h3>
      <RefusalList refusals={plan.refusals} />
    </div>
  );
}

/** Refusals of one kind after the other, each with its buttons. */
export function RefusalList({ refusals }: { readonly refusals: readonly Refusal[] }) {
  return (
    <>
      {[...byTag(refusals)].map(([tag, messages]) => (
        <div key={tag} className="refusal">
          <ul>
            {messages.slice(0, SHOWN).map((message) => (
              <li key={message}>
                <Shown text={message} />
              </li>
            ))}
            {messages.length > SHOWN && <li>… and {messages.length - SHOWN} more of this kind.</li>}
          </ul>
          {isAmbiguous(tag) && <ValuesEvidence />}
          <div className="row">
            {[...readings(refusals, tag), ...STEPS[tag]].map((step) => (
              <button key={step.label} type="button" className="button" onClick={step.act}>
                {step.label}
              </button>
            ))}
          </div>
        </div>
      ))}
    </>
  );
}

/** One button for each layout that the names may mean. */
function readings(refusals: readonly Refusal[], tag: RefusalTag): Step[] {
  const all = refusals.filter((refusal) => refusal.tag === tag).flatMap((refusal) => refusal.readings ?? []);
  return [...new Map(all.map((each) => [layoutId(each.layout), each])).values()].map(reading);
}

function byTag(refusals: readonly Refusal[]): Map<RefusalTag, string[]> {
  const found = new Map<RefusalTag, string[]>();
  for (const { tag, message } of refusals) {
    const messages = found.get(tag) ?? [];
    if (!messages.includes(message)) found.set(tag, [...messages, message]);
  }
  return found;
}
