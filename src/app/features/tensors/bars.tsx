import { formatInteger, type HistogramBin } from '../../../core/index.ts';

const WIDTH = 320;
const HEIGHT = 96;

interface BarsProps {
  readonly bins: readonly HistogramBin[];
  readonly scale: 'linear' | 'log';
}

/** Counts as bars; each says its range when pointed at. SVG, since the page allows no inline styles. */
export function Bars({ bins, scale }: BarsProps) {
  if (bins.length === 0) return <p className="quiet">No value is finite.</p>;
  const size = (count: number) => (scale === 'log' ? Math.log1p(count) : count);
  const most = Math.max(...bins.map((bin) => size(bin.count)));
  const step = WIDTH / bins.length;
  const [first, last] = [bins[0], bins.at(-1)];
  return (
    <figure className="bars">
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={describe(bins)}>
        {bins.map(({ from, to, count }, at) => {
          const height = count === 0 ? 0 : Math.max(1, (size(count) / most) * HEIGHT);
          const gap = step > 4 ? 1 : 0;
          return (
            <g key={from}>
              <title>{`${rangeText(from, to)}: ${formatInteger(count)}`}</title>
              <rect className="bar-room" x={at * step} y={0} width={step} height={HEIGHT} />
              <rect className="bar-fill" x={at * step} y={HEIGHT - height} width={step - gap} height={height} />
            </g>
          );
        })}
      </svg>
      <figcaption className="mono">
        <span>{short(first?.from ?? 0)}</span>
        <span>{short(last?.to ?? 0)}</span>
      </figcaption>
    </figure>
  );
}

function describe(bins: readonly HistogramBin[]): string {
  const top = bins.reduce((best, bin) => (bin.count > best.count ? bin : best));
  return `Histogram of ${bins.length} bins; the fullest is ${rangeText(top.from, top.to)} with ${formatInteger(top.count)} values.`;
}

function rangeText(from: number, to: number): string {
  return from === to ? short(from) : `${short(from)} to ${short(to)}`;
}

function short(value: number): string {
  return String(Number(value.toPrecision(5)));
}
