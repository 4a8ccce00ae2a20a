import { useEffect, useRef } from 'react';
import type { LoadVerdict } from '../../../../workers/inspect/protocol.ts';
import { VerdictBadge } from '../../checkpoint/verdict-badge.tsx';
import { EVIDENCE_WORDS, sentenceOf } from '../../checkpoint/verdict-words.ts';
import { CopyButton } from '../../parts/copy-button.tsx';
import { RichText } from '../../parts/rich-text.tsx';
import { go, useAddress } from '../../state/address-store.ts';
import { inspectWorker } from '../../state/inspection.ts';
import { NameList } from './name-list.tsx';

/** One consumer: verdict, what happens, what it takes, how that is known, and the cure. */
export function ConsumerRow({ verdict }: { readonly verdict: LoadVerdict }) {
  const { id, title, version, needs, cure, inference } = verdict;
  const heading = `consumer-${id}`;
  const isNamed = useAddress((address) => address.place.program === id);
  const row = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (!isNamed) return;
    row.current?.scrollIntoView({ block: 'center' });
    row.current?.focus({ preventScroll: true });
  }, [isNamed]);
  return (
    <li
      ref={row}
      className="consumer"
      data-verdict={verdict.verdict}
      aria-labelledby={heading}
      aria-current={isNamed ? 'true' : undefined}
      tabIndex={-1}
    >
      <div className="consumer-left">
        <VerdictBadge verdict={verdict.verdict} />
        <div className="consumer-who">
          <h2 id={heading}>{title}</h2>
          <p className="quiet">{version}</p>
        </div>
      </div>
      <div className="consumer-middle">
        <div className="consumer-what">
          <p className="consumer-sentence">{sentenceOf(verdict)}</p>
          {needs.length > 0 && <Needs needs={needs} />}
          {inference !== undefined && <p className="quiet">Taken for granted: {inference}</p>}
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
          <button
            type="button"
            className="button small cure"
            onClick={() => go({ view: 'convert', target: cure, layers: [] })}
          >
            Convert to {cure}
          </button>
        )}
        {verdict.hasScript && <CopyButton label="Copy proof script" text={() => scriptOf(verdict)} />}
      </div>
    </li>
  );
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
