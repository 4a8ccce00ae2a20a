import { useState } from 'react';
import { frameworkOf, type ProgramId, readSettings, type Setting } from '../../../../core/index.ts';
import { ownSettings } from '../../../placement/own-options.ts';
import { move, useAddress } from '../../../state/address-store.ts';
import { Choice } from './choice.tsx';
import { NumberField } from './number-field.tsx';

/** Options by the names that the program uses. The section is closed until one is set. */
export function OwnFields({ framework }: { readonly framework: ProgramId }) {
  const entries = useAddress((address) => address.set);
  const settings = ownSettings(framework);
  if (settings.length === 0) return null;
  const title = frameworkOf(framework)?.title ?? framework;
  const isSet = settings.filter(([name]) => valueIn(entries, name) !== null).length;
  return (
    <details className="own-options" open={isSet > 0 || undefined}>
      <summary>
        Options of {title}
        {isSet > 0 ? ` · ${isSet} set` : ''}
      </summary>
      <div className="own-options-fields">
        {settings.map(([name, setting]) => (
          <OwnField
            key={name}
            framework={framework}
            name={name}
            setting={setting}
            value={valueIn(entries, name)}
            onChange={(value) => move({ set: withEntry(entries, name, value) })}
          />
        ))}
      </div>
    </details>
  );
}

function valueIn(entries: readonly string[], name: string): string | null {
  return entries.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1) ?? null;
}

function withEntry(entries: readonly string[], name: string, value: string | null): readonly string[] {
  const others = entries.filter((entry) => !entry.startsWith(`${name}=`));
  return value === null ? others : [...others, `${name}=${value}`];
}

interface OwnFieldProps {
  readonly framework: ProgramId;
  readonly name: string;
  readonly setting: Setting;
  readonly value: string | null;
  readonly onChange: (value: string | null) => void;
}

function OwnField({ framework, name, setting, value, onChange }: OwnFieldProps) {
  switch (setting.kind) {
    case 'count':
      return (
        <NumberField
          label={name}
          title={setting.title}
          value={value !== null && /^\d+$/.test(value) ? Number(value) : null}
          placeholder="auto"
          onChange={(number) => onChange(number === null ? null : String(number))}
        />
      );
    case 'flag':
    case 'word':
      return (
        <Choice
          label={name}
          title={setting.title}
          value={value ?? ''}
          options={[['', 'Not set'], ...wordsOf(setting)]}
          onChange={(word) => onChange(word === '' ? null : word)}
        />
      );
    case 'json':
      return <JsonField framework={framework} name={name} setting={setting} value={value} onChange={onChange} />;
  }
}

function wordsOf({ kind, words = {} }: Setting): readonly (readonly [string, string])[] {
  return kind === 'flag'
    ? [
        ['true', 'On'],
        ['false', 'Off'],
      ]
    : Object.keys(words).map((word) => [word, word] as const);
}

/** A field for a JSON list or object. Invalid text stays in the field. */
function JsonField({ framework, name, setting, value, onChange }: OwnFieldProps) {
  const [typed, setTyped] = useState<string | null>(null);
  const change = (text: string) => {
    const fits = !('error' in readSettings(framework, [`${name}=${text}`])) && !text.includes(';');
    setTyped(fits || text === '' ? null : text);
    if (fits || text === '') onChange(text === '' ? null : text);
  };
  return (
    <label className="setup-field" title={`${setting.title}, as JSON`}>
      <span>{name}</span>
      <input
        className="field mono"
        autoComplete="off"
        value={typed ?? value ?? ''}
        placeholder="JSON"
        aria-invalid={typed !== null}
        onChange={(event) => change(event.target.value)}
        onBlur={() => setTyped(null)}
      />
    </label>
  );
}
