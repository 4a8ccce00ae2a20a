import { useState } from 'react';

interface TextFieldProps<T> {
  readonly label: string;
  readonly title: string;
  readonly value: string;
  readonly placeholder: string;
  /** Parses the text; null if it is invalid. */
  readonly parse: (text: string) => T | null;
  readonly onChange: (value: T | null) => void;
  readonly wide?: boolean;
}

/** A field for text with a grammar, or nothing. Invalid text stays in the field. */
export function TextField<T>({ label, title, value, placeholder, parse, onChange, wide = false }: TextFieldProps<T>) {
  const [typed, setTyped] = useState<string | null>(null);
  const [wrong, setWrong] = useState(false);
  const change = (text: string) => {
    const parsed = text === '' ? null : parse(text);
    setTyped(text);
    setWrong(text !== '' && parsed === null);
    if (text === '' || parsed !== null) onChange(parsed);
  };
  return (
    <label className={wide ? 'setup-field' : 'setup-field narrow'} title={title}>
      <span>{label}</span>
      <input
        className="field mono"
        autoComplete="off"
        spellCheck={false}
        value={typed ?? value}
        placeholder={placeholder}
        aria-invalid={wrong}
        onChange={(event) => change(event.target.value)}
        onBlur={() => {
          setTyped(null);
          setWrong(false);
        }}
      />
    </label>
  );
}
