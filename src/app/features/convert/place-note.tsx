import type { PlanSummary } from '../../../../workers/inspect/protocol.ts';
import { isInForeignFrame } from '../../parts/framed.tsx';
import { choose, useConvertChoices } from './options/convert-options.ts';
import { bytesOf, fitsMemory, placeOf, usePlaces } from './places.ts';

/** Beside the button that starts: that the browser storage cannot be used, where the result goes then, and where else it can. */
export function PlaceNote({ plan }: { readonly plan: PlanSummary }) {
  const { output, folder } = useConvertChoices();
  const places = usePlaces();
  const place = placeOf(output, places);
  const framed = isInForeignFrame();
  if (places.storage === null || (place === 'folder' && folder !== null)) return null;
  const fits = fitsMemory(bytesOf(plan));
  return (
    <div className="callout warn">
      <p>
        The browser storage cannot be used: see &quot;Output&quot;.{' '}
        {place === 'memory' ? MEMORY : fits ? EITHER : FOLDER}
        {framed && ' In its own tab, this page may have storage and folders: the link is above.'}
      </p>
      {place === 'folder' && fits && (
        <div className="row">
          <button type="button" className="button" onClick={() => choose({ output: 'memory' })}>
            Keep the result in memory
          </button>
        </div>
      )}
    </div>
  );
}

const MEMORY = 'The result is kept in the memory of this tab. Download it before you close the tab.';
const EITHER = 'Pick a folder there, or keep the result in the memory of this tab and download it.';
const FOLDER = 'Pick a folder there.';
