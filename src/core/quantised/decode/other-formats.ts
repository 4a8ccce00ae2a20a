import { BNB_BLOCK } from '../formats/others.ts';
import { numbersOf } from '../numbers.ts';
import type { Decoder, StoredMatrix } from '../types.ts';
import { partOf, sizesOf } from './parts.ts';

/** Scales of bitsandbytes that share a scale. */
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

export const OTHER_DECODERS = {
  exl3: 'EXL3 stores a path through a trellis and two rotations; only exllamav3 turns them into numbers.',
  hqq: decodeHqq,
  'bnb-4bit': decodeBnb4,
  'bnb-8bit': decodeBnb8,
  torchao: 'torchao describes its tensors in JSON beside them, which is not read yet.',
} satisfies Readonly<Record<string, Decoder>>;
