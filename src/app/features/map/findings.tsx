import { isUnread, plural } from '../../../core/index.ts';
import { late } from '../../parts/late.tsx';
import { Shown } from '../../parts/shown.tsx';
import { go } from '../../state/address-store.ts';
import { EMPTY } from '../../state/follow-address.ts';
import { openWithoutIndex, retryOpening, useInspection } from '../../state/inspection.ts';

/** More are not shown here. The command line prints all. */
const SHOWN = 40;

/** Needed only where a file is missing. */
const MissingCells = late(async () => (await import('./missing-list.tsx')).MissingCells);

/** What a reader of this checkpoint should know, a sentence each; missing files are one card. */
export function Findings() {
  const findings = useInspection((state) => state.summary?.findings);
  const complete = useInspection((state) => state.complete);
  if (!findings) return null;
  const gone = findings.filter(({ tag }) => tag === 'shard-missing');
  const others = findings.filter(({ tag }) => tag !== 'shard-missing');
  return (
    <section className="findings" aria-labelledby="findings">
      <h2 id="findings">Findings</h2>
      {!complete && (
        <p className="quiet">Headers are still being read. A file that seems to be missing may not be read yet.</p>
      )}
      {complete && findings.some(isUnread) && (
        <p className="quiet">Missing tensors may be in the files that could not be read.</p>
      )}
      {complete && findings.length === 0 && <p className="good">No problem found: headers, index and config agree.</p>}
      <ul>
        {gone.length > 0 && (
          <li data-severity="error">
            <span className="finding-kind">{gone.length === 1 ? 'Missing file' : 'Missing files'}</span>
            {gone.map(({ message }) => (
              <span key={message}>
                <Shown text={message} />
              </span>
            ))}
            {complete && <MissingCells until={<span />} />}
          </li>
        )}
        {others.slice(0, SHOWN).map((finding, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: two findings may say the same
          <li key={at} data-severity={finding.severity}>
            <span className="finding-kind">{finding.severity === 'error' ? 'Error' : 'Note'}</span>
            <span>
              <Shown text={finding.message} />
            </span>
          </li>
        ))}
      </ul>
      {complete && <FindingSteps tags={new Set(findings.map((finding) => finding.tag))} />}
      {others.length > SHOWN && <p className="quiet">And {plural(others.length - SHOWN, 'finding')} more.</p>}
    </section>
  );
}

/** Tags of findings about files that are missing or belong to another model. */
const INCOMPLETE = [
  'shard-missing',
  'shard-invalid',
  'lfs-pointer',
  'index-tensor-missing',
  'index-stale',
  'index-invalid',
  'tensor-missing',
];
/** Tags of findings that an added file solves. */
const GONE = ['shard-missing', 'index-tensor-missing', 'tensor-missing'];
/** Tags of findings after which the shards can be read without the index. */
const ABOUT_INDEX = ['index-stale', 'index-invalid'];

/** What to do about an incomplete checkpoint. */
function FindingSteps({ tags }: { readonly tags: ReadonlySet<string> }) {
  const hub = useInspection((state) => state.hub);
  const sample = useInspection((state) => state.source?.kind === 'sample');
  if (!INCOMPLETE.some((tag) => tags.has(tag)) || sample) return null;
  return (
    <div className="finding-steps">
      {GONE.some((tag) => tags.has(tag)) && (
        <p>
          {hub
            ? 'Ask the authors to upload the missing files, or look for them in another revision.'
            : 'Get the missing files with "hf download" or from where the model came from. Put them into the same folder, and choose the folder again.'}
        </p>
      )}
      {tags.has('lfs-pointer') && (
        <p>
          Fetch the weights with <code>git lfs pull</code> in the clone
          {hub ? ', and upload them' : ', then choose the folder again'}.
        </p>
      )}
      <div className="row">
        <button type="button" className="button small" onClick={retryOpening}>
          Read again
        </button>
        {ABOUT_INDEX.some((tag) => tags.has(tag)) && (
          <button type="button" className="button small" onClick={openWithoutIndex}>
            Read the shards without the index
          </button>
        )}
        {hub ? (
          <a className="button small" href={hub.page} target="_blank" rel="noreferrer">
            Open model page
          </a>
        ) : (
          <button type="button" className="button small" onClick={() => go({ ...EMPTY, view: 'map' })}>
            Choose other files
          </button>
        )}
      </div>
    </div>
  );
}
