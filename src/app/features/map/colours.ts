import { CELL, type ExpertMap, formatBytes, NO_DTYPE, NO_SHARD } from '../../../core/index.ts';
import type { Colour } from '../../state/choices.ts';

/** Ten colours that stay apart with every kind of colour blindness in this order: neighbours differ in lightness too. */
export const TEN = [
  '#0072b2',
  '#e69f00',
  '#117755',
  '#cc79a7',
  '#56b4e9',
  '#b3440f',
  '#d9cb3c',
  '#6a51a3',
  '#44aa99',
  '#8b8b8b',
] as const;

/** Viridis in nine steps: even in lightness, readable without colour. */
const RAMP = [
  '#440154',
  '#482878',
  '#3e4989',
  '#31688e',
  '#26828e',
  '#1f9e89',
  '#35b779',
  '#6ece58',
  '#b5de2b',
] as const;

export interface LegendItem {
  readonly colour: string;
  readonly text: string;
}

export interface Legend {
  readonly items: readonly LegendItem[];
  /** What the items do not say. */
  readonly note: string | null;
  readonly ramp: { readonly colours: readonly string[]; readonly least: string; readonly most: string } | null;
}

type Rgb = readonly [number, number, number];

function rgb(hex: string): Rgb {
  const value = Number.parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

const TEN_RGB = TEN.map(rgb);
const RAMP_RGB = RAMP.map(rgb);
const NONE: Rgb = [128, 128, 128];

function onRamp(part: number): Rgb {
  return RAMP_RGB[Math.min(RAMP.length - 1, Math.max(0, Math.floor(part * RAMP.length)))] ?? NONE;
}

function byteRange(map: ExpertMap): { least: number; most: number } {
  let least = Number.POSITIVE_INFINITY;
  let most = 0;
  map.bytes.forEach((bytes, cell) => {
    if (map.state[cell] !== CELL.present) return;
    least = Math.min(least, bytes);
    most = Math.max(most, bytes);
  });
  return { least: Math.min(least, most), most };
}

/** One RGBA pixel a cell; cells that hold nothing yet stay clear. */
export function pixelsOf(map: ExpertMap, mode: Colour): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(map.state.length * 4);
  const { least, most } = byteRange(map);
  for (let cell = 0; cell < map.state.length; cell += 1) {
    if (map.state[cell] !== CELL.present && (map.state[cell] !== CELL.defect || map.bytes[cell] === 0)) continue;
    const [red, green, blue] = colourOf(map, mode, cell, least, most);
    pixels.set([red, green, blue, 255], cell * 4);
  }
  return pixels;
}

function colourOf(map: ExpertMap, mode: Colour, cell: number, least: number, most: number): Rgb {
  if (mode === 'bytes') return most === least ? onRamp(0.6) : onRamp(((map.bytes[cell] ?? 0) - least) / (most - least));
  const code = mode === 'shard' ? map.shard[cell] : map.dtype[cell];
  if (code === undefined || code === (mode === 'shard' ? NO_SHARD : NO_DTYPE)) return NONE;
  return TEN_RGB[code % 10] ?? NONE;
}

/** What the colours mean. */
export function legendOf(map: ExpertMap, mode: Colour): Legend {
  if (mode === 'bytes') {
    const { least, most } = byteRange(map);
    const ramp = { colours: RAMP, least: formatBytes(least), most: formatBytes(most) };
    if (least !== most) return { items: [], note: 'bytes of one expert', ramp };
    return {
      items: [{ colour: RAMP[5], text: `${formatBytes(most)} each` }],
      note: 'every expert has as many bytes',
      ramp: null,
    };
  }
  if (mode === 'dtype')
    return {
      items: map.dtypes.map((text, at) => ({ colour: TEN[at % 10] ?? '#888888', text })),
      note: null,
      ramp: null,
    };
  return shardLegend(map);
}

function shardLegend({ shards }: ExpertMap): Legend {
  const short = (file: string) => /-(\d+)-of-\d+\.safetensors$/.exec(file)?.[1]?.replace(/^0+/, '') ?? file;
  if (shards.length <= 10) {
    return {
      items: shards.map((file, at) => ({ colour: TEN[at] ?? '#888888', text: short(file) })),
      note: shards.length > 1 ? 'number of the shard' : null,
      ramp: null,
    };
  }
  return {
    items: TEN.map((colour, at) => ({ colour, text: String(at + 1) })),
    note: `${shards.length} shards; the ten colours repeat in their order`,
    ramp: null,
  };
}
