import { describe, expect, it } from 'vitest';
import type { CheckpointTensor, FileOffset } from '../src/core/index.ts';
import { naturalKey, naturalOrder } from './natural.ts';
import type { TensorQuery } from './protocol.ts';
import { createTensorTable, matcher } from './tensor-table.ts';

const ALL: TensorQuery = { text: '', mode: 'substring', sort: 'name', descending: false };

function tensor(name: string, rows: number, at: number): CheckpointTensor {
  return {
    name,
    dtype: 'BF16',
    shape: [rows, 2],
    file: 'a.safetensors',
    start: at as FileOffset,
    end: (at + rows * 4) as FileOffset,
  };
}

const table = () =>
  createTensorTable([
    tensor('layers.10.gate_proj', 3, 0),
    tensor('layers.2.up_proj', 5, 12),
    tensor('layers.2.gate_proj', 1, 32),
    tensor('embed', 9, 36),
  ]);
const names = (query: Partial<TensorQuery>) => {
  const open = table();
  const { id, count } = open.query({ ...ALL, ...query });
  return open.rows(id, 0, count).map((row) => row.name);
};

describe('naturalOrder', () => {
  it('counts as people do', () => {
    const given = ['layer.10', 'layer.2', 'layer.02', 'layer.1', 'a', 'layer'];
    const order = [...naturalOrder(given)].map((at) => given[at]);
    expect(order).toEqual(['a', 'layer', 'layer.1', 'layer.02', 'layer.2', 'layer.10']);
  });

  it('keeps numbers of any length apart', () => {
    expect(naturalKey('9'.repeat(300)) > naturalKey('1'.repeat(50))).toBe(true);
  });
});

describe('createTensorTable', () => {
  it('sorts by name as people do, and by any other column', () => {
    expect(names({})).toEqual(['embed', 'layers.2.gate_proj', 'layers.2.up_proj', 'layers.10.gate_proj']);
    expect(names({ descending: true })[0]).toBe('layers.10.gate_proj');
    expect(names({ sort: 'bytes', descending: true })).toEqual([
      'embed',
      'layers.2.up_proj',
      'layers.10.gate_proj',
      'layers.2.gate_proj',
    ]);
    expect(names({ sort: 'start' })[0]).toBe('layers.10.gate_proj');
  });

  it('finds words in any order, patterns, and letters in order', () => {
    expect(names({ text: 'GATE layers.2' })).toEqual(['layers.2.gate_proj']);
    expect(names({ text: '^layers\\.\\d{2}\\.', mode: 'regex' })).toEqual(['layers.10.gate_proj']);
    expect(names({ text: 'l2up', mode: 'fuzzy' })).toEqual(['layers.2.up_proj']);
  });

  it('counts rows and bytes, and gives pages', () => {
    const open = table();
    const { id, count, bytes } = open.query(ALL);
    expect([count, bytes]).toEqual([4, 72]);
    expect(open.rows(id, 1, 3).map((row) => row.name)).toEqual(['layers.2.gate_proj', 'layers.2.up_proj']);
    expect(open.rows(999, 0, 3)).toEqual([]);
  });

  it('says why a pattern is none', () => {
    expect(table().query({ ...ALL, text: '(', mode: 'regex' })).toMatchObject({
      count: 0,
      problem: expect.stringContaining('no regular expression'),
    });
    expect(matcher({ text: '(', mode: 'substring' }).problem).toBeNull();
  });

  it('writes tab-separated values with a heading', () => {
    const open = table();
    const lines = open.tsv(open.query({ ...ALL, text: 'embed' }).id).split('\n');
    expect(lines[0]).toBe('name\tdtype\tshape\tbytes\tfile\tstart\tend');
    expect(lines[1]).toBe('embed\tBF16\t[9, 2]\t36\ta.safetensors\t36\t72');
  });
});
