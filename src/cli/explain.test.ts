import { describe, expect, it } from 'vitest';
import { GLOSSARY, TERM_IDS } from '../core/index.ts';
import { json, run } from './run.fixture.ts';

describe('explain', () => {
  it('explains one term by any of its spellings', async () => {
    for (const words of [['ep'], ['EP'], ['expert', 'parallelism']]) {
      const { code, stdout } = await run('explain', ...words);
      expect(code).toBe(0);
      expect(stdout).toBe(`expert parallelism (EP): ${GLOSSARY.ep.says}\n`);
    }
  });

  it('lists every term without one', async () => {
    const { stdout } = await run('explain');
    expect(stdout.trim().split('\n')).toHaveLength(TERM_IDS.length);
    expect((await json('explain', 'gate-up')).value).toEqual({
      version: 1,
      terms: [{ id: 'gate-up', ...GLOSSARY['gate-up'] }],
    });
  });

  it('says where the terms are when it does not know one', async () => {
    const { code, stderr } = await run('explain', 'toString');
    expect(code).toBe(2);
    expect(stderr).toContain('Run "moe-loom explain" for the list of terms. [usage]');
  });
});
