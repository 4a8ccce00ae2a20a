import { late } from '../../parts/late.tsx';
import { Segments } from '../../parts/segments.tsx';
import { go } from '../../state/address-store.ts';
import { openDialog } from '../../state/dialog.ts';
import { EMPTY } from '../../state/follow-address.ts';
import { pageLink } from '../../state/page-links.ts';
import { chooseLook, useLook } from '../../state/seen/use-look.ts';
import { Access } from './access.tsx';
import { SourceBox } from './source-box.tsx';

/** What a source brings with it: none of it is on the first page. */
const ForeignHub = late(async () => (await import('./later.ts')).ForeignHub);
const Revision = late(async () => (await import('./later.ts')).Revision);
const CopyLink = late(async () => (await import('./copy-link.tsx')).CopyLink);

/** The key that opens the same, as this machine's keyboard names it. */
const SHORTCUT = /Mac|iPhone|iPad/.test(navigator.platform) ? '⌘ K' : 'Ctrl K';

/** The button as it is drawn until its code has come. */
function CopyLinkSpace() {
  return (
    <button type="button" className="button small" disabled>
      Copy link
    </button>
  );
}

/** The top bar, the same in every view: the source, its revision, finding things, a link, access to the Hub, the theme. */
export function TopBar() {
  const theme = useLook('theme');
  return (
    <header className="bar">
      <a className="brand" {...pageLink('?', () => go({ ...EMPTY, view: 'map' }))}>
        <img src="./icon.svg" alt="" />
        moe-loom
      </a>
      <SourceBox />
      <div className="bar-end">
        <ForeignHub />
        <Revision />
        <button type="button" className="button small" aria-haspopup="dialog" onClick={() => openDialog('find')}>
          Find <kbd className="bar-key">{SHORTCUT}</kbd>
        </button>
        <CopyLink until={<CopyLinkSpace />} />
        <Access />
        <Segments
          label="Theme"
          options={[
            ['system', 'Auto'],
            ['light', 'Light'],
            ['dark', 'Dark'],
          ]}
          value={theme}
          onChange={(next) => chooseLook({ theme: next })}
        />
      </div>
    </header>
  );
}
