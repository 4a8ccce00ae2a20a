import { useEffect, useRef, useState } from 'react';
import { fromWire, isLoomError, toWire } from '../../../core/index.ts';
import { Shown } from '../../parts/shown.tsx';
import { useInspection } from '../../state/inspection.ts';
import { choose, useConvertChoices } from './choices.ts';
import { ANSWER_MS, canPickFolder, pickFolder } from './output-folder.ts';

/** Where the files go. */
export function OutputChoice() {
  const output = useConvertChoices((state) => state.output);
  const pickable = canPickFolder();
  return (
    <fieldset className="choice">
      <legend>Output</legend>
      <label className="option">
        <input
          type="radio"
          name="output"
          checked={output === 'opfs' || !pickable}
          onChange={() => choose({ output: 'opfs' })}
        />
        <span className="option-name">Browser storage, then download</span>
        <span className="option-note">Fastest. Needs the room twice until you free it.</span>
      </label>
      <label className={pickable ? 'option' : 'option off'}>
        <input
          type="radio"
          name="output"
          disabled={!pickable}
          checked={output === 'folder' && pickable}
          onChange={() => choose({ output: 'folder' })}
        />
        <span className="option-name">A folder I pick</span>
        <span className="option-note">
          {pickable
            ? 'Straight to disk; the browser copies each finished file once.'
            : 'This browser cannot write to folders; Chrome and Edge can.'}
        </span>
      </label>
      {output === 'folder' && pickable && <FolderPicker />}
    </fieldset>
  );
}

type Picking = { readonly state: 'idle' | 'waiting' | 'slow' } | { readonly state: 'told'; readonly message: string };

function FolderPicker() {
  const folder = useConvertChoices((state) => state.folder);
  const source = useInspection((state) => state.source);
  const [picking, setPicking] = useState<Picking>({ state: 'idle' });
  const slow = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(slow.current), []);
  const pick = async () => {
    if (!source) return;
    setPicking({ state: 'waiting' });
    clearTimeout(slow.current);
    slow.current = setTimeout(() => setPicking({ state: 'slow' }), ANSWER_MS);
    try {
      const picked = await pickFolder(source);
      if (picked) choose({ folder: picked });
      setPicking(picked ? { state: 'idle' } : { state: 'told', message: 'No folder was picked.' });
    } catch (error) {
      choose({ folder: null });
      setPicking({ state: 'told', message: (isLoomError(error) ? error : fromWire(toWire(error))).message });
    }
    clearTimeout(slow.current);
  };
  return (
    <div className="option-more">
      <div className="row">
        <button type="button" className="button" onClick={() => void pick()}>
          {folder ? 'Pick another folder' : 'Pick a folder'}
        </button>
        {folder && (
          <span className="mono folder-name">
            <Shown text={folder.name} />
          </span>
        )}
      </div>
      <p className={picking.state === 'told' ? 'option-note wrong' : 'option-note'} role="status">
        {pickingText(picking, folder !== null)}
      </p>
    </div>
  );
}

function pickingText(picking: Picking, picked: boolean): string {
  if (picking.state === 'told') return picking.message;
  if (picking.state === 'waiting') return 'The browser asks for a folder and whether this page may write there.';
  if (picking.state === 'slow')
    return 'The browser has not answered. Look for its dialog, pick again, or use the browser storage.';
  return picked ? 'Only the output is written there.' : 'It must be empty.';
}
