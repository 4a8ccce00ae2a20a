import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CheckpointTensor } from '../checkpoint/types.ts';
import { detectLayout } from '../layouts/detect.ts';
import type { FileOffset } from '../safetensors/types.ts';
import { openFixture } from '../testing.fixture.ts';
import { naturalOrder } from './natural.ts';
import { createTensorTable } from './table.ts';
import type { TensorFilter, TensorQuery } from './types.ts';

const NO_FILTER: TensorFilter = { roles: [], dtypes: [], layers: [], experts: [], shards: [] };
const ALL: TensorQuery = { text: '', mode: 'substring', sort: 'name', descending: false, filter: NO_FILTER };

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

const mapOf = (tensors: Iterable<CheckpointTensor>) => new Map([...tensors].map((each) => [each.name, each]));

const table = () =>
  createTensorTable(
    mapOf([
      tensor('layers.10.gate_proj', 3, 0),
      tensor('layers.2.up_proj', 5, 12),
      tensor('layers.2.gate_proj', 1, 32),
      tensor('embed', 9, 36),
    ]),
  );
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
    const given = ['9'.repeat(300), '1'.repeat(50), `a${'1.'.repeat(20)}`, `a${'1.'.repeat(19)}`];
    expect([...naturalOrder(given)]).toEqual([1, 0, 3, 2]);
  });

  it('is an order of all names, with equal beginnings side by side', () => {
    const name = fc.array(fc.constantFrom('a', 'b', '1', '2', '10', '01', '.', '-', 'é'), { maxLength: 12 });
    fc.assert(
      fc.property(
        fc.uniqueArray(
          name.map((parts) => parts.join('')),
          { maxLength: 60 },
        ),
        (given) => {
          const order = [...naturalOrder(given)].map((at) => given[at] as string);
          expect([...order].sort()).toEqual([...given].sort());
          const starts = order.map((text) => text.slice(0, text.indexOf('.') + 1));
          expect(
            starts.filter((start, at) => start !== '' && starts.indexOf(start) < at && starts[at - 1] !== start),
          ).toEqual([]);
        },
      ),
    );
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
    expect(() => open.rows(999, 0, 3)).toThrow(expect.objectContaining({ tag: 'cancelled' }));
  });

  it('says why a pattern is none', () => {
    expect(table().query({ ...ALL, text: '(', mode: 'regex' })).toMatchObject({
      count: 0,
      problem: expect.stringContaining('no regular expression'),
    });
    expect(table().query({ ...ALL, text: '(' }).problem).toBeNull();
  });

  it('writes tab-separated values with a heading', () => {
    const open = table();
    const lines = open
      .tsv(open.query({ ...ALL, text: 'embed' }).id)
      .join('')
      .split('\n');
    expect(lines[0]).toBe('name\tdtype\tshape\tbytes\tfile\tstart\tend\trole');
    expect(lines[1]).toBe('embed\tBF16\t[9, 2]\t36\ta.safetensors\t36\t72\tembedding');
  });

  it('keeps natural order among equals, whichever way the rest is sorted', () => {
    expect(names({ sort: 'dtype', descending: true })).toEqual(names({ sort: 'dtype' }));
    expect(names({ sort: 'file' })).toEqual(names({}));
  });

  it('finds the same as looking at every name, in blocks and with words in any order', () => {
    const many = Array.from(
      { length: 500 },
      (_, at) => `layers.${at % 7}.Experts.${at}.${at % 2 ? 'up' : 'gate'}_proj`,
    );
    const open = createTensorTable(mapOf(many.map((name, at) => tensor(name, 1, 4 * at))));
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('up', 'GATE', '3', '.4', 'experts.1', 'layers.', 'zz', 'proj'), {
          minLength: 1,
          maxLength: 3,
        }),
        (words) => {
          const { id, count } = open.query({ ...ALL, text: words.join(' ') });
          const expected = many.filter((name) =>
            words.every((word) => name.toLowerCase().includes(word.toLowerCase())),
          );
          expect(
            open
              .rows(id, 0, count)
              .map((row) => row.name)
              .sort(),
          ).toEqual(expected.sort());
        },
      ),
    );
  });

  it('brings the first rows with the answer, and remembers the last answers alone', () => {
    const open = table();
    const first = open.query(ALL);
    expect(first.first.map((row) => row.name)).toEqual(names({}));
    for (let i = 0; i < 4; i++) open.query(ALL);
    expect(() => open.rows(first.id, 0, 1)).toThrow(expect.objectContaining({ tag: 'cancelled' }));
  });

  it('says where a tensor stands, in the order and in the tree', () => {
    const open = table();
    const { id } = open.query({ ...ALL, sort: 'bytes', descending: true });
    expect(open.place(id, 'layers.2.up_proj', null)).toBe(1);
    expect(open.place(id, 'nothing', null)).toBeNull();
    expect(open.place(id, 'layers.2.up_proj', { listed: ['layers.', 'layers.2.'], otherwise: false })).toBe(4);
  });

  it('draws the tree of an answer, with counts and bytes', () => {
    const open = table();
    const { id } = open.query({ ...ALL, text: 'gate' });
    const page = open.tree({ id, open: { listed: ['layers.'], otherwise: false }, from: 0, to: 10 });
    expect(page.rows.map((row) => [row.label, row.tensors, row.bytes, row.tensor?.start ?? null])).toEqual([
      ['layers', 2, 16, null],
      ['2.gate_proj', 1, 4, 32],
      ['10.gate_proj', 1, 12, 0],
    ]);
    expect(open.tree({ id, open: { listed: [], otherwise: false }, from: 0, to: 10 }).count).toBe(1);
  });
});

describe('filters', () => {
  it('are joined by "and", their values by "or", and reach into stacks', async () => {
    const { checkpoint } = await openFixture('qwen3_moe');
    const open = createTensorTable(checkpoint.tensors, detectLayout(checkpoint));
    const count = (filter: Partial<TensorFilter>, text = '') =>
      open.query({ ...ALL, text, filter: { ...NO_FILTER, ...filter } }).count;
    expect(count({ experts: [3] })).toBe(2 * 3);
    expect(count({ experts: [3, 4], layers: [0] })).toBe(2 * 3);
    expect(count({ experts: [3], layers: [1] })).toBe(0);
    expect(count({ experts: [3] }, 'up_proj')).toBe(2);
    expect(count({ dtypes: ['F32'] })).toBe(0);
    const facets = open.facets();
    expect(facets.dtypes).toEqual([{ value: 'BF16', count: 104 }]);
    expect(facets.layers.map((each) => each.value)).toEqual([0, 1, 2]);
    expect(facets.experts).toHaveLength(12);
    for (const { value, count: held } of facets.shards) expect(count({ shards: [value] })).toBe(held);
    for (const { value, count: held } of facets.experts) expect(count({ experts: [value] })).toBe(held);
    const stacked = await openFixture('gpt_oss');
    const stacks = createTensorTable(stacked.checkpoint.tensors, detectLayout(stacked.checkpoint));
    const { experts } = stacks.facets();
    const most = experts.at(-1)?.value ?? 0;
    const held = stacks.query({ ...ALL, filter: { ...NO_FILTER, experts: [most] } });
    expect(held.count).toBe(experts.at(-1)?.count);
    expect(held.first.every((row) => row.shape[0] === most + 1)).toBe(true);
    expect(stacks.query({ ...ALL, filter: { ...NO_FILTER, experts: [most + 1] } }).count).toBe(0);
  });
});

describe('half a million names', () => {
  it('are put in order, searched, filtered and hung into a tree', () => {
    const named = function* () {
      for (let layer = 0; layer < 217; layer += 1) {
        for (let expert = 0; expert < 768; expert += 1) {
          for (const part of ['down', 'gate', 'up']) {
            yield tensor(`model.layers.${layer}.mlp.experts.${expert}.${part}_proj.weight`, 1, 0);
          }
        }
      }
    };
    const open = createTensorTable(mapOf(named()));
    const all = open.query(ALL);
    expect([all.count, all.bytes]).toEqual([499_968, 4 * 499_968]);
    expect(open.rows(all.id, 499_967, 499_968)[0]?.name).toBe('model.layers.216.mlp.experts.767.up_proj.weight');
    expect(open.query({ ...ALL, text: 'experts.767. gate' }).count).toBe(217);
    expect(open.query({ ...ALL, text: 'l216e767u', mode: 'fuzzy' }).count).toBe(1);
    const filter = { ...NO_FILTER, layers: [3, 4], experts: [700] };
    expect(open.query({ ...ALL, filter }).count).toBe(6);
    const { count, rows } = open.tree({ id: all.id, open: { listed: [], otherwise: true }, from: 0, to: 2 });
    expect(count).toBe(1 + 217 * (1 + 768 * 4));
    expect(rows.map((row) => [row.label, row.tensors])).toEqual([
      ['model.layers', 499_968],
      ['0.mlp.experts', 2304],
    ]);
  });
});
