import {
  type ConversionReport,
  describeSourceHashes,
  formatBytes,
  formatDuration,
  formatInteger,
  plural,
  visible,
} from '../../../core/index.ts';
import { type Download, downloadText } from '../../jobs/downloads.ts';
import { EngineReport } from '../../jobs/engine-report.tsx';
import { type JobOutput, type JobState, useJob } from '../../jobs/job-store.ts';
import { clearJob } from '../../jobs/run-job.ts';
import { SaveResult } from '../../jobs/save/save-result.tsx';
import { savedName } from '../../jobs/stored/names.ts';
import { Shown } from '../../parts/shown.tsx';
import { Term } from '../../parts/term.tsx';
import { compareWith } from '../../state/comparison.ts';
import { useInspection } from '../../state/inspection.ts';
import { Breakable } from './breakable.tsx';
import { ModelCard } from './model-card.tsx';
import { PublishResult } from './publish/publish-result.tsx';
import { DeleteResult, OpenResult } from './result-steps.tsx';

/** What was written and proven, what was not proven, and the files. */
export function ReportPanel() {
  const job = useJob();
  const { report } = job;
  const isOpenSource = useInspection((state) => state.summary?.identity === report?.source);
  if (!report) return null;
  return (
    <>
      <p className="proven">
        <Term id="proven">Proven</Term>: {plural(report.verified.tensors, 'tensor')},{' '}
        {formatInteger(report.verified.bytes)} bytes, all equal.
      </p>
      <div className="next-steps">
        {job.output && <OpenResult output={job.output} target={job.target} />}
        {job.output && job.output.kind !== 'directory' && <SaveFiles job={job} output={job.output} />}
      </div>
      {job.output && (
        <PublishResult
          of={{ output: job.output, name: savedName(job.source, job.target) }}
          card={job.card?.text ?? null}
        />
      )}
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
        {job.card !== null && <ModelCard card={job.card} />}
        {job.output && 'job' in job.output && isOpenSource && <CompareResult job={job.output.job} />}
        <button type="button" className="button" onClick={clearJob}>
          Close report
        </button>
        {job.output?.kind === 'opfs' && <DeleteResult job={job.output.job} bytes={sizeOf(job.files)} />}
      </div>
    </>
  );
}

function Proof({ report, job }: { readonly report: ConversionReport; readonly job: JobState }) {
  return (
    <ul className="proof">
      <li className="yes">
        Every tensor byte was read back from the output and compared with the source ({report.verified.method}).
      </li>
      {report.sourceHashes && (
        <li className={report.sourceHashes.unchecked.length > 0 ? 'no' : 'yes'}>
          {describeSourceHashes(report.sourceHashes)}
        </li>
      )}
      {job.workedMs > 0 && (
        <li className="fine">
          The conversion took {formatDuration(job.workedMs / 1000)}
          {sharesOf(report)}.
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
          {plural(report.kept, 'shard')} of an earlier, unfinished run: read back, and equal to what was written then.
        </li>
      )}
      <li className="fine">
        {report.engine.decisions.length > 0 ? (
          <EngineReport decisions={report.engine.decisions} adapter={report.engine.adapter} />
        ) : (
          'Bytes were copied without computing on them.'
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
        <li className="no">
          Mixed: layers {report.layers?.join(', ')} were converted. The other layers are unchanged.
        </li>
      )}
      {report.scope === 'partial' && (
        <li className="no">
          Partial: the result has only layers {report.layers?.join(', ')}. It does not load as a model.
        </li>
      )}
      {report.copied.length > 0 && (
        <li className="no">
          Not proven: {plural(report.copied.length, 'file')} copied but not compared ({report.copied.join(', ')}).
        </li>
      )}
      {report.skipped.map((skipped) => (
        <li key={skipped.file} className="no">
          <span>
            Left out:{' '}
            <span className="mono">
              <Shown text={skipped.file} />
            </span>{' '}
            (<Shown text={skipped.reason} />
            ).
          </span>
        </li>
      ))}
      <li className="no">Not proven: that a program loads the result, or that its outputs are the same.</li>
    </ul>
  );
}

/** Shares and not seconds: the report's clock runs on through pauses. */
function sharesOf({ seconds }: ConversionReport): string {
  const busy = seconds ? seconds.write + seconds.verify : 0;
  return seconds && busy > 0
    ? `, ${Math.round((100 * seconds.verify) / busy)} % of it to read the output back and compare it`
    : '';
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
      {inMemory && <p className="callout warn">These files exist only in this tab. Save them before you close it.</p>}
    </>
  );
}

function SaveFiles({
  job,
  output,
}: {
  readonly job: JobState;
  readonly output: Exclude<JobOutput, { kind: 'directory' }>;
}) {
  const inMemory = output.kind === 'memory';
  return (
    <SaveResult
      of={{
        job: inMemory ? 'memory' : output.job,
        name: savedName(job.source, job.target),
        bytes: sizeOf(job.files),
        where: inMemory ? 'memory' : 'opfs',
      }}
    />
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

function sizeOf(files: readonly Download[]): number {
  return files.reduce((sum, file) => sum + file.byteLength, 0);
}

/** Sets the result beside what it was made from. */
function CompareResult({ job }: { readonly job: string }) {
  return (
    <button type="button" className="button" onClick={() => compareWith(`job:${job}`)}>
      Compare with the original
    </button>
  );
}
