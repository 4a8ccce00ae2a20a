import { type ReactNode, useEffect, useRef, useState } from 'react';
import { formatBytes, fromWire, isLoomError, MEMORY_OUTPUT_BYTES, toWire } from '../../../../core/index.ts';
import { ANSWER_MS, pickFolder } from '../../../jobs/output-folder.ts';
import { isInForeignFrame } from '../../../parts/framed.tsx';
import { Shown } from '../../../parts/shown.tsx';
import { useInspection } from '../../../state/inspection.ts';
import { placeOf, usePlaces } from '../places.ts';
import { choose, type OutputKind, useConvertChoices } from './convert-options.ts';

const TRYING = 'Testing whether this browser lets the page store files.';
const FASTEST = 'Fastest. It needs twice the space until you delete the files from the storage.';

/** Where the files are written. A place that cannot be used says why, and names another. */
export function OutputChoice() {
  const output = useConvertChoices((state) => state.output);
  const places = usePlaces();
  const place = placeOf(output, places);
  const { storage, record, folder, trying } = places;
  return (
    <fieldset className="choice">
      <legend>Output</legend>
      <Option
        place="opfs"
        chosen={place}
        name="Browser storage, then download"
        off={storage !== null}
        note={<Shown text={storage?.message ?? (trying ? TRYING : FASTEST)} />}
      />
      <Option
        place="folder"
        chosen={place}
        name="A folder I pick"
        off={!folder}
        note={folder ? 'The files go to disk. The browser copies each finished file once.' : noFolder()}
      />
      {place === 'folder' && <FolderPicker />}
      <Option
        place="memory"
        chosen={place}
        name="Memory of this tab, then download"
        off={false}
        note={`For results of up to ${formatBytes(MEMORY_OUTPUT_BYTES)}. They are lost when the tab is closed.`}
      />
      {place !== 'memory' && record !== null && storage === null && (
        <p className="option-note wrong">
          <Shown text={record.message} /> An interrupted conversion starts again from its first shard.
        </p>
      )}
    </fieldset>
  );
}

function noFolder(): string {
  return isInForeignFrame()
    ? 'A page inside another site cannot write to folders.'
    : 'This browser cannot write to folders; Chrome and Edge can.';
}

interface OptionProps {
  readonly place: OutputKind;
  readonly chosen: OutputKind;
  readonly name: string;
  readonly off: boolean;
  readonly note: ReactNode;
}

function Option({ place, chosen, name, off, note }: OptionProps) {
  return (
    <label className={off ? 'option off' : 'option'}>
      <input
        type="radio"
        name="output"
        disabled={off}
        checked={chosen === place}
        onChange={() => choose({ output: place })}
      />
      <span className="option-name">{name}</span>
      <span className="option-note">{note}</span>
    </label>
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
