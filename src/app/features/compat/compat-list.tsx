import { useState } from 'react';
import { Shown } from '../../parts/shown.tsx';
import { compatLink } from '../../state/page-links.ts';
import { useCompatTypes } from './use-compat.ts';

/** All model types with a filter. `unknown` is the one that the address asks for and that there is no page for. */
export function CompatList({ unknown }: { readonly unknown: string | null }) {
  const { data = [], error } = useCompatTypes();
  const [typed, setTyped] = useState('');
  const wanted = typed.trim().toLowerCase();
  const found = data.filter((type) => type.toLowerCase().includes(wanted));
  return (
    <div className="compat">
      <h1>Which layout loads where</h1>
      {unknown !== null && (
        <p className="compat-unknown" role="status">
          moe-loom does not know the model type{' '}
          <strong className="mono">
            <Shown text={unknown} />
          </strong>
          . Choose one of these. If the type is new, open a checkpoint: Loads in still reads its names and shapes.
        </p>
      )}
      <p>
        Each page says how one model type stores its experts, and which programs load each of its layouts. The{' '}
        <code>model_type</code> stands in config.json.
      </p>
      {error && (
        <p role="alert">
          <Shown text={error.message} />
        </p>
      )}
      <label className="compat-filter">
        Filter model types
        <input
          className="field"
          type="search"
          value={typed}
          maxLength={64}
          spellCheck={false}
          autoCapitalize="none"
          autoComplete="off"
          onChange={(event) => setTyped(event.target.value)}
        />
      </label>
      <p className="quiet" role="status">
        {data.length > 0 && `${found.length} of ${data.length} model types`}
      </p>
      <ul className="compat-types" aria-label="Model types">
        {found.map((type) => (
          <li key={type}>
            <a className="mono" {...compatLink(type)}>
              {type}
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}
