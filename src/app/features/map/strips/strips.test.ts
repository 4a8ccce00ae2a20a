import { describe, expect, it } from 'vitest';
import type { FileStrips } from '../../../../../workers/inspect/file-strips.ts';
import { ROLES } from '../../../../core/index.ts';
import {
  bytesOfExpert,
  contentSize,
  expertAt,
  fitStrips,
  keepUnder,
  placeAt,
  placeOfTensor,
  rulerStep,
  scrollTo,
  tensorBehind,
  xOf,
} from './geometry.ts';
import { movedTo } from './keys.ts';
import { fileLabels, readsSentence, rolesOf } from './strip-labels.ts';

const role = (name: (typeof ROLES)[number]) => ROLES.indexOf(name);

/** Two files: one with a hole and experts apart, and one with a stack of four experts. */
const STRIPS: FileStrips = {
  files: [
    { file: 'model-00001-of-00002.safetensors', byteLength: 1000, dataStart: 100, from: 0, to: 3 },
    { file: 'model-00002-of-00002.safetensors', byteLength: 500, dataStart: 100, from: 3, to: 5 },
  ],
  start: Float64Array.of(100, 300, 700, 100, 500),
  end: Float64Array.of(300, 600, 1000, 500, 500),
  role: Uint8Array.of(role('gate'), role('down'), role('embedding'), role('gate-up'), role('norm')),
  group: Int32Array.of(0, 0, -1, 1, 1),
  expert: Int32Array.of(0, 1, -1, -1, -1),
  cut: Uint16Array.of(0, 0, 0, 4, 0),
};
const VIEW = { width: 64 + 8 + 500, height: 24 + 80 };
const FIT = fitStrips(STRIPS.files, VIEW, 1);

describe('the geometry of strips', () => {
  it('gives the longest file the width, at zoom 1', () => {
    expect(FIT).toMatchObject({ longest: 1000, width: 500, rowHeight: 40 });
    expect(contentSize(FIT)).toEqual({ width: 572, height: 104 });
    expect(fitStrips(STRIPS.files, VIEW, 4).width).toBe(2000);
    expect(xOf(FIT, 500)).toBe(250);
  });

  it('never makes a canvas that no browser lays out, nor rows too low to be read', () => {
    const many = Array.from({ length: 900 }, () => STRIPS.files[0]).flatMap((file) => file ?? []);
    const geometry = fitStrips(many, VIEW, 1e9);
    expect([geometry.width, geometry.rowHeight]).toEqual([8_000_000, 30]);
  });

  it('finds tensors by bytes', () => {
    const [file] = STRIPS.files;
    if (!file) throw new Error('There is a file.');
    expect([0, 99, 100, 299, 300, 650, 999, 1000].map((byte) => tensorBehind(STRIPS, file, byte))).toEqual([
      0, 0, 0, 0, 1, 2, 2, 3,
    ]);
  });

  it('says what lies at a point: row, tensor, expert', () => {
    const at = (x: number, y: number, left = 0) => placeAt(FIT, STRIPS, { left, top: 0 }, x, y);
    expect(at(64 + 100, 30)).toEqual({ row: 0, tensor: 0, expert: 0 });
    expect(at(64 + 200, 30)).toEqual({ row: 0, tensor: 1, expert: 1 });
    expect(at(64 + 325, 30), 'a hole').toEqual({ row: 0, tensor: null, expert: null });
    expect(at(64 + 100 - 40, 30, 40), 'scrolled').toEqual({ row: 0, tensor: 0, expert: 0 });
    expect(at(64 + 160, 70), 'the third of four experts').toEqual({ row: 1, tensor: 3, expert: 2 });
    expect(at(64 + 300, 70), 'behind the file').toEqual({ row: 1, tensor: null, expert: null });
    expect(at(10, 30), 'beside').toEqual({ row: 0, tensor: null, expert: null });
    expect([at(64, 10), at(64, 24 + 80)]).toEqual([null, null]);
  });

  it('reaches tensors of less than a pixel', () => {
    expect(placeAt(FIT, STRIPS, { left: 0, top: 0 }, 64 + 48, 30)).toMatchObject({ tensor: 0 });
  });

  it('cuts a stack into its experts', () => {
    expect([100, 199, 200, 499].map((byte) => expertAt(STRIPS, 3, byte))).toEqual([0, 0, 1, 3]);
    expect(bytesOfExpert(STRIPS, 3, 2)).toEqual({ start: 300, end: 400 });
    expect(bytesOfExpert(STRIPS, 0, 0)).toEqual({ start: 100, end: 300 });
    expect([bytesOfExpert(STRIPS, 0, 1), bytesOfExpert(STRIPS, 3, 4), bytesOfExpert(STRIPS, 4, 0)]).toEqual([
      null,
      null,
      null,
    ]);
    expect(placeOfTensor(STRIPS, 3)).toEqual({ row: 1, tensor: 3, expert: null });
  });

  it('keeps what is under the pointer there when the width changes', () => {
    const wide = fitStrips(STRIPS.files, VIEW, 3);
    const left = keepUnder(FIT, wide, 0, 64 + 200);
    expect(left + 200).toBe(600);
    expect(keepUnder(wide, FIT, left, 64 + 200)).toBe(0);
  });

  it('scrolls no more than is needed to show a tensor', () => {
    const wide = fitStrips(STRIPS.files, VIEW, 4);
    const room = { width: 572, height: 64 };
    expect(scrollTo(wide, 1, { start: 100, end: 200 }, { left: 0, top: 0 }, room)).toEqual({ left: 0, top: 40 });
    expect(scrollTo(wide, 0, { start: 700, end: 1000 }, { left: 0, top: 40 }, room)).toEqual({ left: 1400, top: 0 });
  });

  it('marks the ruler in round numbers', () => {
    expect([50, 88, 130, 260].map((pixels) => rulerStep(FIT, pixels))).toEqual([100, 200, 500, 1000]);
  });
});

describe('keys on strips', () => {
  const path = (from: number | null, ...keys: string[]) => keys.map((key) => movedTo(STRIPS, from, key));

  it('go along a file and from file to file, to the same byte', () => {
    expect(path(null, 'ArrowRight', 'ArrowDown', 'Home')).toEqual([0, 0, 0]);
    expect(path(1, 'ArrowLeft', 'ArrowRight', 'Home', 'End')).toEqual([0, 2, 0, 2]);
    expect(path(2, 'ArrowRight', 'ArrowDown', 'ArrowUp', 'PageDown')).toEqual([2, 4, 2, 4]);
    expect(path(3, 'ArrowLeft', 'ArrowUp')).toEqual([3, 0]);
    expect(path(0, 'a')).toEqual([null]);
  });
});

describe('words', () => {
  it('say the number of a shard, and what an expert takes', () => {
    expect(fileLabels(STRIPS.files)).toEqual(['1', '2']);
    expect(
      fileLabels([{ ...STRIPS.files[0], file: 'consolidated.safetensors' } as FileStrips['files'][number]]),
    ).toEqual(['consoli…']);
    expect(readsSentence({ experts: 8, reads: 8, fewest: 1, most: 1, split: 0 })).toBe(
      'Loading one expert needs 1 read. Of 8 experts, none is in more than one file.',
    );
    expect(readsSentence({ experts: 12_032, reads: 1, fewest: 2, most: 6, split: 67 })).toBe(
      'Loading one expert needs 2 to 6 reads. Of 12,032 experts, 67 are in more than one file.',
    );
  });

  it('name gate and up where their numbers alternate', () => {
    expect(rolesOf(STRIPS)).toEqual(['gate', 'up', 'down', 'norm', 'embedding']);
  });
});
