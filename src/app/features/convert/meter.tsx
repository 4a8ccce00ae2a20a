import { formatBytes, formatInteger } from '../../../core/index.ts';

/** Bytes done of bytes to do, as a bar and in numbers. */
export function Meter({ name, done, total }: { readonly name: string; readonly done: number; readonly total: number }) {
  const part = total > 0 ? Math.floor((done / total) * 1000) / 10 : 0;
  return (
    <label className="meter-line">
      <span className="meter-name">{name}</span>
      <progress className="meter" max={Math.max(1, total)} value={done} />
      <span className="number" title={`${formatInteger(done)} of ${formatInteger(total)} bytes`}>
        {formatBytes(done)} of {formatBytes(total)}
      </span>
      <span className="number part">{part.toFixed(1)} %</span>
    </label>
  );
}
