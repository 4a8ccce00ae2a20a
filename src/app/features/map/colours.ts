import { CELL, type ExpertMap, formatBytes, NO_DTYPE, NO_SHARD } from '../../../core/index.ts';
import { packed, RAMP, TEN } from '../../grid/paint/palette.ts';
import type { Colour } from '../../state/choices.ts';

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

const TEN_PACKED = TEN.map(packed);
const RAMP_PACKED = RAMP.map(packed);
const NONE = packed('#808080');

function byteRange(map: ExpertMap): { least: number; most: number } {
  let least = Number.POSITIVE_INFINITY;
  let most = 0;
  for (let cell = 0; cell < map.state.length; cell += 1) {
    if (map.state[cell] !== CELL.present) continue;
    const bytes = map.bytes[cell] ?? 0;
    if (bytes < least) least = bytes;
    if (bytes > most) most = bytes;
  }
  return { least: Math.min(least, most), most };
}

/** One RGBA pixel a cell; cells that hold nothing yet stay clear. */
export function pixelsOf(map: ExpertMap, mode: Colour): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint32Array(map.state.length);
  const colour = mode === 'bytes' ? byBytes(map) : byCode(map, mode);
  for (let cell = 0; cell < pixels.length; cell += 1) {
    const state = map.state[cell];
    if (state === CELL.present || (state === CELL.defect && map.bytes[cell] !== 0)) pixels[cell] = colour(cell);
  }
  return new Uint8ClampedArray(pixels.buffer);
}

function byBytes(map: ExpertMap): (cell: number) => number {
  const { least, most } = byteRange(map);
  const step = (most - least) / RAMP.length;
  const equal = RAMP_PACKED[5] ?? NONE;
  if (step === 0) return () => equal;
  return (cell) => RAMP_PACKED[Math.min(RAMP.length - 1, Math.floor(((map.bytes[cell] ?? 0) - least) / step))] ?? NONE;
}

function byCode(map: ExpertMap, mode: 'shard' | 'dtype'): (cell: number) => number {
  const codes = mode === 'shard' ? map.shard : map.dtype;
  const none = mode === 'shard' ? NO_SHARD : NO_DTYPE;
  return (cell) => {
    const code = codes[cell] ?? none;
    return code === none ? NONE : (TEN_PACKED[code % TEN.length] ?? NONE);
  };
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
