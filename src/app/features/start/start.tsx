import { useState } from 'react';
import { isLoomError } from '../../../core/index.ts';
import { FileInput } from '../../parts/file-input.tsx';
import { late } from '../../parts/late.tsx';
import { useAfterPaint } from '../../parts/use-after-paint.ts';
import { chosenFiles } from '../../sources/given-files.ts';
import { SAMPLES } from '../../sources/samples.ts';
import { servedNote } from '../../state/access/served.ts';
import { go, useAddress } from '../../state/address-store.ts';
import { EMPTY, openLocal } from '../../state/follow-address.ts';
import { ALL_TYPES, compatLink, pageLink } from '../../state/page-links.ts';
import './start.css';
import './start-flow.css';
import { Shown } from '../../parts/shown.tsx';

/** The start screen: ways to open a checkpoint, and the conversions that this browser has. */
export function Start() {
  const local = useAddress((address) => address.local);
  return (
    <div className="start">
      <h1 className="hidden">Open a checkpoint</h1>
      {local !== null && (
        <p className="start-local" role="status">
          The link names <strong>{local}</strong>, which are files on a machine. A page cannot open local files by
          itself. Choose them again, or drop them here.
        </p>
      )}
      <p className="start-lead">
        See how a mixture-of-experts checkpoint stores its experts, and convert it. Paste a Hub repo above, or open
        files from this machine.
      </p>
      {servedNote() !== null && <Served />}
      <Stored />
      <div className="start-ways">
        <DropZone />
        <Moving />
      </div>
      <Samples />
      <p>
        <a {...compatLink(ALL_TYPES)}>Which layout loads where</a>, for every known model type.
      </p>
      <Elsewhere />
    </div>
  );
}

const FindLocal = late(async () => (await import('./find-local.tsx')).FindLocal);

const Served = late(async () => (await import('./served.tsx')).Served);

const StartFlow = late(async () => (await import('./flow/start-flow.tsx')).StartFlow);

const StoredLists = late(async () => (await import('../../jobs/stored/stored-lists.tsx')).StoredLists);

/** Below the samples, and late. */
function Elsewhere() {
  const painted = useAfterPaint();
  return painted && <FindLocal />;
}

/** The lists come after the page has been painted. */
function Stored() {
  const painted = useAfterPaint();
  return painted && <StoredLists />;
}

/** Its space is reserved from the beginning; the drawing comes after the page has been painted. */
function Moving() {
  const painted = useAfterPaint();
  return <figure className="start-flow">{painted && <StartFlow />}</figure>;
}

function DropZone() {
  const [problem, setProblem] = useState<string | null>(null);
  const take = (list: FileList | null) => {
    setProblem(null);
    if (!list) return;
    try {
      openLocal(chosenFiles(list));
    } catch (error) {
      setProblem(isLoomError(error) ? error.message : String(error));
    }
  };
  return (
    <section className="drop-zone" aria-label="Files from this machine">
      <p>
        Drop safetensors files or a model’s folder here. Several shards open as one checkpoint; a Hub cache folder works
        too.
      </p>
      <div className="row">
        <FileInput label="Choose files" onChoose={take} />
        <FileInput label="Choose folder" folder onChoose={take} />
      </div>
      <p className="quiet">Files never leave this machine: headers are read here, and nothing is uploaded.</p>
      {problem !== null && (
        <p role="alert">
          <Shown text={problem} />
        </p>
      )}
    </section>
  );
}

function Samples() {
  return (
    <section aria-labelledby="samples">
      <h2 id="samples">Samples, also without a network</h2>
      <ul className="samples">
        {SAMPLES.map(({ id, name, facts, text }) => (
          <li key={id}>
            <a {...pageLink(`?sample=${id}`, () => go({ ...EMPTY, sample: id, view: 'map' }))}>
              <strong>{name}</strong>
              <span className="mono">{facts}</span>
              <span className="quiet">{text}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
