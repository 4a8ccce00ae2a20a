import { useInspection } from './inspection.ts';

/** True where a checkpoint holds FP8 or MXFP4 weights, which a conversion can unpack. */
export function usePacked(): boolean {
  return useInspection(
    ({ map, summary }) =>
      map?.dtypes.some((dtype) => dtype.startsWith('F8_')) === true ||
      summary?.dialects.includes('gpt-oss-mxfp4') === true,
  );
}
