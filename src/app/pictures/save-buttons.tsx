import { useState } from 'react';
import { type Picture, visible } from '../../core/index.ts';
import { useOfferCommands } from '../state/seen/commands.ts';
import { fileName, savePng, saveSvg } from './save-picture.ts';

const FORMATS = [
  ['svg', 'SVG'],
  ['png', 'PNG'],
] as const;

interface SaveButtonsProps {
  /** Draws the picture when it is saved, since a whole model takes a moment; null where there is nothing to draw. */
  readonly picture: () => Picture | null;
  /** Lines below the picture: where it is from, what was found. */
  readonly notes: readonly string[] | (() => readonly string[]);
  /** Parts of the file's name. */
  readonly name: readonly string[];
  /** The expert that is marked. */
  readonly expert?: number | null;
  /** Named where several pictures of a view can be saved: `the map`. */
  readonly what?: string;
}

/** Saves a picture as a file, in the colours that the page has. */
export function SaveButtons({ picture, notes, name, expert = null, what }: SaveButtonsProps) {
  const [failed, setFailed] = useState<string | null>(null);
  const save = async (format: 'svg' | 'png') => {
    setFailed(null);
    try {
      const drawn = picture();
      if (!drawn) return;
      const scheme = document.documentElement.dataset.theme === 'dark' ? 'dark' : 'light';
      const below = typeof notes === 'function' ? notes() : notes;
      const saving = { picture: drawn, notes: below, scheme, expert, name: fileName(...name) } as const;
      if (format === 'svg') saveSvg(saving);
      else await savePng(saving);
    } catch (error) {
      setFailed(error instanceof Error ? error.message : String(error));
    }
  };
  const titleOf = (title: string) => `Save as ${title}${what === undefined ? '' : `: ${what}`}`;
  useOfferCommands(
    FORMATS.map(([, title]) => titleOf(title)),
    (chosen) => void save(chosen === titleOf('SVG') ? 'svg' : 'png'),
  );
  return (
    <>
      {FORMATS.map(([format, title]) => (
        <button
          key={format}
          type="button"
          className="button small"
          aria-label={what && titleOf(title)}
          onClick={() => void save(format)}
        >
          Save as {title}
        </button>
      ))}
      {failed !== null && <span role="alert">The picture was not saved: {visible(failed)}</span>}
    </>
  );
}
