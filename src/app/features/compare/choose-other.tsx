import { type DragEvent, useState } from 'react';
import { formatBytes, formatRepoReference, isLoomError, parseRepoReference, plural } from '../../../core/index.ts';
import { jobName } from '../../jobs/stored/names.ts';
import { useStored } from '../../jobs/stored/stored.ts';
import { FileInput } from '../../parts/file-input.tsx';
import { Shown } from '../../parts/shown.tsx';
import { collectDrop } from '../../sources/collect-drop.ts';
import { chosenFiles } from '../../sources/given-files.ts';
import { SAMPLES } from '../../sources/samples.ts';
import { learnHost } from '../../state/access/known-hosts.ts';
import { useAddress } from '../../state/address-store.ts';
import { compareWith, compareWithLocal, useComparison } from '../../state/comparison.ts';

/** Forms that choose the second checkpoint. */
export function ChooseOther() {
  const missing = useComparison((state) => state.status === 'missing');
  const other = useAddress((address) => address.compare.with);
  return (
    <section className="choose-other" aria-labelledby="choose-other">
      <h2 id="choose-other">Compare with</h2>
      {missing && other !== null && (
        <p className="callout" role="status">
          <strong>{other.replace(/^local:/, '')}</strong> was read from this computer. A web page cannot open local
          files again by itself. Choose or drop the files again.
        </p>
      )}
      <p className="quiet">
        Choose another checkpoint of the same model, in any layout: another repo or revision, files on this computer, or
        a conversion result. Experts are matched by layer, number and projection; other tensors are matched by name.
        First only headers are read. Values are read when you ask for it.
      </p>
      <RepoForm />
      <StoredResults />
      <LocalFiles />
      <SampleList />
    </section>
  );
}

function RepoForm() {
  const repo = useAddress((address) => address.repo);
  const [text, setText] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    try {
      const reference = parseRepoReference(text);
      if (reference.endpoint !== null) learnHost(reference.endpoint);
      compareWith(formatRepoReference(reference));
    } catch (error) {
      if (!isLoomError(error)) throw error;
      setProblem(error.message);
    }
  };
  return (
    <form className="choose-repo" onSubmit={submit}>
      <label htmlFor="other-repo">Hub repo or revision</label>
      <div className="row">
        <input
          id="other-repo"
          className="field mono"
          placeholder={repo === null ? 'org/name@revision' : `${repo}@revision, or another repo`}
          autoCapitalize="none"
          autoComplete="off"
          spellCheck={false}
          value={text}
          aria-invalid={problem !== null}
          aria-describedby={problem === null ? undefined : 'other-problem'}
          onChange={(event) => {
            setText(event.target.value);
            setProblem(null);
          }}
        />
        <button type="submit" className="button primary">
          Compare
        </button>
      </div>
      {problem !== null && (
        <p id="other-problem" role="alert" className="defect">
          <Shown text={problem} />
        </p>
      )}
    </form>
  );
}

/** Results of earlier conversions in the browser storage. */
function StoredResults() {
  const { finished } = useStored('compare');
  if (finished.length === 0) return null;
  return (
    <div>
      <h3>Converted here</h3>
      <ul className="choices">
        {finished.map((stored) => (
          <li key={stored.job}>
            <button type="button" className="button" onClick={() => compareWith(`job:${stored.job}`)}>
              {jobName(stored.job)}
            </button>
            <span className="quiet">
              {formatBytes(stored.bytes)}, {plural(stored.files, 'file')}
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function LocalFiles() {
  const [problem, setProblem] = useState<string | null>(null);
  const said = (error: unknown) => setProblem(isLoomError(error) ? error.message : String(error));
  const take = (list: FileList | null) => {
    setProblem(null);
    try {
      if (list) compareWithLocal(chosenFiles(list));
    } catch (error) {
      said(error);
    }
  };
  const keep = (event: DragEvent) => {
    event.preventDefault();
    event.stopPropagation();
  };
  const drop = (event: DragEvent) => {
    keep(event);
    setProblem(null);
    collectDrop(event.dataTransfer).then(compareWithLocal, said);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the buttons inside do the same by keyboard
    <div className="choose-drop" onDragEnter={keep} onDragOver={keep} onDrop={drop}>
      <h3>Files on this computer</h3>
      <p className="quiet">Drop the other model’s folder or safetensors files here.</p>
      <div className="row">
        <FileInput label="Choose other files" onChoose={take} />
        <FileInput label="Choose other folder" folder onChoose={take} />
      </div>
      {problem !== null && (
        <p role="alert" className="defect">
          <Shown text={problem} />
        </p>
      )}
    </div>
  );
}

function SampleList() {
  return (
    <div>
      <h3>Samples</h3>
      <div className="row">
        {SAMPLES.map(({ id, name }) => (
          <button key={id} type="button" className="button small" onClick={() => compareWith(`sample:${id}`)}>
            {name}
          </button>
        ))}
      </div>
    </div>
  );
}
