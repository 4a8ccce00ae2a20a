import { move, useAddress } from '../../../state/address-store.ts';
import { useUnpackOffered } from '../../../state/unpack-offered.ts';

/** Keeps quantised weights as they are stored, or unpacks them. Offered where the checkpoint has some. */
export function UnpackChoice() {
  const unpack = useAddress((address) => address.unpack);
  if (!useUnpackOffered()) return null;
  return (
    <fieldset className="choice">
      <legend>Quantised weights</legend>
      <label className="option">
        <input type="radio" name="unpack" checked={unpack === null} onChange={() => move({ unpack: null })} />
        <span className="option-name">Keep as stored</span>
        <span className="option-note">The output holds the same codes and scales, byte for byte.</span>
      </label>
      <label className="option">
        <input type="radio" name="unpack" checked={unpack === 'bf16'} onChange={() => move({ unpack: 'bf16' })} />
        <span className="option-name">Unpack to bf16</span>
        <span className="option-note">
          FP8 and MXFP4 weights are decoded to bf16. This is not lossless: the output does not hold the codes and
          scales.
        </span>
      </label>
    </fieldset>
  );
}
