import { elementsOf, fp8Of } from '../../safetensors/dtype.ts';
import { numbersOf } from '../numbers.ts';
import type { QuantFormat, StoredMatrix } from '../types.ts';
import { partOf, sizesOf } from './decode-floats.ts';
import { matricesOf } from './shapes.ts';

/** Numbers of bitsandbytes that share a scale, and scales that share a scale. */
const BNB_BLOCK = 64;
const BNB_NESTED = 256;

/** What the JSON of `quant_state` adds to each nested scale; 0 where it says nothing. */
function nestedOffset({ bytes }: { readonly bytes: Uint8Array }): number {
  try {
    const said: unknown = JSON.parse(new TextDecoder().decode(bytes));
    const offset = (said as { readonly nested_offset?: unknown } | null)?.nested_offset;
    return typeof offset === 'number' ? offset : 0;
  } catch {
    return 0;
  }
}

function decodeBnb4(stored: StoredMatrix): Float32Array {
  const codes = partOf(stored, 'codes').bytes;
  const map = numbersOf(partOf(stored, 'map'));
  const nested = stored.part('nested-scale');
  let scales = numbersOf(partOf(stored, 'scale'));
  if (nested) {
    const [above, values] = [numbersOf(nested), numbersOf(partOf(stored, 'nested-map'))];
    const offset = nestedOffset(partOf(stored, 'state'));
    scales = Float32Array.from(
      partOf(stored, 'scale').bytes,
      (code, at) => Math.fround((values[code] as number) * (above[Math.floor(at / BNB_NESTED)] as number)) + offset,
    );
  }
  return Float32Array.from({ length: stored.form.numbers }, (_, at) => {
    const code = ((codes[at >> 1] as number) >> (4 - 4 * (at & 1))) & 15;
    return (map[code] as number) * (scales[Math.floor(at / BNB_BLOCK)] as number);
  });
}

function decodeBnb8(stored: StoredMatrix): Float32Array {
  const [rows, columns] = sizesOf(stored.form);
  const [codes, scales] = [numbersOf(partOf(stored, 'codes')), numbersOf(partOf(stored, 'scale'))];
  return Float32Array.from({ length: rows * columns }, (_, at) => {
    const scale = scales[Math.floor(at / columns)] as number;
    return Math.fround((codes[at] as number) * scale) / 127;
  });
}

/** HQQ, axis 1, of 4 or 8 bits: groups are rows of the packed matrix, the first half of them in the high nibbles. */
function decodeHqq(stored: StoredMatrix): Float32Array {
  const { form } = stored;
  const codes = partOf(stored, 'codes').bytes;
  const [scales, zeros] = [numbersOf(partOf(stored, 'scale')), numbersOf(partOf(stored, 'zero'))];
  const group = form.block?.[1] ?? form.numbers;
  const half = form.bits === 4 ? form.numbers / 2 : form.numbers;
  return Float32Array.from({ length: form.numbers }, (_, at) => {
    const byte = codes[at % half] as number;
    const code = form.bits === 8 ? byte : at < half ? byte >> 4 : byte & 15;
    const of = Math.floor(at / group);
    return Math.fround(code - (zeros[of] as number)) * (scales[of] as number);
  });
}

export const OTHER_FORMATS: readonly QuantFormat[] = [
  {
    id: 'exl3',
    name: 'EXL3',
    by: 'exllamav3',
    parts: { codes: ['trellis'], transform: ['suh', 'su'] },
    needs: ['transform'],
    form: (view) => {
      const codes = view.part('trellis');
      if (codes?.shape.length !== 3) return null;
      const [inputs = 0, outputs = 0, words = 0] = codes.shape;
      const [rows, columns] = [16 * outputs, 16 * inputs];
      return { bits: words / 16, matrices: 1, rows, columns, numbers: rows * columns, block: null };
    },
    decode: 'EXL3 stores a path through a trellis and two rotations; only exllamav3 turns them into numbers.',
  },
  {
    id: 'hqq',
    name: 'HQQ',
    by: 'HQQ',
    parts: { codes: ['W_q'], scale: ['scale'], zero: ['zero'] },
    needs: ['scale', 'zero'],
    form: (view) => {
      const [codes, scale] = [view.part('W_q'), view.part('scale')];
      const sizes = codes && matricesOf(codes);
      if (!sizes || codes.dtype !== 'U8' || !scale) return null;
      const [, packed, group] = sizes;
      const groups = elementsOf(scale.shape);
      const bits = groups === packed ? 8 : groups === 2 * packed ? 4 : null;
      if (bits === null) return 'unclear';
      return { bits, matrices: 1, rows: null, columns: null, numbers: groups * group, block: [1, group] };
    },
    decode: decodeHqq,
  },
  {
    id: 'bnb-4bit',
    name: 'bitsandbytes 4-bit',
    by: 'bitsandbytes',
    parts: {
      codes: ['weight'],
      scale: ['weight.absmax'],
      map: ['weight.quant_map'],
      state: ['weight.quant_state'],
      'nested-scale': ['weight.nested_absmax'],
      'nested-map': ['weight.nested_quant_map'],
    },
    needs: ['scale', 'map', 'state'],
    form: (view) => {
      const [codes, scale] = [view.part('weight'), view.part('weight.absmax')];
      if (codes?.dtype !== 'U8' || (!scale && !view.part('weight.quant_state'))) return null;
      const numbers = 2 * elementsOf(codes.shape);
      return { bits: 4, matrices: 1, rows: null, columns: null, numbers, block: [1, BNB_BLOCK] };
    },
    decode: decodeBnb4,
  },
  {
    id: 'bnb-8bit',
    name: 'bitsandbytes 8-bit',
    by: 'bitsandbytes',
    parts: { codes: ['weight'], scale: ['SCB'] },
    needs: ['scale'],
    form: (view) => {
      const [codes, scale] = [view.part('weight'), view.part('SCB')];
      const sizes = codes && matricesOf(codes);
      if (!sizes || codes.dtype !== 'I8' || !scale || elementsOf(scale.shape) !== sizes[1]) return null;
      const [matrices, rows, columns] = sizes;
      return { bits: 8, matrices, rows, columns, numbers: rows * columns, block: [1, columns] };
    },
    decode: decodeBnb8,
  },
  {
    id: 'torchao',
    name: 'torchao',
    by: 'torchao',
    parts: { codes: ['_weight_qdata'], scale: ['_weight_scale'], zero: ['_weight_zero_point'] },
    needs: ['scale'],
    form: (view) => {
      const codes = view.part('_weight_qdata');
      if (!codes) return null;
      const sizes = matricesOf(codes);
      // Codes below a byte are packed in ways that only the JSON beside them tells.
      if (!sizes || (codes.dtype !== 'I8' && fp8Of(codes.dtype) === null)) return 'unclear';
      const [matrices, rows, columns] = sizes;
      return { bits: 8, matrices, rows, columns, numbers: rows * columns, block: null };
    },
    decode: 'torchao describes its tensors in JSON beside them, which is not read yet.',
  },
];
