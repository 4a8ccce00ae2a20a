import { useState } from 'react';
import {
  configFramework,
  configKinds,
  DEFAULT_MEMORY_PROGRAM,
  type MemorySetup,
  visible,
} from '../../../../core/index.ts';
import { CopyButton } from '../../../parts/copy-button.tsx';
import { RichText } from '../../../parts/rich-text.tsx';
import { Shown } from '../../../parts/shown.tsx';
import { useConfig } from './use-memory.ts';

/** The configuration that is shown first: that of the default program. */
const FIRST =
  configKinds().find(({ kind }) => configFramework(kind) === DEFAULT_MEMORY_PROGRAM)?.kind ?? DEFAULT_MEMORY_PROGRAM;

/** The set-up as a configuration file of one program, to read, copy or download. */
export function ConfigPanel({ setup }: { readonly setup: MemorySetup }) {
  const [kind, setKind] = useState(FIRST);
  const file = useConfig(kind, setup);
  return (
    <section aria-label="Configurations" className="memory-config">
      <div className="row">
        <h2>Export a configuration</h2>
        <label className="setup-field">
          <span>Configuration</span>
          <select
            className="field"
            value={kind}
            onChange={(event) => {
              const found = configKinds().find((each) => each.kind === event.target.value);
              if (found) setKind(found.kind);
            }}
          >
            {configKinds().map((each) => (
              <option key={each.kind} value={each.kind}>
                {each.title}
              </option>
            ))}
          </select>
        </label>
        {file !== null && !('error' in file) && (
          <>
            <CopyButton label="Copy configuration" text={() => file.text} />
            <button type="button" className="button small" onClick={() => save(file.file, file.text)}>
              Download {file.file}
            </button>
          </>
        )}
      </div>
      {file === null ? (
        <p className="quiet">Writing the configuration …</p>
      ) : 'error' in file ? (
        <p className="refusal mono" role="alert">
          <Shown text={file.error} />
        </p>
      ) : (
        <>
          <p className="small">The keys are those of {file.version}. Limits:</p>
          <ul className="small memory-assumed">
            {file.limits.map((limit) => (
              <li key={limit}>
                <RichText text={limit} />
              </li>
            ))}
          </ul>
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
          <section tabIndex={0} aria-label={visible(file.file)}>
            <pre>{file.text}</pre>
          </section>
        </>
      )}
    </section>
  );
}

function save(name: string, text: string): void {
  const href = URL.createObjectURL(new Blob([text], { type: 'text/plain' }));
  const link = document.createElement('a');
  link.href = href;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(href), 10_000);
}
