interface ChoiceProps {
  readonly label: string;
  readonly title?: string | undefined;
  readonly value: string;
  /** Values with their labels. */
  readonly options: readonly (readonly [string, string])[];
  readonly onChange: (value: string) => void;
}

/** A select field of the set-up. A value from the address that is not among the options is also shown. */
export function Choice({ label, title, value, options, onChange }: ChoiceProps) {
  const known = options.some(([id]) => id === value);
  return (
    <label className="setup-field" title={title}>
      <span>{label}</span>
      <select className="field" value={value} onChange={(event) => onChange(event.target.value)}>
        {!known && <option value={value}>{value}</option>}
        {options.map(([id, name]) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}
