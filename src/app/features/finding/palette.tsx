import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { BrokenName } from '../../parts/broken-name.tsx';
import { Shown } from '../../parts/shown.tsx';
import { target } from '../../parts/virtual-list/use-list.ts';
import { closeDialog } from '../../state/dialog.ts';
import type { Entry } from './entries.ts';
import { Modal } from './modal.tsx';
import { TENSORS, useSearchResults } from './use-search-results.ts';

const PAGE = 5;

/** Finds what was typed, and goes there: a field with the list of what fits. */
export function Palette() {
  const [typed, setTyped] = useState('');
  const [at, setAt] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const { found, notes } = useSearchResults(typed);
  const entries = found.flatMap((kind) => kind.entries);
  const current = Math.min(at, entries.length - 1);
  useEffect(() => {
    list.current?.querySelector(`#found-${current}`)?.scrollIntoView({ block: 'nearest' });
  }, [current]);
  const choose = (entry: Entry | undefined) => {
    if (!entry) return;
    closeDialog();
    entry.run();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    // Home and End move in the text.
    const to = /^(Home|End)$/.test(event.key) ? null : target(event.key, current, entries.length, PAGE);
    if (to !== null) setAt(to);
    else if (event.key === 'Enter' && !event.nativeEvent.isComposing) choose(entries[current]);
    else return;
    event.preventDefault();
  };
  return (
    <Modal label="Find" className="palette">
      <input
        className="field"
        role="combobox"
        aria-label="Find a layer, expert, tensor, view, command, program or model"
        aria-expanded={entries.length > 0}
        aria-controls="found"
        aria-autocomplete="list"
        aria-activedescendant={entries.length > 0 ? `found-${current}` : undefined}
        placeholder="L3 E7, part of a tensor’s name, view, command, program …"
        spellCheck={false}
        autoCapitalize="none"
        autoComplete="off"
        maxLength={200}
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          setAt(0);
        }}
        onKeyDown={onKeyDown}
      />
      <div ref={list} id="found" className="found" role="listbox" aria-label="Found">
        {found.map(({ title, entries: own }) => {
          const first = entries.indexOf(own[0] as Entry);
          return (
            // biome-ignore lint/a11y/useSemanticElements: a group of options
            <div key={title} role="group" aria-label={title}>
              <p className="found-kind" aria-hidden="true">
                {title}
              </p>
              {own.map((entry, index) => (
                // biome-ignore lint/a11y/useFocusableInteractive: the field holds the focus and names the option
                // biome-ignore lint/a11y/useKeyWithClickEvents: the field hears the keys
                <div
                  key={`${entry.title} ${entry.note}`}
                  id={`found-${first + index}`}
                  className="found-entry"
                  role="option"
                  aria-selected={first + index === current}
                  onClick={() => choose(entry)}
                >
                  <span className="found-title">
                    {title === TENSORS ? <BrokenName name={entry.title} /> : <Shown text={entry.title} />}
                  </span>
                  {entry.note !== '' && <span className="quiet">{entry.note}</span>}
                </div>
              ))}
            </div>
          );
        })}
      </div>
      <p className="found-notes quiet" role="status">
        {notes.join(' ')}
      </p>
    </Modal>
  );
}
