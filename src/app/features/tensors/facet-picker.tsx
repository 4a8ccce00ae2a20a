import { Popover } from 'radix-ui';
import { type KeyboardEvent, useId, useRef, useState } from 'react';
import { formatInteger, plural, visible } from '../../../core/index.ts';
import { Shown } from '../../parts/shown.tsx';
import { formatLayers, parseLayers } from '../../state/number-runs.ts';

/** Values that are listed at once; the rest is found by typing. */
const LISTED = 200;

interface FacetPickerProps {
  readonly label: string;
  /** `name` is shown instead of a value that is an id. */
  readonly options: readonly { readonly value: string; readonly count: number; readonly name?: string }[];
  readonly chosen: readonly string[];
  readonly onToggle: (value: string) => void;
  /** For values that are numbers: takes runs such as `0-3,7`. */
  readonly onRuns?: (runs: string) => void;
}

/** Opens a list of values to filter by: typing narrows it, arrows move, Enter takes or leaves a value. */
export function FacetPicker(props: FacetPickerProps) {
  const { label, options, chosen } = props;
  const [open, setOpen] = useState(false);
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger className="button small" disabled={options.length === 0}>
        {label}
        {chosen.length > 0 ? ` (${chosen.length})` : ''} <span aria-hidden="true">▾</span>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content className="popover facet" align="start" sideOffset={4} collisionPadding={8} aria-label={label}>
          <Picker {...props} />
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}

function Picker({ label, options, chosen, onToggle, onRuns }: FacetPickerProps) {
  const [typed, setTyped] = useState('');
  const [active, setActive] = useState(0);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  const runs = onRuns ? runsIn(typed) : null;
  const matching = options.filter(({ value, name = value }) => name.toLowerCase().includes(typed.trim().toLowerCase()));
  const shown = runs === null ? matching.slice(0, LISTED) : [];
  const at = Math.min(active, Math.max(0, shown.length - 1));
  const go = (to: number) => {
    const next = Math.min(shown.length - 1, Math.max(0, to));
    setActive(next);
    list.current?.children[next]?.scrollIntoView({ block: 'nearest' });
  };
  const take = () => {
    const value = shown[at]?.value;
    if (runs !== null) {
      onRuns?.(runs);
      setTyped('');
    } else if (value !== undefined) onToggle(value);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Record<string, () => void> = {
      ArrowDown: () => go(at + 1),
      ArrowUp: () => go(at - 1),
      PageDown: () => go(at + 10),
      PageUp: () => go(at - 10),
      Enter: take,
    };
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    step();
  };
  return (
    <>
      <input
        className="field mono"
        role="combobox"
        aria-label={onRuns ? `${label}s, such as 0-3,7` : `Find a ${label.toLowerCase()}`}
        aria-expanded="true"
        aria-controls={id}
        aria-activedescendant={shown.length > 0 ? `${id}-${at}` : undefined}
        aria-autocomplete="list"
        autoComplete="off"
        spellCheck={false}
        placeholder={onRuns ? '0-3,7' : 'part of a name'}
        value={typed}
        onChange={(event) => {
          setTyped(event.target.value);
          setActive(0);
        }}
        onKeyDown={onKeyDown}
      />
      {runs !== null && (
        <button type="button" className="button small" onClick={take}>
          Take {label.toLowerCase()}s {runs.replaceAll('-', '–').replaceAll(',', ', ')}
        </button>
      )}
      <div
        className="facet-list"
        role="listbox"
        id={id}
        ref={list}
        aria-label={`${label}s`}
        aria-multiselectable="true"
        tabIndex={-1}
      >
        {shown.map(({ value, count, name = value }, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the box above takes the keys
          // biome-ignore lint/a11y/useFocusableInteractive: the box above holds the focus and names the option
          <div
            key={value}
            id={`${id}-${index}`}
            role="option"
            className="facet-option mono"
            aria-selected={chosen.includes(value)}
            aria-label={`${visible(name)}, ${plural(count, 'tensor')}`}
            data-current={index === at}
            onClick={() => onToggle(value)}
          >
            <span aria-hidden="true" className="tick">
              {chosen.includes(value) ? '✓' : ''}
            </span>
            <span className="facet-value">
              <Shown text={name} />
            </span>
            <span className="quiet">{formatInteger(count)}</span>
          </div>
        ))}
      </div>
      {runs === null && shown.length === 0 && <p className="quiet">No value has these letters.</p>}
      {runs === null && matching.length > LISTED && (
        <p className="quiet">{formatInteger(matching.length - LISTED)} more: type to find them.</p>
      )}
    </>
  );
}

/** `0-3,7` as runs; null for a single number and for what is none. */
function runsIn(typed: string): string | null {
  if (!/[-,–]\s*\d/.test(typed)) return null;
  const numbers = parseLayers(typed.replaceAll('–', '-').replaceAll(/\s/g, ''));
  return numbers.length === 0 ? null : formatLayers(numbers);
}
