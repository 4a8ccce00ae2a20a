import { useAddress } from '../../state/address-store.ts';
import { closeDialog } from '../../state/dialog.ts';
import { KEY_GROUPS, KEYS, type KeyGroup } from './keys-table.ts';
import { Modal } from './modal.tsx';
import { Terms } from './terms.tsx';

/** How keys are written on a keyboard, where that is not their name. */
const CAPS: Readonly<Record<string, string>> = {
  ArrowUp: '↑',
  ArrowDown: '↓',
  ArrowLeft: '←',
  ArrowRight: '→',
  PageUp: 'Page up',
  PageDown: 'Page down',
  Escape: 'Esc',
  Control: 'Ctrl or ⌘',
  ' ': 'Space',
  k: 'K',
  '-': '−',
};

/** All keys, those of the current view first, then the terms of the glossary. */
export function KeysSheet() {
  const view = useAddress((address) => address.view);
  const groups = KEY_GROUPS.map((id) => KEYS[id]);
  const here = groups.filter(({ views }) => views.includes(view));
  const elsewhere = groups.filter(({ views }) => !views.includes(view));
  return (
    <Modal label="Keys and terms" className="keys-sheet">
      <header className="details-head">
        <h2>Keys in this view</h2>
        <button type="button" className="button small" onClick={closeDialog}>
          Close
        </button>
      </header>
      <Groups groups={here} />
      {elsewhere.length > 0 && <h2>Keys in other views</h2>}
      <Groups groups={elsewhere} />
      <Terms />
    </Modal>
  );
}

function Groups({ groups }: { readonly groups: readonly KeyGroup[] }) {
  return (
    <div className="key-groups">
      {groups.map(({ title, rows }) => (
        <section key={title} aria-label={title}>
          <h3>{title}</h3>
          <dl>
            {rows.map(({ keys, does }) => (
              <div key={does}>
                <dt>
                  {keys.map((key) => (
                    <Key key={key} name={key} />
                  ))}
                </dt>
                <dd>{does}</dd>
              </div>
            ))}
          </dl>
        </section>
      ))}
    </div>
  );
}

/** A key with what is held beside it. */
function Key({ name }: { readonly name: string }) {
  const held = name.startsWith('Control+') ? ['Control', name.slice('Control+'.length)] : [name];
  return (
    <span className="key">
      {held.map((key) => (
        <kbd key={key}>{CAPS[key] ?? key}</kbd>
      ))}
    </span>
  );
}
