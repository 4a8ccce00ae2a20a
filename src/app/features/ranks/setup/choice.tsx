interface ChoiceProps {
  readonly label: string;
  readonly title?: string | undefined;
  readonly value: string;
  /** Values with what they are called. */
  readonly options: readonly (readonly [string, string])[];
  readonly onChange: (value: string) => void;
}

/** A choice of the set-up. A value that is none of the options, which an address may name, is shown as it is. */
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
