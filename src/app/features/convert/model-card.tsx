import { useState } from 'react';
import type { ResultCard } from '../../../../workers/inspect/protocol.ts';
import { zipBlob } from '../../../core/index.ts';
import { downloadText } from '../../jobs/downloads.ts';
import { saveBlob } from '../../parts/save-blob.ts';

const CARD_FILE = 'README.md';
const FOLDER = 'model-card';

/** A README for the Hub: what changed, which programs load the result, how it was proven; on request with two drawings. */
export function ModelCard({ card }: { readonly card: ResultCard }) {
  const [withPictures, setWithPictures] = useState(false);
  const { text, pictured } = card;
  const save = () => {
    if (withPictures && pictured) void saveZip(pictured);
    else downloadText(text, CARD_FILE);
  };
  return (
    <span className="row">
      <button type="button" className="button" onClick={save}>
        Download model card ({withPictures ? `${FOLDER}.zip` : CARD_FILE})
      </button>
      {pictured && (
        <label>
          <input type="checkbox" checked={withPictures} onChange={({ target }) => setWithPictures(target.checked)} />{' '}
          with pictures of a layer before and after
        </label>
      )}
    </span>
  );
}

async function saveZip({ text, pictures }: NonNullable<ResultCard['pictured']>): Promise<void> {
  const files = [{ file: CARD_FILE, svg: text }, ...pictures].map(({ file, svg }) => ({
    name: file,
    file: new File([svg], file),
  }));
  saveBlob(await zipBlob(files, { folder: FOLDER }), `${FOLDER}.zip`);
}
