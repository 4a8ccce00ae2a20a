import { describe, expect, it } from 'vitest';
import { asksAgain, asksFirst, noteRead, placeOfHub, readingCost, timeWords } from './reading-cost.ts';

describe('asksFirst', () => {
  it('asks above 1 GB or one minute, and not at the limits', () => {
    expect(asksFirst({ bytes: 1e9, seconds: 60 })).toBe(false);
    expect(asksFirst({ bytes: 1e9 + 1, seconds: 1 })).toBe(true);
    expect(asksFirst({ bytes: 1, seconds: 60.5 })).toBe(true);
  });
});

describe('asksAgain', () => {
  it('asks for the rest of confirmed work above 1 GB, however long it takes', () => {
    expect(asksAgain({ bytes: 1e9 })).toBe(false);
    expect(asksAgain({ bytes: 1e9 + 1 })).toBe(true);
  });
});

describe('readingCost', () => {
  it('assumes a speed, says so, and uses the measured one once there is one', () => {
    const before = readingCost('hub.example', 470e9);
    expect(before).toMatchObject({ seconds: 4700, measured: false });
    expect(timeWords(before)).toBe('about 1 h 18 min at 100 MB/s (assumed: nothing was read yet)');
    noteRead('hub.example', 20e6, 10);
    const after = readingCost('hub.example', 900e6);
    expect(timeWords(after)).toBe('about 7 min 30 s at 2 MB/s (measured)');
    expect(asksFirst(after)).toBe(true);
    expect(readingCost('other.example', 900e6).measured).toBe(false);
  });

  it('learns nothing from a run that is too short to tell', () => {
    noteRead(null, 5e6, 0.01);
    expect(readingCost(null, 5e6)).toMatchObject({ measured: false, rate: 500e6 });
  });
});

it('keeps the speed of conversions apart from that of reading', () => {
  expect(readingCost(null, 300e6, 'convert')).toMatchObject({ seconds: 2, measured: false });
  noteRead(null, 100e6, 2, 'convert');
  expect(readingCost(null, 300e6, 'convert')).toMatchObject({ seconds: 6, measured: true });
  expect(readingCost(null, 300e6).measured).toBe(false);
});

describe('placeOfHub', () => {
  it('is the host of the Hub, and null for files here', () => {
    expect(placeOfHub({ endpoint: 'https://huggingface.co' })).toBe('huggingface.co');
    expect(placeOfHub(null)).toBeNull();
  });
});
