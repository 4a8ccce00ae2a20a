import { describe, expect, it } from 'vitest';
import { mixed, packed, RAMP, TEN } from './palette.ts';

describe('mixed', () => {
  it('goes through every colour in even steps', () => {
    expect(mixed(RAMP, 0)).toBe(RAMP[0]);
    expect(mixed(RAMP, 1)).toBe(RAMP.at(-1));
    expect(mixed(RAMP, 0.5)).toBe(RAMP[4]);
    expect(mixed(['#000000', '#ff8000'], 0.5)).toBe('#804000');
  });
});

describe('packed', () => {
  it('lies in memory as red, green, blue and an opaque alpha', () => {
    const bytes = [...new Uint8Array(Uint32Array.of(packed('#0072b2')).buffer)];
    expect(bytes).toEqual([0x00, 0x72, 0xb2, 0xff]);
  });
});

describe('the ten colours', () => {
  it('are ten, and neighbours differ in lightness', () => {
    expect(new Set(TEN).size).toBe(10);
    const light = (hex: string) => {
      const value = Number.parseInt(hex.slice(1), 16);
      return 0.2126 * (value >> 16) + 0.7152 * ((value >> 8) & 255) + 0.0722 * (value & 255);
    };
    for (const [at, hex] of TEN.slice(1).entries())
      expect(Math.abs(light(hex) - light(TEN[at] ?? ''))).toBeGreaterThan(5);
  });
});
