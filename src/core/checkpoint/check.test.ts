import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openLocal } from '../source/folder.node.ts';
import { FIXTURES } from '../testing.fixture.ts';
import { checkFiles } from './check.ts';

const CORPUS = join(FIXTURES, 'safetensors');
const manifest: { file: string; strict: boolean }[] = JSON.parse(readFileSync(join(CORPUS, 'manifest.json'), 'utf8'));
const indexes: { dir: string; valid: boolean; warn?: string }[] = JSON.parse(
  readFileSync(join(CORPUS, 'index-manifest.json'), 'utf8'),
);
const WARNINGS: Readonly<Record<string, string>> = { total_size: 'total-size-wrong', unindexed: 'tensor-orphan' };

describe('check', () => {
  it('gives all strict verdicts of the corpus', { timeout: 120_000 }, async () => {
    expect(manifest).toHaveLength(223);
    const wrong: string[] = [];
    // Alone: to list the folder of 223 files for each of them would be all that takes time here.
    for (const { file, strict } of manifest) {
      const result = await checkFiles(await openLocal(join(CORPUS, 'files', file), { alone: true }));
      const [checked] = result.files;
      if (checked?.valid !== strict || (checked.error === null) !== strict)
        wrong.push(`${file}: ${checked?.error?.tag ?? 'valid'}`);
    }
    expect(wrong).toEqual([]);
  });

  it.each(indexes)('$dir', async ({ dir, valid, warn }) => {
    const { files, findings } = await checkFiles(await openLocal(join(CORPUS, dir)));
    const index = files.find((file) => file.file.endsWith('.index.json'));
    expect(index?.valid).toBe(valid);
    expect(files.filter((file) => !file.file.endsWith('.index.json')).every((file) => file.valid)).toBe(true);
    expect(findings.map((finding) => finding.tag)).toEqual(warn === undefined ? [] : [WARNINGS[warn]]);
  });
});
