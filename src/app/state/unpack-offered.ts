import { isFp8 } from '../../core/index.ts';
import { useAddress } from './address-store.ts';
import { useInspection } from './inspection.ts';

/** True where the open checkpoint has FP8 or MXFP4 weights. */
export function usePacked(): boolean {
  return useInspection(
    ({ map, summary }) => map?.dtypes.some(isFp8) === true || summary?.dialects.includes('gpt-oss-mxfp4') === true,
  );
}

/** True where a conversion could unpack FP8 or MXFP4 weights, or the address asks for that. */
export function useUnpackOffered(): boolean {
  const asked = useAddress((address) => address.unpack !== null);
  const packed = usePacked();
  return asked || packed;
}
