import {
  clusterSentence,
  loraSentence,
  type MemoryReport,
  type PlacementError,
  plural,
  speedLines,
} from '../../../../core/index.ts';
import { ExactBand } from './exact-band.tsx';
import { VERDICT_LABELS } from './memory-format.ts';

interface OutcomeProps {
  readonly name: string;
  readonly report: MemoryReport | PlacementError;
}

/** The verdict on one set-up, or the program's reason for refusing it. */
export function Outcome({ name, report }: OutcomeProps) {
  if ('error' in report)
    return (
      <p className="memory-outcome refusal" role="alert">
        <strong>{name} is not possible: </strong>
        <span className="mono">{report.error}</span>
      </p>
    );
  const { verdict, mesh, capacity, decides, changes, offload, lora, throughput } = report;
  return (
    <section className="memory-outcome" aria-label={name}>
      <p className="verdict-line">
        <strong className={`fit fit-${verdict}`}>
          <span aria-hidden="true">{VERDICT_LABELS[verdict].sign} </span>
          {VERDICT_LABELS[verdict].said}
        </strong>{' '}
        <span>
          <ExactBand {...report} /> of {capacity.toFixed(1)} GB on each of {plural(mesh.gpus, 'GPU')} (dp {mesh.dp})
        </span>
      </p>
      <p className="small">
        {decides}
        {offload &&
          ` The host holds ${offload.host.toFixed(1)} GB for each GPU. Each step moves ${offload.down.toFixed(1)} GB to the host and ${offload.up.toFixed(1)} GB back over PCIe.`}
      </p>
      {lora && <p className="small">LoRA: {loraSentence(lora)}.</p>}
      <p className="small">All GPUs together: {clusterSentence(report)}</p>
      {throughput && <SpeedList {...speedLines(throughput)} />}
      {changes.length > 0 && (
        <>
          <p className="small">These changes need less memory on each GPU:</p>
          <ul className="small memory-changes" aria-label="Changes that need less memory">
            {changes.map((change) => (
              <li key={change.change}>
                {change.change}:{' '}
                <span className="mono">
                  <ExactBand {...change} /> GB
                </span>
                , {VERDICT_LABELS[change.verdict].said}
              </li>
            ))}
          </ul>
        </>
      )}
    </section>
  );
}

function SpeedList({ head, rates }: ReturnType<typeof speedLines>) {
  return (
    <>
      <p className="small">Speed: {head}.</p>
      <ul className="small memory-changes" aria-label="Speed">
        {rates.map((rate) => (
          <li key={rate}>{rate}</li>
        ))}
      </ul>
    </>
  );
}
