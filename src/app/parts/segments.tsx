interface SegmentsProps<T extends string> {
  readonly label: string;
  readonly options: readonly (readonly [T, string])[];
  readonly value: T;
  readonly onChange: (value: T) => void;
}

/** Where an arrow key leads among choices side by side; null for every other key. */
export function stepOfKey(key: string): number | null {
  return { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[key] ?? null;
}

/** A few choices side by side, one of them in force; a radio group by keyboard. */
export function Segments<T extends string>({ label, options, value, onChange }: SegmentsProps<T>) {
  const step = (event: React.KeyboardEvent, at: number) => {
    const by = stepOfKey(event.key);
    const next = by === null ? undefined : options[(at + by + options.length) % options.length];
    if (!next) return;
    event.preventDefault();
    onChange(next[0]);
    const group = event.currentTarget.parentElement;
    group?.querySelectorAll<HTMLElement>('button')[options.indexOf(next)]?.focus();
  };
  return (
    <div className="segments" role="radiogroup" aria-label={label}>
      {options.map(([id, text], at) => (
        // biome-ignore lint/a11y/useSemanticElements: a row of buttons that acts as one radio group
        <button
          key={id}
          type="button"
          role="radio"
          aria-checked={id === value}
          tabIndex={id === value ? 0 : -1}
          onClick={() => onChange(id)}
          onKeyDown={(event) => step(event, at)}
        >
          {text}
        </button>
      ))}
    </div>
  );
}
