import type { EngineDecision } from '../../core/index.ts';
import './engine-report.css';
import { Shown } from '../parts/shown.tsx';

interface EngineReportProps {
  readonly decisions: readonly EngineDecision[];
  /** The adapter's name, null when none was opened. */
  readonly adapter: string | null;
}

/** Where the computing was done, in a few words. */
export function whereOf(decisions: readonly EngineDecision[], adapter: string | null): string {
  const on = new Set(decisions.map((decision) => decision.on));
  const device = adapter === null ? 'WebGPU' : `WebGPU (${adapter})`;
  if (!on.has('webgpu')) return 'on the CPU';
  return on.has('cpu') ? `on the CPU and on ${device}` : `on ${device}`;
}

/** Which kernels ran where, and why. */
export function EngineReport({ decisions, adapter }: EngineReportProps) {
  return (
    <details className="engine-report">
      <summary>Computed {whereOf(decisions, adapter)}</summary>
      <ul>
        {decisions.length === 0 && <li>Every piece was too small to be faster on a GPU.</li>}
        {decisions.map(({ kernel, op, on, reason, runs }) => (
          <li key={`${kernel} ${op}`}>
            <strong>{kernel}</strong> <span className="quiet">{op}</span> {on === 'cpu' ? 'on the CPU' : 'on WebGPU'}.{' '}
            <Shown text={reason} />{' '}
            <span className="quiet">
              {runs.cpu} times on the CPU, {runs.webgpu} on WebGPU.
            </span>
          </li>
        ))}
      </ul>
    </details>
  );
}
