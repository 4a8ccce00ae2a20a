import { Segments } from '../../parts/segments.tsx';
import { go } from '../../state/address-store.ts';
import { useChoices } from '../../state/choices.ts';
import { EMPTY } from '../../state/follow-address.ts';
import { Access } from './access.tsx';
import { ForeignHub } from './foreign-hub.tsx';
import { Revision } from './revision.tsx';
import { SourceBox } from './source-box.tsx';

/** What never moves: the source, its revision, access to the Hub, the theme. */
export function TopBar() {
  const theme = useChoices((choices) => choices.theme);
  const set = useChoices((choices) => choices.set);
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
          onChange={(next) => set({ theme: next })}
        />
      </div>
    </header>
  );
}
