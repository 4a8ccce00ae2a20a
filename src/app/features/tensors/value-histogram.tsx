import { useEffect, useRef, useState } from 'react';
import {
  type DType,
  formatBytes,
  formatDuration,
  formatInteger,
  isAbort,
  isComplex,
  plural,
  type TensorHistogram,
  type TensorRow,
} from '../../../core/index.ts';
import { Segments } from '../../parts/segments.tsx';
import { Shown } from '../../parts/shown.tsx';
import { inspectWorker } from '../../state/inspection.ts';
import { Bars } from './bars.tsx';

type Counting =
  | { readonly state: 'idle' }
  | { readonly state: 'running'; readonly done: number; readonly total: number; readonly since: number }
  | { readonly state: 'done'; readonly found: TensorHistogram }
  | { readonly state: 'failed'; readonly message: string };

/** Least time between two drawings of the progress, in ms. */
const FRAME_MS = 100;

/** All values of a tensor counted, when asked for: it reads the tensor whole. */
export function ValueHistogram({ tensor }: { readonly tensor: TensorRow }) {
  const { counting, start, cancel } = useCounting(tensor.name);
  const bytes = tensor.end - tensor.start;
  if (bytes === 0) return null;
  if (counting.state === 'running') return <Running {...counting} onCancel={cancel} />;
  if (counting.state === 'done') return <Found found={counting.found} dtype={tensor.dtype} />;
  return (
    <div>
      {counting.state === 'failed' && (
        <p className="defect" role="alert">
          <Shown text={counting.message} />
        </p>
      )}
      <button type="button" className="button" onClick={start}>
        Count all values ({formatBytes(bytes)})
      </button>
    </div>
  );
}

function useCounting(name: string) {
  const [counting, setCounting] = useState<Counting>({ state: 'idle' });
  const running = useRef<AbortController | null>(null);
  useEffect(() => () => running.current?.abort(), []);
  const start = async () => {
    const mine = new AbortController();
    running.current = mine;
    const since = performance.now();
    let drawn = 0;
    setCounting({ state: 'running', done: 0, total: 0, since });
    const onProgress = ({ done, total }: { done: number; total: number }) => {
      const now = performance.now();
      if (mine.signal.aborted || (now - drawn < FRAME_MS && done < total)) return;
      drawn = now;
      setCounting({ state: 'running', done, total, since });
    };
    try {
      const found = await inspectWorker().histogramTensor(name, onProgress, mine.signal);
      if (!mine.signal.aborted) setCounting({ state: 'done', found });
    } catch (error) {
      if (mine.signal.aborted || isAbort(error)) return;
      setCounting({ state: 'failed', message: error instanceof Error ? error.message : String(error) });
    }
  };
  const cancel = () => {
    running.current?.abort();
    setCounting({ state: 'idle' });
  };
  return { counting, start: () => void start(), cancel };
}

interface RunningProps {
  readonly done: number;
  readonly total: number;
  readonly since: number;
  readonly onCancel: () => void;
}

function Running({ done, total, since, onCancel }: RunningProps) {
  const seconds = (performance.now() - since) / 1000;
  const rate =
    done > 0 ? `, ${formatBytes(done / seconds)}/s, ${formatDuration(((total - done) * seconds) / done)} left` : '';
  return (
    <div className="counting">
      <progress className="meter" aria-label="Values counted" value={done} max={Math.max(1, total)} />
      <p>
        {formatBytes(done)} of {formatBytes(total)}
        {rate}
      </p>
      <button type="button" className="button small" onClick={onCancel}>
        Cancel
      </button>
    </div>
  );
}

function Found({ found, dtype }: { readonly found: TensorHistogram; readonly dtype: DType }) {
  const [scale, setScale] = useState<'linear' | 'log'>('linear');
  const { count, min, max, mean, rms, zeros, nan, positiveInfinite, negativeInfinite, distinct, exact } = found;
  const facts: readonly (readonly [string, string])[] = [
    ['Values', `${formatInteger(count)}${isComplex(dtype) ? ' (real and imaginary parts)' : ''}`],
    ['Smallest', numberText(min)],
    ['Largest', numberText(max)],
    ['Mean', numberText(mean)],
    ['RMS', numberText(rms)],
    ['Zeros', share(zeros, count)],
    ['NaN', share(nan, count)],
    ['+Infinity', share(positiveInfinite, count)],
    ['−Infinity', share(negativeInfinite, count)],
    ...(distinct === null ? [] : [['Different', formatInteger(distinct)] as const]),
  ];
  return (
    <section aria-label="All values" className="histogram">
      <div className="details-head">
        <h3>All values</h3>
        <Segments
          label="Scale of counts"
          options={[
            ['linear', 'Linear'],
            ['log', 'Log'],
          ]}
          value={scale}
          onChange={setScale}
        />
      </div>
      <Bars bins={found.bins} scale={scale} />
      {!exact && (
        <p className="quiet small">
          Bins are told apart by the first eight bits of each number; the numbers below are of all bits.
        </p>
      )}
      <dl className="tensor-facts">
        {facts.map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd className="mono" data-warn={isWarning(name, found)}>
              {text}
            </dd>
          </div>
        ))}
      </dl>
      <p className="hidden" role="status">
        {plural(count, 'value')} counted
      </p>
    </section>
  );
}

function isWarning(name: string, { nan, positiveInfinite, negativeInfinite }: TensorHistogram): boolean {
  if (name === 'NaN') return nan > 0;
  return name === '+Infinity' ? positiveInfinite > 0 : name === '−Infinity' && negativeInfinite > 0;
}

function numberText(value: number | bigint | null): string {
  if (value === null) return 'none';
  return typeof value === 'bigint' || Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(9)));
}

function share(count: number, all: number): string {
  if (count === 0 || all === 0) return '0';
  const percent = (100 * count) / all;
  return `${formatInteger(count)} (${percent < 0.01 ? 'under 0.01' : Number(percent.toPrecision(3))} %)`;
}
