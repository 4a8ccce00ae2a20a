import { useId, useState } from 'react';
import type { TermId } from '../../../../core/index.ts';
import { Term } from '../../../parts/term.tsx';

interface NumberFieldProps {
  readonly label: string;
  readonly title: string;
  /** The glossary term of the label, if there is one. */
  readonly term?: TermId;
  readonly value: number | null;
  readonly placeholder: string;
  /** The largest valid number; if absent, the largest supported number of ranks. */
  readonly most?: number;
  readonly onChange: (value: number | null) => void;
}

/** A field for a whole number from 1 or nothing. Invalid text stays in the field. */
export function NumberField({ label, title, term, value, placeholder, most = 16_384, onChange }: NumberFieldProps) {
  const id = useId();
  const [typed, setTyped] = useState<string | null>(null);
  const change = (text: string) => {
    const number = /^\d{1,8}$/.test(text.trim()) ? Number(text) : null;
    const fits = number !== null && number >= 1 && number <= most;
    setTyped(fits || text === '' ? null : text);
    if (fits) onChange(number);
    else if (text === '') onChange(null);
  };
  return (
    <div className="setup-field narrow" title={title}>
      <span>{term === undefined ? <label htmlFor={id}>{label}</label> : <Term id={term}>{label}</Term>}</span>
      <input
        id={id}
        aria-label={label}
        className="field mono"
        inputMode="numeric"
        autoComplete="off"
        value={typed ?? (value === null ? '' : String(value))}
        placeholder={placeholder}
        aria-invalid={typed !== null}
        onChange={(event) => change(event.target.value)}
        onBlur={() => setTyped(null)}
      />
    </div>
  );
}
