import type { QuantConfig } from '../config.ts';
import type { PartRange, QuantModule } from '../modules.ts';
import type { PartName } from '../names.ts';
import type { Decoder, Role } from '../types.ts';
import { FLOAT_DECODERS } from './floats.ts';
import { INTEGER_DECODERS } from './integer-formats.ts';
import { OTHER_DECODERS } from './other-formats.ts';

/** How each format's numbers are known, by its id. Apart from the formats: most who name one decode none. */
export const DECODERS: Readonly<Record<string, Decoder>> = {
  ...FLOAT_DECODERS,
  ...INTEGER_DECODERS,
  ...OTHER_DECODERS,
};

/** Parts of NVFP4_AWQ, INT4_AWQ and SVDQuant: the codes alone are not the matrix. */
const TRANSFORMS: readonly PartName[] = ['pre_quant_scale', 'svdquant_lora_a', 'svdquant_lora_b'];

/**
 * The numbers of one matrix of a module as F32, row by row, from the bytes of {@link matrixRanges}; or a sentence that says
 * why they cannot be known.
 */
export function decodeMatrix(
  { name, format, form, lacks, parts: own }: QuantModule,
  config: QuantConfig,
  parts: readonly { readonly role: Role; readonly bytes: Uint8Array; readonly range: PartRange }[],
): Float32Array | string {
  const decoder = DECODERS[format.id];
  if (typeof decoder !== 'function') return decoder ?? `${format.name} is not decoded.`;
  const beyond = TRANSFORMS.find((part) => own.has(part));
  if (beyond)
    return `${name} has ${beyond} beside its codes, which changes what its numbers are; this program does not take it in.`;
  const needed = lacks.filter((role) => role !== 'shape' && role !== 'state');
  if (form === null) return `The headers do not say how ${name} is stored.`;
  if (needed.length > 0) return `${name} lacks its ${needed.join(', ')}.`;
  const byRole = new Map(parts.map(({ role, bytes, range }) => [role, { bytes, ...range }]));
  return decoder({
    form,
    config,
    part: (role) => {
      const part = byRole.get(role);
      return part && { bytes: part.bytes, dtype: part.tensor.dtype, shape: part.shape };
    },
  });
}
