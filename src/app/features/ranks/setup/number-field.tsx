import { useState } from 'react';

interface NumberFieldProps {
  readonly label: string;
  readonly title: string;
  readonly value: number | null;
  readonly placeholder: string;
  /** The largest number that makes sense; as many as a cluster has ranks when absent. */
  readonly most?: number;
  readonly onChange: (value: number | null) => void;
}

/** A whole number from 1, or nothing; what is typed stays on screen while it makes no sense. */
export function NumberField({ label, title, value, placeholder, most = 16_384, onChange }: NumberFieldProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const change = (text: string) => {
    const number = /^\d{1,8}$/.test(text.trim()) ? Number(text) : null;
    const fits = number !== null && number >= 1 && number <= most;
    setTyped(fits || text === '' ? null : text);
    if (fits) onChange(number);
    else if (text === '') onChange(null);
  };
  return (
    <label className="setup-field narrow" title={title}>
      <span>{label}</span>
      <input
        className="field mono"
        inputMode="numeric"
        autoComplete="off"
        value={typed ?? (value === null ? '' : String(value))}
        placeholder={placeholder}
        aria-invalid={typed !== null}
        onChange={(event) => change(event.target.value)}
        onBlur={() => setTyped(null)}
      />
    </label>
  );
}
