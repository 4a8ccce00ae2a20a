import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { architectureOf } from './core/layouts/architecture-rules.ts';
import { ARCHITECTURES } from './core/layouts/architecture-table.ts';
import { checkpointOf, readRealNames } from './core/layouts/checkpoints.fixture.ts';
import { detectLayout } from './core/layouts/detect.ts';
import { dialectOf } from './core/layouts/dialects.ts';
import { inDialect } from './core/layouts/made-up.ts';
import { compatIndex, compatMarkdown } from './core/loads/compat-markdown.ts';
import { COMPAT_TYPES, type CompatPage, compatOf } from './core/programs/compat.ts';
import { predictLoads } from './core/programs/loading.ts';

const FOLDER = fileURLToPath(new URL('../docs/compat/', import.meta.url));
const PAGES: readonly CompatPage[] = COMPAT_TYPES.flatMap((type) => compatOf(type) ?? []);
const REAL = readRealNames();

describe('which layout loads where', () => {
  it('has a page for every model type, made by `npx vitest run --project node src/compat.test.ts -u`', async () => {
    for (const page of PAGES)
      await expect(compatMarkdown(page)).toMatchFileSnapshot(`../docs/compat/${page.modelType}.md`);
    await expect(compatIndex(PAGES)).toMatchFileSnapshot('../docs/compat/README.md');
    const names = [...COMPAT_TYPES.map((type) => `${type}.md`), 'README.md'];
    expect(readdirSync(FOLDER).sort()).toEqual(names.sort());
  });

  it('names every model type of the table once', () => {
    expect([...COMPAT_TYPES].sort()).toEqual(ARCHITECTURES.flatMap(({ modelTypes }) => modelTypes).sort());
    expect(new Set(COMPAT_TYPES).size).toBe(COMPAT_TYPES.length);
    expect(compatOf('no_such_type')).toBeNull();
  });

  it('could not make a checkpoint of two model types alone', () => {
    const without = PAGES.filter(({ layouts }) => layouts.length === 0).map(({ modelType }) => modelType);
    expect(without).toEqual(['ernie4_5_vl_moe', 'ernie4_5_vl_moe_text']);
  });

  it('says of a made-up checkpoint what the names that transformers wrote get', () => {
    const compared = PAGES.filter(({ modelType, layouts }) => {
      const [spec, real] = [dialectOf(architectureOf(modelType)?.disk[0] ?? null), REAL[modelType]];
      const checkpoint = spec && real && inDialect(checkpointOf(real.disk, withBothKeys(modelType)), spec);
      if (!checkpoint || UNLIKE.has(modelType)) return false;
      const verdicts = predictLoads(checkpoint, detectLayout(checkpoint)).map(({ id, verdict }) => [id, verdict]);
      expect(
        layouts[0]?.answers.map(({ id, verdict }) => [id, verdict]),
        modelType,
      ).toEqual(verdicts);
      return true;
    });
    expect(compared.length).toBeGreaterThan(45);
  });
});

/** The config of the fixture counts layers that its tensors do not have, which the made-up one does not. */
const UNLIKE: ReadonlySet<string> = new Set(['longcat_flash']);

/** The number of experts under the keys of transformers 4 and 5 alike, as the made-up config has it. */
function withBothKeys(modelType: string): Record<string, unknown> {
  const config = REAL[modelType]?.config ?? {};
  const { v4, v5 } = architectureOf(modelType)?.countKeys ?? { v4: '', v5: '' };
  const count = config[v4] ?? config[v5];
  return count === undefined ? config : { ...config, [v4]: count, [v5]: count };
}
