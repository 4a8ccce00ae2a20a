import { describe, expect, it } from 'vitest';
import { GLOSSARY, type GlossaryTerm, TERM_IDS, termOf } from './glossary.ts';
import { DIALECTS } from './layouts/dialects.ts';

const terms = TERM_IDS.map((id): GlossaryTerm & { id: string } => ({ id, ...GLOSSARY[id] }));

describe('the glossary', () => {
  it.each(terms)('$term: one sentence, which does not explain the term by itself', ({ term, says }) => {
    expect(says).toMatch(/^[A-Z].*[^.]\.$/);
    expect(says.slice(0, -1)).not.toMatch(/\. [A-Z]/);
    expect(says.length).toBeLessThanOrEqual(160);
    expect(says.toLowerCase().startsWith(term.toLowerCase())).toBe(false);
  });

  it('gives each spelling to one term', () => {
    const spellings = terms.flatMap(({ term, also = [], id }) => [
      ...new Set([id, term, ...also].map((word) => word.toLowerCase())),
    ]);
    expect(spellings.filter((word, at) => spellings.indexOf(word) !== at)).toEqual([]);
    for (const { id, term, also = [] } of terms)
      for (const word of [term, ...also]) expect(termOf(word.toUpperCase())?.id).toBe(id);
  });

  it('explains every family of layouts', () => {
    for (const family of new Set(DIALECTS.map((row) => row.family))) expect(termOf(family)?.id).toBe(family);
  });

  it('does not explain other words', () => {
    expect(termOf('toString')).toBeNull();
    expect(termOf('')).toBeNull();
  });
});
