import { describe, expect, it } from 'vitest';
import { checkpointOf, readFixture } from '../layouts/checkpoints.fixture.ts';
import { detectLayout } from '../layouts/detect.ts';
import { meaningWords, parseSearch, SYNONYMS } from './synonyms.ts';
import { createTensorTable } from './table.ts';
import type { TensorQuery } from './types.ts';

const ALL: TensorQuery = {
  text: '',
  mode: 'substring',
  sort: 'name',
  descending: false,
  filter: { roles: [], dtypes: [], layers: [], experts: [], shards: [] },
};

function search(modelType: string, text: string, mode: TensorQuery['mode'] = 'substring') {
  const { hub } = readFixture(modelType);
  const table = createTensorTable(hub.tensors, detectLayout(hub));
  const { id, count, meanings } = table.query({ ...ALL, text, mode });
  return { names: table.rows(id, 0, count).map(({ name }) => name), meanings };
}

describe('parseSearch', () => {
  it('takes the longest phrase of the table first', () => {
    expect(parseSearch('Router  bias q').map(({ words, meaning }) => [words, meaning?.kind])).toEqual([
      [['router', 'bias'], 'role'],
      [['q'], undefined],
    ]);
    expect(parseSearch('lm head')).toHaveLength(1);
    expect(parseSearch('lm layer')).toHaveLength(2);
  });

  it('reads layers and experts with their numbers', () => {
    expect(parseSearch('layer 3 experts 5 L47 e99').map(({ meaning }) => meaning)).toEqual([
      { kind: 'layer', said: 'layer 3', number: 3 },
      { kind: 'expert', said: 'experts 5', number: 5 },
      { kind: 'layer', said: 'l47', number: 47 },
      { kind: 'expert', said: 'e99', number: 99 },
    ]);
    expect(parseSearch('expert')).toEqual([{ words: ['expert'], meaning: null }]);
    expect(parseSearch(' ')).toEqual([]);
  });

  it('has no phrase twice, and every phrase as it is parsed', () => {
    const phrases = SYNONYMS.flatMap(({ said }) => said);
    expect(new Set(phrases).size).toBe(phrases.length);
    for (const { said, roles } of SYNONYMS)
      for (const phrase of said) expect(parseSearch(phrase)[0]?.meaning).toEqual({ kind: 'role', said: phrase, roles });
  });

  it('says what a word was taken for', () => {
    const sentences = parseSearch('router e5 layer 3').map(({ meaning }) => meaning && meaningWords(meaning));
    expect(sentences).toEqual([
      '“router” also finds tensors by their role: router or router bias.',
      '“e5” finds the tensors of expert 5 and the stacks that hold it.',
      '“layer 3” finds the tensors of layer 3.',
    ]);
  });
});

describe('a search by words', () => {
  it('finds routers that names call gates', () => {
    const { names, meanings } = search('qwen3_moe', 'router');
    expect(names).toEqual(['model.layers.0.mlp.gate.weight', 'model.layers.2.mlp.gate.weight']);
    expect(meanings).toEqual([{ kind: 'role', said: 'router', roles: ['router', 'router-bias'] }]);
    expect(search('qwen3_moe', 'router', 'fuzzy').meanings).toEqual([]);
    expect(search('qwen3_moe', 'router', 'regex').names).toEqual([]);
  });

  it('finds projections under other letters', () => {
    const down = search('mixtral', 'down_proj layer 1').names;
    expect(down).toHaveLength(8);
    expect(down.every((name) => name.startsWith('model.layers.1.') && name.endsWith('.w2.weight'))).toBe(true);
    expect(search('gpt_oss', 'gate layer 0').names).toContain('model.layers.0.mlp.experts.gate_up_proj');
  });

  it.each([
    ['lm head', ['lm_head.weight']],
    ['embedding', ['model.embed_tokens.weight']],
    ['norm layer 0', 4],
    ['attention layer 1', 5],
    ['expert 5', 6],
    ['l0 e5', 3],
    ['expert 5 down', 2],
    ['router self_attn', []],
  ])('%s', (text, expected) => {
    const { names } = search('qwen3_moe', text);
    expect(typeof expected === 'number' ? names.length : names).toEqual(expected);
  });

  it('reaches into stacks', () => {
    const { names } = search('gpt_oss', 'expert 5 layer 1');
    expect(names.length).toBeGreaterThan(3);
    expect(names.every((name) => name.includes('.layers.1.mlp.experts.'))).toBe(true);
    expect(search('gpt_oss', 'expert 500').names).toEqual([]);
  });

  it('still finds what only the letters of a name say', () => {
    const checkpoint = checkpointOf({ 'a.router_thing': { dtype: 'BF16', shape: [1] } }, null);
    const table = createTensorTable(checkpoint.tensors, detectLayout(checkpoint));
    expect(table.query({ ...ALL, text: 'router' }).count).toBe(1);
  });
});

describe('the role of tensors in a table', () => {
  const { hub } = readFixture('deepseek_v3');
  const table = createTensorTable(hub.tensors, detectLayout(hub));
  const count = (roles: TensorQuery['filter']['roles']) =>
    table.query({ ...ALL, filter: { ...ALL.filter, roles } }).count;

  it('is a filter, counted like the facet says', () => {
    const { roles } = table.facets();
    expect(roles.map(({ value }) => value)).toContain('router-bias');
    for (const { value, count: held } of roles) expect(count([value])).toBe(held);
    expect(count(['gate', 'up'])).toBe(count(['gate']) + count(['up']));
    expect(count(['vision'])).toBe(0);
  });

  it('sorts and stands in every row', () => {
    const { id, first } = table.query({ ...ALL, sort: 'role' });
    expect(first[0]?.role).toBe('router');
    expect(table.query({ ...ALL, sort: 'role', descending: true }).first[0]?.role).toBe('head');
    expect(table.rows(id, 0, 1)[0]).toMatchObject({ layer: 1, expert: null, stack: 0 });
    expect(table.row('lm_head.weight')?.role).toBe('head');
    expect(table.row('nothing')).toBeNull();
  });

  it('says in which layers what was found stands', () => {
    expect(table.layers(table.query({ ...ALL, text: 'router' }).id)).toEqual([1, 2]);
    expect(table.layers(table.query({ ...ALL, text: 'lm head' }).id)).toEqual([]);
  });
});
