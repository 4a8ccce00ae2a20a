import { describe, expect, it } from 'vitest';
import { parseCell } from './cell.ts';
import { distanceOf, fitOf, ranked } from './rank.ts';

describe('fitOf', () => {
  it('tells exact, prefix, word-start and subsequence apart', () => {
    expect(fitOf('Tensors', ' tensors ')).toBe('exact');
    expect(fitOf('Tensors', 'ten')).toBe('prefix');
    expect(fitOf('Open the sample Tiny gpt-oss', 'tiny oss')).toBe('word-start');
    expect(fitOf('model.layers.3.mlp.gate.weight', 'layers 3 gate')).toBe('word-start');
    expect(fitOf('Compare', 'cpr')).toBe('subsequence');
    expect(fitOf('Compare', 'rap')).toBeNull();
    expect(fitOf('Map', 'maps')).toBeNull();
  });
});

describe('ranked', () => {
  it('puts better fits first, then shorter titles, then the order that was', () => {
    const titles = ['Copy link', 'Compare', 'Use the dark theme', 'Convert', 'C'].map((title) => ({ title }));
    expect(ranked(titles, 'c').map(({ title }) => title)).toEqual(['C', 'Compare', 'Convert', 'Copy link']);
    expect(ranked(titles, 'dark')[0]?.title).toBe('Use the dark theme');
    expect(ranked(titles, '').map(({ title }) => title)).toHaveLength(5);
    expect(ranked(titles, 'zzz')).toEqual([]);
  });
});

describe('distanceOf', () => {
  it('tells how near the best title is: a name that begins with the text is before one that has its letters', () => {
    const tensors = ['lm_head.weight', 'model.layers.0.mlp.gate.weight'];
    expect(distanceOf(tensors, 'gate')).toBeLessThan(distanceOf(['Megatron-Bridge'], 'gate'));
    expect(distanceOf(['Gate'], 'gate')).toBeLessThan(distanceOf(tensors, 'gate'));
  });
});

describe('parseCell', () => {
  it('reads a layer and an expert in the usual spellings', () => {
    for (const typed of [
      'L47 E99',
      'l47e99',
      'layer 47, expert 99',
      'layer 47 expert 99',
      '47/99',
      ' 47 99 ',
      '47, 99',
    ])
      expect(parseCell(typed)).toEqual({ layer: 47, expert: 99 });
    for (const typed of ['L47', 'layer 47', 'Layer47']) expect(parseCell(typed)).toEqual({ layer: 47, expert: null });
    for (const typed of ['', '47', 'layers 3', 'expert 4', '47/', '4-7', 'L123456', 'lm_head'])
      expect(parseCell(typed)).toBeNull();
  });
});
