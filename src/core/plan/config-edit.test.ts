import { describe, expect, it } from 'vitest';
import { editConfig } from './config-edit.ts';

const change = (key: string, after: unknown) => ({ key, before: undefined, after, reason: '' });

describe('editing config.json', () => {
  it('adds a key in its alphabetical place and leaves every other character alone', () => {
    const text = '{\n  "eps": 1e-06,\n  "num_local_experts": 12,\n  "theta": 10000.0\n}\n';
    expect(editConfig(text, [change('num_experts', 12)])).toBe(
      '{\n  "eps": 1e-06,\n  "num_experts": 12,\n  "num_local_experts": 12,\n  "theta": 10000.0\n}\n',
    );
  });

  it('replaces a value, also an array, also inside a nested object', () => {
    const text = '{"a": ["X",\n "Y"], "text_config": {"n": 1, "s": "}\\""}, "z": NaN}';
    expect(editConfig(text, [change('a', ['Z']), change('text_config.n', 2), change('text_config.q', 3)])).toBe(
      '{"a": [\n  "Z"\n], "text_config": {"n": 2, "q": 3, "s": "}\\""}, "z": NaN}',
    );
  });

  it('takes a member out with one comma, first, between and last', () => {
    const gone = (key: string) => ({ ...change(key, null), removed: true as const });
    expect(editConfig('{\n  "a": {"x": [1, "}"]},\n  "b": 2\n}', [gone('a')])).toBe('{\n  "b": 2\n}');
    expect(editConfig('{"a": 1, "b": {"c": 1}, "d": 2}', [gone('b')])).toBe('{"a": 1, "d": 2}');
    expect(editConfig('{\n  "a": 1,\n  "b": 2\n}', [gone('b')])).toBe('{\n  "a": 1\n}');
    expect(editConfig('{"t": {"q": 1}, "a": 1}', [gone('t.q'), gone('nothing')])).toBe('{"t": {}, "a": 1}');
  });

  it('fills an empty object and ignores a path that is not there', () => {
    expect(editConfig('{}', [change('a', 1), change('b.c', 1)])).toBe('{"a": 1}');
  });
});
