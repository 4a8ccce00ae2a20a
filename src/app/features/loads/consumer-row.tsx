import type { LoadVerdict } from '../../../../workers/inspect/protocol.ts';
import { EVIDENCE_WORDS } from '../../../core/index.ts';
import { sentenceOf } from '../../checkpoint/program-order.ts';
import { VerdictBadge } from '../../checkpoint/verdict-badge.tsx';
import { CopyButton } from '../../parts/copy-button.tsx';
import { RichText } from '../../parts/rich-text.tsx';
import { addressStore, go, useAddress } from '../../state/address-store.ts';
import { inspectWorker } from '../../state/inspection.ts';
import { NameList } from './name-list.tsx';
import { PinButton } from './pin-button.tsx';

interface ConsumerRowProps {
  readonly verdict: LoadVerdict;
  readonly pinned: boolean;
}

/** One program: its verdict, what happens, what it needs, how this is known, and the conversion that helps. */
export function ConsumerRow({ verdict, pinned }: ConsumerRowProps) {
  const { id, title, version, needs, cure, inference } = verdict;
  const heading = `consumer-${id}`;
  const isNamed = useAddress((address) => address.program === id);
  return (
    <li
      className="consumer"
      data-verdict={verdict.verdict}
      aria-labelledby={heading}
      aria-current={isNamed ? 'true' : undefined}
    >
      <div className="consumer-left">
        <VerdictBadge verdict={verdict.verdict} />
        <div className="consumer-who">
          <div className="consumer-name">
            <h3 id={heading} tabIndex={-1}>
              {title}
            </h3>
            <PinButton id={id} title={title} pinned={pinned} />
          </div>
          <p className="quiet">{version}</p>
        </div>
      </div>
      <div className="consumer-middle">
        <div className="consumer-what">
          <p className="consumer-sentence">{sentenceOf(verdict)}</p>
          {needs.length > 0 && <Needs needs={needs} />}
          {inference !== undefined && <p className="quiet">Assumed: {inference}</p>}
          <div className="consumer-names">
            <NameList verdict={verdict} kind="missing" />
            <NameList verdict={verdict} kind="unexpected" />
            <NameList verdict={verdict} kind="mismatched" />
          </div>
        </div>
        <EvidenceLine verdict={verdict} />
      </div>
      <div className="consumer-acts">
        {cure !== null && (
          <button type="button" className="button small cure" onClick={() => convertFor(id, cure)}>
            Convert to {cure}
          </button>
        )}
        {verdict.hasScript && <CopyButton label="Copy proof script" text={() => scriptOf(verdict)} />}
      </div>
    </li>
  );
}

/** Opens Convert with the program and the layout chosen. */
function convertFor(id: string, target: string): void {
  const { convert } = addressStore.getState().address;
  go({ view: 'convert', target, layers: [], convert: { ...convert, for: id } });
}

async function scriptOf({ id }: LoadVerdict): Promise<string> {
  const made = await inspectWorker().loadScript(id);
  return 'script' in made ? made.script : `# ${made.reason}\n`;
}

function Needs({ needs }: { readonly needs: readonly string[] }) {
  return (
    <ul className="consumer-needs" aria-label="What it needs">
      {needs.map((need) => (
        <li key={need}>
          <span className="needs-word">Needs</span>{' '}
          <span>
            <RichText text={need} />
          </span>
        </li>
      ))}
    </ul>
  );
}

function EvidenceLine({ verdict }: { readonly verdict: LoadVerdict }) {
  const { kind, source, date } = verdict.evidence;
  return (
    <p className="consumer-evidence">
      <span className="evidence-kind" data-kind={kind}>
        {EVIDENCE_WORDS[kind]}
      </span>{' '}
      <time dateTime={date}>{date}</time>
      <span className="evidence-source">
        <RichText text={source} />
      </span>
    </p>
  );
}
