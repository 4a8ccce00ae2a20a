import { useEffect, useRef, useState } from 'react';
import type { ClusterFiles } from '../../../../../workers/cluster/protocol.ts';
import type { HubFacts, PlanSummary } from '../../../../../workers/inspect/protocol.ts';
import { formatBytes, formatRepoReference, isAbort, type PlannedSource, usualParts } from '../../../../core/index.ts';
import { CopyButton } from '../../../parts/copy-button.tsx';
import { saveBlob } from '../../../parts/save-blob.ts';
import { Shown } from '../../../parts/shown.tsx';
import { inspectWorker, useInspection } from '../../../state/inspection.ts';
import type { TargetOrder } from '../use-plan.ts';
import './cluster-panel.css';

interface ClusterPanelProps {
  readonly order: TargetOrder;
  readonly plan: PlanSummary;
}

/** The same conversion on a cluster: the plan as a file, and what runs its parts under Slurm or Kubernetes. */
export function ClusterPanel(props: ClusterPanelProps) {
  const [open, setOpen] = useState(false);
  return (
    <section className="panel" aria-label="Run this on a cluster">
      <details className="cluster" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>
          <h2>Run this on a cluster</h2>
        </summary>
        {open && <Job {...props} key={JSON.stringify(props.order)} />}
      </details>
    </section>
  );
}

type State = { readonly files: ClusterFiles } | { readonly problem: string } | 'idle' | 'busy';

function Job({ order, plan }: ClusterPanelProps) {
  const hub = useInspection((state) => state.hub);
  const [folder, setFolder] = useState('/shared/moe-loom');
  const [source, setSource] = useState('');
  const [parts, setParts] = useState(String(usualParts(plan.shards.length)));
  const [image, setImage] = useState('');
  const [claim, setClaim] = useState('');
  const [state, setState] = useState<State>('idle');
  const work = useRef<AbortController | null>(null);
  useEffect(() => () => work.current?.abort(), []);
  const half = (image.trim() === '') !== (claim.trim() === '');
  const count = /^[1-9]\d{0,4}$/.test(parts.trim()) ? Number(parts) : null;
  const missing =
    hub === null && source.trim() === ''
      ? 'Enter where the checkpoint lies on the cluster.'
      : count === null
        ? 'Enter a number of parts, such as 16.'
        : half
          ? 'Kubernetes needs both an image and a claim. Leave both empty for Slurm alone.'
          : null;
  const write = async () => {
    if (missing !== null || count === null) return;
    const controller = new AbortController();
    work.current = controller;
    setState('busy');
    const wish = {
      folder: folder.trim(),
      source: source.trim() === '' ? null : source.trim(),
      parts: count,
      kubernetes: image.trim() === '' ? null : { image: image.trim(), claim: claim.trim() },
    };
    try {
      const { target, options } = order;
      const files = await inspectWorker().clusterFiles(target, options, named(hub, plan), wish, controller.signal);
      if (work.current === controller) setState({ files });
    } catch (error) {
      if (work.current !== controller) return;
      setState(isAbort(error) ? 'idle' : { problem: error instanceof Error ? error.message : String(error) });
    }
  };
  return (
    <form
      className="cluster-form"
      onSubmit={(event) => {
        event.preventDefault();
        void write();
      }}
    >
      <p>
        The plan is divided into parts that nodes convert at the same time, each part again if its node fails. A last
        job joins and checks them. This page writes the files; nothing runs from here.
      </p>
      <div className="cluster-fields">
        <Field label="Folder on the cluster that all nodes see" value={folder} onChange={setFolder} />
        <Field
          label={
            hub === null ? 'Where the checkpoint lies there' : 'Where the checkpoint lies there, if not on the Hub'
          }
          value={source}
          onChange={setSource}
          placeholder={hub === null ? '/shared/models/name' : `${hub.repo}@${hub.commit.slice(0, 7)}`}
        />
        <Field label="Parts" value={parts} onChange={setParts} />
        <Field label="Image, for Kubernetes" value={image} onChange={setImage} placeholder="registry/moe-loom:tag" />
        <Field label="Volume claim, for Kubernetes" value={claim} onChange={setClaim} placeholder="models" />
      </div>
      {missing !== null && (
        <p className="option-note" role="status">
          {missing}
        </p>
      )}
      <div className="row">
        <button type="submit" className="button" disabled={missing !== null || state === 'busy'}>
          Write the files
        </button>
        {state === 'busy' && (
          <button type="button" className="button" onClick={() => work.current?.abort()}>
            Stop
          </button>
        )}
      </div>
      {state === 'busy' && <p role="status">Reading the headers of the source for the plan file…</p>}
      {typeof state === 'object' && 'problem' in state && (
        <p className="callout bad" role="alert">
          <Shown text={state.problem} />
        </p>
      )}
      {typeof state === 'object' && 'files' in state && <Written files={state.files} />}
    </form>
  );
}

interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly placeholder?: string;
}

function Field({ label, value, onChange, placeholder }: FieldProps) {
  return (
    <label className="field-label">
      {label}
      <input
        className="field mono"
        value={value}
        placeholder={placeholder}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  );
}

function Written({ files: { plan, hash, slurm, kubernetes } }: { readonly files: ClusterFiles }) {
  return (
    <div className="cluster-written" role="status">
      <p>
        Save the files and copy them into the folder on the cluster. The plan has the hash{' '}
        <code>{hash.slice(0, 12)}</code>; every part checks it, and that the source is the same.
      </p>
      <div className="row">
        <button type="button" className="button primary" onClick={() => saveBlob(plan, 'plan.json')}>
          Save plan.json ({formatBytes(plan.size)})
        </button>
        {[slurm, kubernetes].map(
          (job) =>
            job && (
              <button
                key={job.file}
                type="button"
                className="button"
                onClick={() => saveBlob(new Blob([job.text], { type: 'text/plain' }), job.file)}
              >
                Save {job.file}
              </button>
            ),
        )}
      </div>
      <Commands title="With Slurm, on a login node" lines={slurm.commands} />
      {kubernetes && (
        <Commands
          title={`With Kubernetes, whose pods see the volume at ${kubernetes.mount}`}
          lines={kubernetes.commands}
        />
      )}
    </div>
  );
}

function Commands({ title, lines }: { readonly title: string; readonly lines: readonly string[] }) {
  const text = lines.join('\n');
  return (
    <>
      <h3>{title}</h3>
      <div className="cluster-commands mono">
        {lines.map((line) => (
          <code key={line}>
            <Shown text={line} />
          </code>
        ))}
      </div>
      <CopyButton text={() => text} label="Copy" />
    </>
  );
}

/** A commit of a repo can be read by every node; of files of this machine a plan has only the name. */
function named(hub: HubFacts | null, plan: PlanSummary): Omit<PlannedSource, 'files'> {
  if (hub === null) return { open: plan.source, endpoint: null, repo: null, commit: null };
  const { repo, commit, endpoint, path } = hub;
  return { open: formatRepoReference({ repo, revision: commit, path, endpoint: null }), endpoint, repo, commit };
}
