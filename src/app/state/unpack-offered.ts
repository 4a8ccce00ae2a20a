import { isFp8 } from '../../core/index.ts';
import { useAddress } from './address-store.ts';
import { useInspection } from './inspection.ts';

/** True where a conversion could unpack FP8 or MXFP4 weights, or is asked to: then that is a choice. */
export function useUnpackOffered(): boolean {
  const asked = useAddress((address) => address.unpack !== null);
  const packed = useInspection(
    ({ map, summary }) => map?.dtypes.some(isFp8) === true || summary?.dialects.includes('gpt-oss-mxfp4') === true,
  );
  return asked || packed;
}
