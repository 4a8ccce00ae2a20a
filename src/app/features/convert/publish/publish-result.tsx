import { useState } from 'react';
import {
  formatBytes,
  formatInteger,
  HUB_ENDPOINT,
  hfUploadCommand,
  isLoomError,
  type PublishProgress,
  type PublishReport,
  parsePublishTarget,
  plural,
  SERVED,
} from '../../../../core/index.ts';
import {
  type Publishable,
  type PublishState,
  publishResult,
  stopPublishing,
  usePublication,
} from '../../../jobs/publish/publish-store.ts';
import { CopyButton } from '../../../parts/copy-button.tsx';
import { Shown } from '../../../parts/shown.tsx';
import { accountOf, useAccess } from '../../../state/access/access.ts';
import { mayWrite } from '../../../state/access/may-write.ts';
import { useAddress } from '../../../state/address-store.ts';
import { PublishAccess } from './publish-access.tsx';
import './publish.css';

interface PublishResultProps {
  readonly of: Publishable;
  /** README.md that goes along; null for no card. */
  readonly card: string | null;
}

/** Publishes a result on the Hub: a button, then a form, progress, and a link. */
export function PublishResult(props: PublishResultProps) {
  const state = usePublication();
  const [open, setOpen] = useState(false);
  const mine = state.of !== null && isSame(state.of, props.of) ? state : null;
  if (mine?.status === 'running') return <Running state={mine} />;
  if (mine?.status === 'done' && mine.report) return <Published report={mine.report} />;
  if (!open && mine === null)
    return (
      <button type="button" className="button" onClick={() => setOpen(true)}>
        Publish to the Hub…
      </button>
    );
  const onCancel = mine === null ? () => setOpen(false) : null;
  return <PublishForm {...props} state={mine} busy={state.status === 'running'} onCancel={onCancel} />;
}

function isSame(one: Publishable, other: Publishable): boolean {
  return one.name === other.name && JSON.stringify(one.output) === JSON.stringify(other.output);
}

interface FormProps extends PublishResultProps {
  readonly state: PublishState | null;
  readonly busy: boolean;
  /** Null once something was published or tried. */
  readonly onCancel: (() => void) | null;
}

function PublishForm({ of, card, state, busy, onCancel }: FormProps) {
  const endpoint = useAddress(({ endpoint }) => hubOf(endpoint));
  const account = useAccess(({ accounts }) => accountOf(accounts, endpoint ?? HUB_ENDPOINT));
  const access = account !== null && mayWrite(account) ? account : null;
  const [repo, setRepo] = useState(state?.asked.repo ?? '');
  const [hidden, setHidden] = useState(state?.asked.private ?? false);
  const wrong = repo === '' ? null : whyWrong(repo);
  const ready = repo !== '' && wrong === null;
  const publish = () => {
    if (!access || !ready || busy) return;
    void publishResult(of, {
      repo: repo.trim(),
      branch: 'main',
      private: hidden,
      endpoint,
      token: access.token,
      card,
    });
  };
  return (
    <form
      className="publish-form"
      aria-label="Publish to the Hub"
      onSubmit={(event) => {
        event.preventDefault();
        publish();
      }}
    >
      <h3>Publish to the Hub</h3>
      <label className="field-label">
        Repository
        <input
          className="field mono"
          value={repo}
          placeholder="org/name"
          spellCheck={false}
          autoComplete="off"
          aria-invalid={wrong !== null}
          aria-describedby="publish-help"
          onChange={(event) => setRepo(event.target.value)}
        />
        <span id="publish-help" className={wrong === null ? 'option-note' : 'option-note wrong'}>
          <Shown text={wrong ?? 'It is made if it does not exist. Files of the same names get a new version.'} />
        </span>
      </label>
      <label className="check">
        <input type="checkbox" checked={hidden} onChange={(event) => setHidden(event.target.checked)} />
        Private repository
      </label>
      {access === null && <PublishAccess endpoint={endpoint} account={account} unsaved={of.output.kind === 'memory'} />}
      <div className="row">
        {access !== null && (
          <button type="submit" className="button primary" disabled={!ready || busy}>
            {state === null ? 'Publish' : 'Publish again'}
          </button>
        )}
        {onCancel !== null && (
          <button type="button" className="button" onClick={onCancel}>
            Cancel
          </button>
        )}
      </div>
      {state !== null && state.status === 'failed' && (
        <p className="callout bad" role="alert">
          <Shown text={state.problem} />
        </p>
      )}
      {state !== null && state.status === 'stopped' && (
        <p className="option-note" role="status">
          You stopped publishing. Nothing was committed. What the Hub has received stays there: “Publish again” sends
          the rest.
        </p>
      )}
      <OnDisk of={of} repo={ready ? repo.trim() : 'org/name'} hidden={hidden} />
    </form>
  );
}

/** The Hub that a result goes to: that of the address, but not the files that `moe-loom open` serves like one. */
function hubOf(endpoint: string | null): string | null {
  return endpoint === `${location.origin}${SERVED.hub}` ? null : endpoint;
}

function whyWrong(repo: string): string | null {
  try {
    parsePublishTarget(repo);
    return null;
  } catch (error) {
    if (isLoomError(error)) return error.message;
    throw error;
  }
}

/** How the same is done outside of the browser, from a folder on disk. */
function OnDisk({ of, repo, hidden }: { readonly of: Publishable; readonly repo: string; readonly hidden: boolean }) {
  const folder = of.output.kind === 'directory' ? of.output.name : of.name;
  const command = hfUploadCommand({ folder: `./${folder}`, repo, branch: 'main', private: hidden });
  return (
    <details className="on-disk">
      <summary>Upload from a terminal instead</summary>
      <p>
        {of.output.kind === 'directory'
          ? 'In the folder above the one that you picked, run this command of huggingface_hub. It resumes if you run it again.'
          : 'Save the result into a folder first. Then, in the folder above it, run this command of huggingface_hub. It resumes if you run it again.'}
      </p>
      <div className="row">
        <code className="mono">{command}</code>
        <CopyButton label="Copy the command" text={() => command} />
      </div>
    </details>
  );
}

const PHASES: Readonly<Record<PublishProgress['phase'], string>> = {
  hash: 'Computing SHA-256',
  send: 'Uploading',
  commit: 'Making the commit',
};

function Running({ state: { progress, pause } }: { readonly state: PublishState }) {
  const { done = 0, total = 0, phase = 'hash', file = null } = progress ?? {};
  return (
    <div className="publish-form">
      <label className="publish-meter">
        <span>
          {PHASES[phase]}
          {file !== null && (
            <>
              {' '}
              <span className="mono">
                <Shown text={file} />
              </span>
            </>
          )}
        </span>
        <progress className="meter" max={Math.max(1, total)} value={done} />
        <span className="number" title={`${formatInteger(done)} of ${formatInteger(total)} bytes`}>
          {formatBytes(done)} of {formatBytes(total)}
        </span>
      </label>
      {pause !== null && <p className="option-note">The Hub asks for fewer requests. Uploading resumes by itself.</p>}
      <button type="button" className="button" onClick={stopPublishing}>
        Stop
      </button>
    </div>
  );
}

function Published({ report }: { readonly report: PublishReport }) {
  const { repo, url, committed, files } = report;
  const count = files.filter(({ state }) => state === 'committed').length;
  return (
    <p role="status">
      {committed
        ? `Published ${plural(count, 'file')} in one commit: `
        : 'The repository had every file already, so no commit was made: '}
      <a href={url} target="_blank" rel="noreferrer">
        <Shown text={repo} />
      </a>
    </p>
  );
}
