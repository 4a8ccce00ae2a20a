import { type KeyboardEvent, useId, useState } from 'react';
import { lastStep, nearestValue, type SizeScale, stepOf, valueByKey } from './size-scale.ts';

interface SizeControlProps {
  readonly label: string;
  readonly title: string;
  readonly scale: SizeScale;
  /** What the slider stops at, in rising order. */
  readonly values: readonly number[];
  /** What is chosen; null while the program's default holds. */
  readonly value: number | null;
  /** What holds while nothing is chosen. */
  readonly usual: number;
  /** The largest number that can be typed. */
  readonly most: number;
  /** Why the chosen value does not work; null where it does. */
  readonly problem: string | null;
  readonly onChange: (value: number | null) => void;
}

/** Pixels of a thumb: marks stand below its middle. */
const THUMB = 16;
const WIDTH = 176;

/** One number as a field and a slider: both show and set the same value. The slider's marks never move. */
export function SizeControl({ label, title, scale, values, value, usual, most, problem, onChange }: SizeControlProps) {
  const id = useId();
  const [typed, setTyped] = useState<string | null>(null);
  const shown = value ?? usual;
  const change = (text: string) => {
    const number = /^\d{1,8}$/.test(text.trim()) ? Number(text) : null;
    const fits = number !== null && number >= 1 && number <= most;
    setTyped(fits || text === '' ? null : text);
    if (fits) onChange(number);
    else if (text === '') onChange(null);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const next = valueByKey(event.key, values, shown);
    if (next !== undefined) onChange(next);
    if (next !== undefined || /^(Arrow|Page|Home|End)/.test(event.key)) event.preventDefault();
  };
  const wrong = typed === null ? problem : `Enter a whole number from 1 to ${most}.`;
  return (
    <div className="size-control">
      <label htmlFor={id} title={title}>
        {label}
      </label>
      <input
        id={id}
        className="field mono"
        inputMode="numeric"
        autoComplete="off"
        value={typed ?? (value === null ? '' : String(value))}
        placeholder={String(usual)}
        aria-invalid={wrong !== null}
        aria-describedby={wrong === null ? undefined : `${id}-wrong`}
        onChange={(event) => change(event.target.value)}
        onBlur={() => setTyped(null)}
      />
      <input
        type="range"
        aria-label={label}
        min={0}
        max={lastStep(scale)}
        step={1}
        value={stepOf(scale, shown)}
        disabled={values.length === 0}
        aria-valuetext={String(shown)}
        title={values.length > 0 ? `Stops at ${values.join(', ')}` : 'No value works with the other sizes.'}
        onKeyDown={onKeyDown}
        onChange={(event) => {
          const next = nearestValue(scale, values, Number(event.target.value));
          if (next !== undefined && next !== shown) onChange(next);
        }}
      />
      <Marks scale={scale} />
      {wrong !== null && (
        <p id={`${id}-wrong`} className="danger small" role="status">
          {wrong}
        </p>
      )}
    </div>
  );
}

function Marks({ scale }: { readonly scale: SizeScale }) {
  const last = lastStep(scale);
  return (
    <svg className="size-marks" width={WIDTH} height="16" viewBox={`0 0 ${WIDTH} 16`} aria-hidden="true">
      {scale.marks.map((mark) => {
        const x = THUMB / 2 + (stepOf(scale, mark) / last) * (WIDTH - THUMB);
        return (
          <g key={mark}>
            <line x1={x} x2={x} y1="0" y2="4" />
            <text x={x} y="14" textAnchor="middle">
              {markText(mark)}
            </text>
          </g>
        );
      })}
    </svg>
  );
}

/** `4k` for 4096 and `1M` for 1048576: context lengths as they are usually written. */
function markText(value: number): string {
  if (value >= 2 ** 20) return `${value / 2 ** 20}M`;
  return value >= 1024 && value % 1024 === 0 ? `${value / 1024}k` : String(value);
}
