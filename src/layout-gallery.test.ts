import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { ARCHITECTURES } from './core/layouts/architecture-table.ts';
import { DIALECTS, layoutId } from './core/layouts/dialects.ts';
import { dialectGlyph, SHOWN } from './core/layouts/drawing/dialect-glyph.ts';
import { glyphPicture } from './core/layouts/drawing/glyph-picture.ts';
import { svgOf } from './core/layouts/drawing/svg.ts';
import { whoLoads } from './layout-gallery.fixture.ts';

const FOLDER = fileURLToPath(new URL('../docs/layouts/', import.meta.url));
const fileOf = (id: string) => `${id.replace('/', '-')}.svg`;

/** The page's entry for a dialect: its picture, who writes it, which model types are stored so, who loads it. */
function entry(row: (typeof DIALECTS)[number]): string {
  const id = layoutId(row);
  const types = (which: 'disk' | 'memory') =>
    ARCHITECTURES.filter(({ disk, memory }) =>
      (which === 'disk' ? disk : memory ? [memory] : []).some((each) => layoutId(each) === id),
    ).flatMap(({ modelTypes }) => modelTypes);
  const listed = (found: readonly string[]) =>
    found.length > 8 ? `${found.slice(0, 8).join(', ')} and ${found.length - 8} more` : found.join(', ');
  const [disk, memory] = [types('disk'), types('memory')];
  const told = {
    names: '',
    architecture: ' Read only where the model type lists it.',
    assumption: ` Read only with \`--assume ${id}\`.`,
  }[row.toldBy ?? 'names'];
  return [
    `### \`${id}\`\n`,
    `![${glyphPicture(dialectGlyph(row) ?? { experts: 0, weights: [], companions: [] }, id).description}](layouts/${fileOf(id)})\n`,
    `Written by ${row.by}.${told}`,
    ...(disk.length > 0 ? [`On the Hub: ${listed(disk)}.`] : []),
    ...(memory.length > 0 ? [`In the memory of transformers 5: ${listed(memory)}.`] : []),
    '',
    whoLoads(row),
  ].join('\n');
}

describe('the gallery of layouts', () => {
  it.each(DIALECTS.map((row) => [layoutId(row), row] as const))('has the picture of %s', async (id, row) => {
    const glyph = dialectGlyph(row);
    if (!glyph) throw new Error(`${id} has no glyph`);
    const notes = [`moe-loom · ${SHOWN.experts} experts of ${SHOWN.intermediate} × ${SHOWN.hidden}`];
    await expect(svgOf(glyphPicture(glyph, id), { scheme: 'light', notes })).toMatchFileSnapshot(
      `../docs/layouts/${fileOf(id)}`,
    );
  });

  it('has every dialect and no other', async () => {
    expect(readdirSync(FOLDER).sort()).toEqual(DIALECTS.map((row) => fileOf(layoutId(row))).sort());
    const path = fileURLToPath(new URL('../docs/layouts.md', import.meta.url));
    const page = readFileSync(path, 'utf8');
    const [before] = page.split('<!-- gallery -->');
    const text = `${before}<!-- gallery -->\n\n${DIALECTS.map(entry).join('\n')}`;
    await expect(text).toMatchFileSnapshot('../docs/layouts.md');
  });
});
