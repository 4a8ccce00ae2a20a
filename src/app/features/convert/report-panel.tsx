import { useEffect, useRef, useState } from 'react';
import {
  type ConversionReport,
  describeSourceHashes,
  formatBytes,
  formatDuration,
  formatInteger,
  plural,
  removeJob,
  visible,
} from '../../../core/index.ts';
import { type Download, downloadAll, downloadText } from '../../jobs/downloads.ts';
import { EngineReport } from '../../jobs/engine-report.tsx';
import { type JobState, useJob } from '../../jobs/job-store.ts';
import { clearJob } from '../../jobs/run-job.ts';
import { useRefreshStored } from '../../jobs/stored-jobs.ts';
import { Shown } from '../../parts/shown.tsx';
import { compareWith } from '../../state/comparison.ts';
import { useInspection } from '../../state/inspection.ts';
import { Breakable } from './breakable.tsx';
import { openResult } from './open-result.ts';

/** What was written and proven, what was not, and the files. */
export function ReportPanel() {
  const job = useJob();
  const { report } = job;
  const isOpenSource = useInspection((state) => state.summary?.identity === report?.source);
  if (!report) return null;
  return (
    <>
      <p className="proven">
        {plural(report.verified.tensors, 'tensor')}, {formatInteger(report.verified.bytes)} bytes, all equal.
      </p>
      <Proof report={report} job={job} />
      {job.output?.kind === 'directory' ? <FolderNote job={job} /> : <StoredFiles job={job} />}
      <div className="row">
        <button
          type="button"
          className="button"
          onClick={() => downloadText(`${JSON.stringify(report, null, 2)}\n`, 'moe-loom-report.json')}
        >
          Download report (JSON)
        </button>
        {job.card !== null && <ModelCard text={job.card} />}
        {job.output?.kind === 'opfs' && <OpenResult job={job.output.job} target={job.target} />}
        {job.output?.kind === 'opfs' && isOpenSource && <CompareResult job={job.output.job} />}
        <button type="button" className="button" onClick={clearJob}>
          Close report
        </button>
        {job.output?.kind === 'opfs' && <FreeSpace job={job.output.job} bytes={sizeOf(job.files)} />}
      </div>
    </>
  );
}

/** What changed, who loads it and how it was proven, as the Hub wants a README. */
function ModelCard({ text }: { readonly text: string }) {
  return (
    <button type="button" className="button" onClick={() => downloadText(text, 'README.md')}>
      Download model card (README.md)
    </button>
  );
}

function Proof({ report, job }: { readonly report: ConversionReport; readonly job: JobState }) {
  return (
    <ul className="proof">
      <li className="yes">
        Every tensor byte was read back from the output and compared with what the source gave ({report.verified.method}
        ).
      </li>
      {report.sourceHashes && (
        <li className={report.sourceHashes.unchecked.length > 0 ? 'no' : 'yes'}>
          {describeSourceHashes(report.sourceHashes)}
        </li>
      )}
      {job.workedMs > 0 && (
        <li className="fine">
          It took {formatDuration(job.workedMs / 1000)}, writing and proving{sharesOf(report)}.
        </li>
      )}
      {report.unpacked && (
        <li className="no">
          Not lossless: {plural(report.unpacked.tensors, 'tensor')} in {report.unpacked.formats.join(' and ')} became
          bf16.
        </li>
      )}
      {report.kept > 0 && (
        <li className="fine">
          {plural(report.kept, 'shard')} of an earlier, unfinished run: read back and found as they were written.
        </li>
      )}
      <li className="fine">
        {report.engine.decisions.length > 0 ? (
          <EngineReport decisions={report.engine.decisions} adapter={report.engine.adapter} />
        ) : (
          'No kernel was needed: bytes were copied.'
        )}
      </li>
      {report.sha256 &&
        Object.entries(report.sha256).map(([file, sum]) => (
          <li key={file} className="yes">
            SHA-256 of{' '}
            <span className="mono">
              <Shown text={file} />
            </span>
            : <span className="mono">{sum}</span>
          </li>
        ))}
      {report.scope === 'mixed' && (
        <li className="no">Mixed: layers {report.layers?.join(', ')} were converted, the rest is as it was.</li>
      )}
      {report.scope === 'partial' && (
        <li className="no">Partial: it holds layers {report.layers?.join(', ')} alone and will not load as a model.</li>
      )}
      {report.copied.length > 0 && (
        <li className="no">
          Not proven: {plural(report.copied.length, 'file')} copied without comparing ({report.copied.join(', ')}).
        </li>
      )}
      {report.skipped.map((skipped) => (
        <li key={skipped.file} className="no">
          Left out:{' '}
          <span className="mono">
            <Shown text={skipped.file} />
          </span>{' '}
          (<Shown text={skipped.reason} />
          ).
        </li>
      ))}
      <li className="no">Not proven: that a framework loads it, or that its outputs are the same.</li>
    </ul>
  );
}

/** Shares and not seconds: the report's clock runs on through pauses. */
function sharesOf({ seconds }: ConversionReport): string {
  const busy = seconds ? seconds.write + seconds.verify : 0;
  return seconds && busy > 0 ? ` (${Math.round((100 * seconds.verify) / busy)} % of it reading back)` : '';
}

function FolderNote({ job }: { readonly job: JobState }) {
  const name = job.output?.kind === 'directory' ? job.output.name : '';
  return (
    <p>
      The files are in the folder{' '}
      <span className="mono">
        <Shown text={name} />
      </span>{' '}
      that you picked.
    </p>
  );
}

function StoredFiles({ job }: { readonly job: JobState }) {
  const downloads = job.files;
  const inMemory = job.output?.kind === 'memory';
  return (
    <>
      <table className="sheet">
        <caption>
          {plural(downloads.length, 'file')} in {inMemory ? 'the memory of this tab' : 'the browser storage'},{' '}
          {formatBytes(sizeOf(downloads))}
        </caption>
        <tbody>
          {downloads.map((download) => (
            <FileRow key={download.name} download={download} />
          ))}
        </tbody>
      </table>
      <DownloadAll downloads={downloads} />
      {inMemory && (
        <p className="callout warn">These files are nowhere else. Download them before you close this tab.</p>
      )}
    </>
  );
}

function FileRow({ download }: { readonly download: Download }) {
  return (
    <tr>
      <td className="mono">
        <Breakable text={download.name} />
      </td>
      <td className="number" title={`${formatInteger(download.byteLength)} bytes`}>
        {formatBytes(download.byteLength)}
      </td>
      <td className="end">
        <a href={download.href} download={download.saveAs} aria-label={`Download ${visible(download.name)}`}>
          Download
        </a>
      </td>
    </tr>
  );
}

function DownloadAll({ downloads }: { readonly downloads: readonly Download[] }) {
  const [started, setStarted] = useState<number | null>(null);
  const abort = useRef<AbortController | null>(null);
  useEffect(() => () => abort.current?.abort(), []);
  const busy = started !== null && started < downloads.length;
  const start = () => {
    abort.current = new AbortController();
    setStarted(0);
    void downloadAll(downloads, setStarted, abort.current.signal);
  };
  return (
    <div className="row">
      <button type="button" className="button primary" disabled={busy} onClick={start}>
        Download all
      </button>
      <span className="option-note" role="status">
        {started === null
          ? 'One after another; allow several downloads if the browser asks.'
          : `${started} of ${downloads.length} downloads started${busy ? ' …' : '. Wait for them before you free the space.'}`}
      </span>
    </div>
  );
}

function sizeOf(files: readonly Download[]): number {
  return files.reduce((sum, file) => sum + file.byteLength, 0);
}

/** Opens the result here, with the verdict of each consumer on it. */
function OpenResult({ job, target }: { readonly job: string; readonly target: string }) {
  const [problem, setProblem] = useState<string | null>(null);
  const open = () =>
    openResult(job, target).catch((error: unknown) => {
      setProblem(error instanceof Error ? error.message : String(error));
    });
  return (
    <>
      <button type="button" className="button" onClick={() => void open()}>
        See who loads it
      </button>
      {problem !== null && (
        <span role="alert">
          <Shown text={problem} />
        </span>
      )}
    </>
  );
}

/** Sets the result beside what it was made from. */
function CompareResult({ job }: { readonly job: string }) {
  return (
    <button type="button" className="button" onClick={() => compareWith(`job:${job}`)}>
      Compare with the original
    </button>
  );
}

function FreeSpace({ job, bytes }: { readonly job: string; readonly bytes: number }) {
  const [asking, setAsking] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const refresh = useRefreshStored();
  const free = async () => {
    try {
      await removeJob(job);
      clearJob();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
    }
    await refresh();
  };
  if (!asking) {
    return (
      <button type="button" className="button" onClick={() => setAsking(true)}>
        Free the space ({formatBytes(bytes)})
      </button>
    );
  }
  return (
    <div className="callout warn" role="alert">
      <p>
        {problem ??
          `This deletes the converted files from the browser storage. Downloads that are still running would break.`}
      </p>
      <div className="row">
        <button type="button" className="button" onClick={() => void free()}>
          Delete {formatBytes(bytes)}
        </button>
        <button type="button" className="button" onClick={() => setAsking(false)}>
          Keep
        </button>
      </div>
    </div>
  );
}
