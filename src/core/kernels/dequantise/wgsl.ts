import { type Fp8, rowOfFp8 } from '../../safetensors/dtype.ts';
import { FLOAT_WGSL } from '../float-wgsl.ts';
import { buildShader, shaderCache } from '../shader.ts';
import type { Shader } from '../tile.ts';
import { NAN_BF16 } from './cpu.ts';

const fp8Shaders = shaderCache((key) => {
  const [, format, width] = key.split(' ') as [string, Fp8, string];
  return buildFp8(key, format, width === 'wide');
});

/** FP8 to bf16; `wide` for blocks whose rows are whole groups of eight codes, otherwise a thread makes one word. */
export function fp8Shader(format: Fp8, wide: boolean): Shader {
  return fp8Shaders(`fp8 ${format} ${wide ? 'wide' : 'narrow'}`);
}

const hex = (value: number) => `0x${value.toString(16)}u`;

/** WGSL of `any_scale(code, scale)`: the bf16 of one FP8 code and the bits of its f32 scale. */
export function convertCode(format: Fp8): string {
  const { mantissa: fraction, bias, specials } = rowOfFp8(format);
  if (specials !== 'ieee' && specials !== 'nan')
    throw new RangeError(`The dequantise kernel has no form for ${format}.`);
  // The first code, sign aside, that is no finite number: the code of all ones, or infinity.
  const [special, hasInfinity] = specials === 'ieee' ? [0x7f & -(1 << fraction), true] : [0x7f, false];
  return `
const NAN = ${hex(NAN_BF16)};

/** Code times scale, both finite, in integers: right for every exponent. */
fn product(code: u32, scale: u32) -> u32 {
  let sign = ((code << 24u) ^ scale) & 0x80000000u;
  let e = (code & 0x7fu) >> ${fraction}u;
  let small = (code & ${hex((1 << fraction) - 1)}) | select(${hex(1 << fraction)}, 0u, e == 0u);
  let scale_e = (scale >> 23u) & 0xffu;
  let large = (scale & 0x7fffffu) | select(0x800000u, 0u, scale_e == 0u);
  let whole = small * large;
  if (whole == 0u) { return sign; }
  let x = i32(max(e, 1u)) + i32(max(scale_e, 1u)) - ${bias + fraction + 150};
  let top = i32(firstLeadingBit(whole)) + x;
  if (top >= 128) { return sign | 0x7f800000u; }
  let unit = max(top - 23, -149);
  let shift = unit - x;
  var rounded = 0u;
  if (shift <= 0) { rounded = whole << u32(-shift); }
  else if (shift < 31) {
    let s = u32(shift);
    rounded = (whole + (1u << (s - 1u)) - 1u + ((whole >> s) & 1u)) >> s;
  }
  return sign | ((u32(unit + 149) << 23u) + rounded);
}

/** The bf16 of a code under any scale. */
fn any_scale(code: u32, scale: u32) -> u32 {
  let size = code & 0x7fu;
  let scale_size = scale & 0x7fffffffu;
  let code_nan = size > ${hex(special)}${hasInfinity ? '' : ` || size == ${hex(special)}`};
  let code_inf = ${hasInfinity ? `size == ${hex(special)}` : 'false'};
  let scale_inf = scale_size == 0x7f800000u;
  if (code_nan || scale_size > 0x7f800000u) { return NAN; }
  if ((code_inf && scale_size == 0u) || (scale_inf && size == 0u)) { return NAN; }
  if (code_inf || scale_inf) { return (((code << 8u) ^ (scale >> 16u)) & 0x8000u) | 0x7f80u; }
  return bf16_from_f32(product(code, scale));
}`;
}

const GEOMETRY = [
  'columns',
  'rows',
  'first_row',
  'grid_rows',
  'grid_columns',
  'first_grid_row',
  'block_rows',
  'block_columns',
];
const REGIONS = ['tile_rows', 'tile_grid_rows', 'span', 'lines', 'across', 'down'];

function buildFp8(key: string, format: Fp8, wide: boolean): Shader {
  const code = `${FLOAT_WGSL}\n${convertCode(format)}`;
  return buildShader({
    key,
    params: wide ? [...GEOMETRY, ...REGIONS] : [...GEOMETRY, 'count'],
    inputs: [wide ? 'vec2<u32>' : 'u32', 'u32'],
    output: wide ? 'vec4<u32>' : 'u32',
    globals: wide ? `${code}\n${TABLE}` : `${code}\n${SCALE_AT}`,
    main: wide ? WIDE : NARROW,
  });
}

const TABLE = `
/** What every code becomes under the workgroup's scale. */
var<workgroup> table: array<u32, 256>;

fn two(codes: u32) -> u32 {
  return table[codes & 0xffu] | (table[(codes >> 8u) & 0xffu] << 16u);
}`;

/** A workgroup takes part of one block: its scale is multiplied with the 256 codes once, then codes are looked up. */
const WIDE = `
  let region = block / p.across;
  let grid_column = region % p.grid_columns;
  let strip = region / p.grid_columns;
  let grid_row = strip / p.down;
  if (grid_row >= p.tile_grid_rows) { return; }
  table[lane] = any_scale(lane, in1[grid_row * p.grid_columns + grid_column]);
  workgroupBarrier();
  let matrix = (p.first_grid_row + grid_row) / p.grid_rows;
  let top = ((p.first_grid_row + grid_row) % p.grid_rows) * p.block_rows;
  let begin = matrix * p.rows + top + (strip % p.down) * p.lines;
  let bottom = matrix * p.rows + min(top + p.block_rows, p.rows);
  let row = max(begin, p.first_row);
  let row_end = min(min(begin + p.lines, bottom), p.first_row + p.tile_rows);
  let column = grid_column * p.block_columns + (block % p.across) * p.span;
  let column_end = min(min(column + p.span, (grid_column + 1u) * p.block_columns), p.columns);
  if (row >= row_end || column >= column_end) { return; }
  let eights = (column_end - column) / 8u;
  let first = ((row - p.first_row) * p.columns + column) / 8u;
  for (var i = lane; i < (row_end - row) * eights; i += 256u) {
    let at = first + (i / eights) * (p.columns / 8u) + i % eights;
    let w = in0[at];
    result[at] = vec4<u32>(two(w.x), two(w.x >> 16u), two(w.y), two(w.y >> 16u));
  }`;

const SCALE_AT = `
fn scale_at(row: u32, column: u32) -> u32 {
  let h = p.first_row + row;
  let grid_row = (h / p.rows) * p.grid_rows + (h % p.rows) / p.block_rows - p.first_grid_row;
  return in1[grid_row * p.grid_columns + column / p.block_columns];
}`;

const NARROW = `
  let first = thread * 2u;
  if (first >= p.count) { return; }
  var word = 0u;
  for (var k = 0u; k < 2u; k++) {
    let e = first + k;
    if (e < p.count) {
      let code = (in0[e >> 2u] >> ((e & 3u) * 8u)) & 0xffu;
      word = word | (any_scale(code, scale_at(e / p.columns, e % p.columns)) << (16u * k));
    }
  }
  result[thread] = word;`;

const mxShaders = shaderCache((key) =>
  buildShader({
    key,
    params: ['count'],
    inputs: ['u32', 'u32'],
    output: 'vec4<u32>',
    globals: `${MXFP4_PAIRS}\n${MXFP4_ONE}\n${MXFP4_CAREFUL}`,
    main: `
  if (thread >= p.count) { return; }
  let group_of = thread >> 2u;
  let scale = (in1[group_of >> 2u] >> ((group_of & 3u) * 8u)) & 0xffu;
  let w = in0[thread];
  if (scale >= 2u && scale <= 252u) {
    result[thread] = vec4<u32>(plain(w, scale), plain(w >> 8u, scale), plain(w >> 16u, scale), plain(w >> 24u, scale));
  } else {
    result[thread] = vec4<u32>(careful(w, scale), careful(w >> 8u, scale), careful(w >> 16u, scale), careful(w >> 24u, scale));
  }`,
  }),
);

/** Two codes at once in the halves of a word: a bf16 is its exponent and fraction counted on, so products are sums. */
const MXFP4_PAIRS = `
fn plain(byte: u32, scale: u32) -> u32 {
  let pair = (byte & 0xfu) | ((byte & 0xf0u) << 12u);
  let size = pair & 0x00070007u;
  let many = ((size >> 1u) | (size >> 2u)) & 0x00010001u;
  let some = (size | many) & 0x00010001u;
  let lone = some ^ many;
  let keep = some * 0xffffu;
  let base = ((scale << 7u) - 128u) * 0x00010001u;
  return ((base + (size << 6u) - (lone << 6u)) & keep) | ((pair & 0x00080008u) << 12u);
}`;

/** WGSL of `one(code, scale)`: the bf16 of one MXFP4 code under an e8m0 scale. */
export const MXFP4_ONE = `
fn one(code: u32, scale: u32) -> u32 {
  let sign = (code & 8u) << 12u;
  let size = code & 7u;
  if (scale == 255u) { return ${hex(NAN_BF16)}; }
  if (size == 0u) { return sign; }
  let fraction = select(size & 1u, 0u, size == 1u);
  let exponent = i32(scale) + i32(size >> 1u) - 1;
  if (exponent >= 255) { return sign | 0x7f80u; }
  if (exponent >= 1) { return sign | (u32(exponent) << 7u) | (fraction << 6u); }
  return sign | ((128u + (fraction << 6u)) >> u32(1 - exponent));
}`;

const MXFP4_CAREFUL = `
fn careful(byte: u32, scale: u32) -> u32 {
  return one(byte & 15u, scale) | (one((byte >> 4u) & 15u, scale) << 16u);
}`;

/** MXFP4 to bf16, eight codes a thread. */
export function mxfp4Shader(): Shader {
  return mxShaders('mxfp4');
}
