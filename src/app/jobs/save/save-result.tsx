import { formatBytes, formatInteger } from '../../../core/index.ts';
import { Shown } from '../../parts/shown.tsx';
import { canPickFolder } from '../output-folder.ts';
import './save-result.css';
import {
  cancelSave,
  dismissSave,
  type Savable,
  type SaveState,
  saveAsZip,
  saveIntoFolder,
  useSave,
} from './save-store.ts';

/** Saves a result into a folder, where the browser can, or as one ZIP archive; says how far it is and how it ended. */
export function SaveResult({ of, small = false }: { readonly of: Savable; readonly small?: boolean }) {
  const look = small ? 'button small' : 'button';
  const state = useSave();
  const mine = state.job === of.job ? state : null;
  const saving = state.status === 'saving';
  if (mine?.status === 'saving') return <Saving state={mine} />;
  return (
    <div className="save-result">
      <div className="row">
        {canPickFolder() && (
          <button type="button" className={look} disabled={saving} onClick={() => void saveIntoFolder(of)}>
            Save into a folder…
          </button>
        )}
        <button type="button" className={look} disabled={saving} onClick={() => void saveAsZip(of)}>
          Save as one ZIP
        </button>
      </div>
      {mine && mine.outcome !== '' && (
        <p className={mine.status === 'failed' ? 'option-note wrong' : 'option-note'} role="status">
          <Shown text={mine.outcome} />{' '}
          <button type="button" className="link" onClick={dismissSave}>
            OK
          </button>
        </p>
      )}
    </div>
  );
}

function Saving({ state: { how, done, total } }: { readonly state: SaveState }) {
  const what = how === 'zip' ? 'Computing checksums for the ZIP' : 'Writing into the folder';
  return (
    <div className="save-result">
      <label className="save-meter">
        <span>{what}</span>
        <progress className="meter" max={Math.max(1, total)} value={done} />
        <span className="number" title={`${formatInteger(done)} of ${formatInteger(total)} bytes`}>
          {formatBytes(done)} of {formatBytes(total)}
        </span>
      </label>
      <button type="button" className="button small" onClick={cancelSave}>
        Cancel
      </button>
    </div>
  );
}
