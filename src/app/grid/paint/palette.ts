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
export const RAMP = [
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

/** The colour at a place from 0 to 1 between evenly spaced ones. */
export function mixed(colours: readonly string[], place: number): string {
  const at = place * (colours.length - 1);
  const first = Math.min(colours.length - 2, Math.floor(at));
  const part = (hex: string | undefined, from: number) => Number.parseInt((hex ?? '').slice(from, from + 2), 16);
  const parts = [1, 3, 5].map((from) => {
    const [before, after] = [part(colours[first], from), part(colours[first + 1], from)];
    return Math.round(before + (after - before) * (at - first));
  });
  return `#${parts.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}

/** A colour as one little-endian RGBA number, which is how a picture's pixels lie in memory. */
export function packed(hex: string): number {
  const value = Number.parseInt(hex.slice(1), 16);
  return (0xff000000 | ((value & 255) << 16) | (value & 0xff00) | (value >> 16)) >>> 0;
}
