import { Segments } from '../../parts/segments.tsx';
import { go } from '../../state/address-store.ts';
import { EMPTY } from '../../state/follow-address.ts';
import { chooseLook, useLook } from '../../state/seen/use-look.ts';
import { Access } from './access.tsx';
import { ForeignHub } from './foreign-hub.tsx';
import { Revision } from './revision.tsx';
import { SourceBox } from './source-box.tsx';

/** What never moves: the source, its revision, access to the Hub, the theme. */
export function TopBar() {
  const theme = useLook('theme');
  const home = (event: React.MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    go({ ...EMPTY, view: 'map' });
  };
  return (
    <header className="bar">
      <a className="brand" href="?" onClick={home}>
        <img src="./icon.svg" alt="" />
        moe-loom
      </a>
      <SourceBox />
      <div className="bar-end">
        <ForeignHub />
        <Revision />
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
