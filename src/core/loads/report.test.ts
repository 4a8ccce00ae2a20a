import { describe, expect, it } from 'vitest';
import { svgOf } from '../layouts/drawing/svg.ts';
import { loadsJson, loadsMarkdown, loadsPicture } from './report.ts';
import type { ProgramVerdict } from './types.ts';

const VERDICT: ProgramVerdict = {
  id: 'engine',
  title: 'Engine | <b>',
  version: '1.0',
  verdict: 'partial',
  missing: ['a', 'b'],
  unexpected: [],
  mismatched: [],
  evidence: { kind: 'run', source: 'a run', date: '2026-11-22' },
  cure: 'gate-up',
  needs: ['A flag.'],
};
const LOADS: ProgramVerdict = { ...VERDICT, id: 'other', title: 'Other', verdict: 'loads', missing: [], cure: null };

describe('a report of verdicts', () => {
  it('is one Markdown table in the order that was asked for, and hostile text stays text', () => {
    const lines = loadsMarkdown('org/`name', [VERDICT, LOADS]).split('\n');
    expect(lines[0]).toMatch(/^## Which programs load <code>/);
    expect(lines[2]).toBe('1 of 2 programs load it; 1 starts with wrong weights.');
    expect(lines.filter((line) => line.startsWith('| '))).toHaveLength(4);
    expect(lines[6]).toBe(
      '| Engine \\| &lt;b> (1.0) | Wrong weights | It starts without an error, but 2 expert tensors have random values. Needs: A flag. | Run, 2026-11-22: a run | `gate-up` |',
    );
    expect(lines[7]).toContain('| Other (1.0) | Loads |');
  });

  it('is the object of loads --json with every name', () => {
    expect(loadsJson([VERDICT]).consumers[0]).toMatchObject({ id: 'engine', missing: ['a', 'b'], inference: null });
  });

  it('is a picture whose columns do not touch and whose rows all have their words', () => {
    const rows = [VERDICT, LOADS].map(({ title, version, verdict, cure }) => {
      return { title, version, verdict, cure, sentence: `What ${title} does.` };
    });
    const picture = loadsPicture('org/name', rows);
    const file = svgOf(picture, { scheme: 'dark', notes: ['org/name@1234'] });
    for (const text of ['Wrong weights', 'What Other does.', 'gate-up', 'org/name@1234', '&lt;b'])
      expect(file).toContain(text);
    const words = picture.marks.flatMap((mark) => (mark.kind === 'words' ? [mark] : []));
    expect(words).toHaveLength(5 * 3);
    for (const [at, word] of words.entries()) {
      const next = words[at + 1];
      if (next && next.y === word.y) expect(next.x).toBeGreaterThan(word.x + word.text.length * 12 * 0.6);
      expect(word.x + word.text.length * 12 * 0.6).toBeLessThanOrEqual(picture.width);
    }
  });
});
