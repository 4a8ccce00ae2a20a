import { move, useAddress } from '../../../state/address-store.ts';
import { useUnpackOffered } from '../../../state/unpack-offered.ts';

/** Keep quantised weights as they are stored, or unpack them; offered where some are. */
export function UnpackChoice() {
  const unpack = useAddress((address) => address.unpack);
  if (!useUnpackOffered()) return null;
  return (
    <fieldset className="choice">
      <legend>Quantised weights</legend>
      <label className="option">
        <input type="radio" name="unpack" checked={unpack === null} onChange={() => move({ unpack: null })} />
        <span className="option-name">Keep as stored</span>
        <span className="option-note">Codes and scales go along, every byte of them.</span>
      </label>
      <label className="option">
        <input type="radio" name="unpack" checked={unpack === 'bf16'} onChange={() => move({ unpack: 'bf16' })} />
        <span className="option-name">Unpack to bf16</span>
        <span className="option-note">
          FP8 and MXFP4 become the numbers that they stand for. Not lossless: codes and scales cannot be had back.
        </span>
      </label>
    </fieldset>
  );
}
