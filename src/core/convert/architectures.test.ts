import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../checkpoint/open.ts';
import { architectureOf } from '../layouts/architecture-rules.ts';
import { ARCHITECTURES } from '../layouts/architecture-table.ts';
import { type Headers, readRealNames } from '../layouts/checkpoints.fixture.ts';
import { detectLayout } from '../layouts/detect.ts';
import { layoutId } from '../layouts/dialects.ts';
import { syntheticConfig, syntheticHeaders } from '../layouts/rows.fixture.ts';
import type { LayerGroup } from '../layouts/types.ts';
import { convertFiles } from '../plan/quantised.fixture.ts';
import type { Target } from '../plan/types.ts';
import { type DType, isDType } from '../safetensors/dtype.ts';
import type { FileSet } from '../source/types.ts';
import { allTensors, FIXTURES, filesOf, safetensorsBytes, sameTensor } from '../testing.fixture.ts';
import { verifyCheckpoints } from '../verify/verify.ts';

interface Named {
  readonly config: Readonly<Record<string, unknown>>;
  readonly disk: Headers;
}

const PUBLISHED: Readonly<Record<string, Named>> = JSON.parse(
  readFileSync(join(FIXTURES, 'architectures/published.json'), 'utf8'),
);

const dtypeOf = (name: string): DType => (isDType(name) ? name : 'BF16');

/** A checkpoint of these names with bytes of its own. */
function filesFor({ config, disk }: Named): FileSet {
  const tensors = Object.entries(disk).map(([name, { dtype, shape }]) => ({ name, dtype: dtypeOf(dtype), shape }));
  const file = typeof config.model_type === 'string' ? 'config.json' : 'params.json';
  return filesOf({ 'model.safetensors': safetensorsBytes(tensors), [file]: JSON.stringify(config) });
}

/**
 * Findings that are right about a fixture: transformers writes no layers of multi-token prediction, and leaves their
 * promise; it writes gate and up of LongCat's zero-computation experts.
 */
const RIGHT = ['mtp-absent', 'expert-unused'];

async function inspected(files: FileSet) {
  const checkpoint = await openCheckpoint(files);
  const layout = detectLayout(checkpoint);
  const groups = layout.groups.filter(({ kind }) => kind !== 'dense');
  const found = [...checkpoint.findings, ...layout.defects, ...groups.flatMap(({ defects }) => defects)];
  return { checkpoint, layout, groups, findings: found.filter(({ tag }) => !RIGHT.includes(tag)) };
}

const TARGETS: readonly Target[] = ['per-expert', 'gate-up', 'gate-up-transposed', 'gate-up-interleaved', 'stacked'];

/** The first target that takes a checkpoint into another layout, and what that gives. */
async function away(files: FileSet, family: string) {
  const reasons: string[] = [];
  for (const target of TARGETS) {
    if (target === family) continue;
    const made = await convertFiles(files, target);
    if (made.refusal === null) return { target, files: made.files };
    reasons.push(`${target}: ${made.refusal}`);
  }
  throw new Error(reasons.join('\n'));
}

/** Transformers writes `blocks` for the layers of Kimi K2.5, an accident of undoing its own rename: no name leads back to it. */
const ONE_WAY = new Set(['kimi_k25']);

/** A checkpoint goes to another layout and comes back: proven equal both ways, and to the byte where its layout is a target. */
async function thereAndBack(files: FileSet): Promise<void> {
  const { checkpoint, layout, groups } = await inspected(files);
  const family = layout.layout;
  const there = await away(files, family);
  const other = await openCheckpoint(there.files);
  const [left, right] = [
    { files, checkpoint },
    { files: there.files, checkpoint: other },
  ];
  expect(await verifyCheckpoints(left, right)).toMatchObject({ equal: true, differences: [] });
  if (!ONE_WAY.has(layout.modelType ?? ''))
    expect(await verifyCheckpoints(right, left)).toMatchObject({ equal: true, differences: [] });
  const row = architectureOf(layout.modelType);
  const home = TARGETS.find((target) => target === family);
  if (!home) return;
  const back = await convertFiles(there.files, home);
  expect(back.refusal).toBeNull();
  const returned = detectLayout(await openCheckpoint(back.files));
  const ids = (all: readonly LayerGroup[]) =>
    new Set(all.flatMap((group) => (group.layout ? [layoutId(group.layout)] : [])));
  const [before, after] = [ids(groups), ids(returned.groups)];
  if ([...before].join() !== [...after].join()) return;
  const renames = row && [...row.tails, ...row.siblings, ...row.prefixes].length > 0;
  if (ONE_WAY.has(layout.modelType ?? '') || (home === 'gate-up' && renames)) {
    // `gate-up` has the names of transformers' memory, not the Hub's: equal, under other names
    const last = { files: back.files, checkpoint: await openCheckpoint(back.files) };
    expect(await verifyCheckpoints(left, last)).toMatchObject({ equal: true, differences: [] });
    return;
  }
  const [first, last] = await Promise.all([allTensors(files), allTensors(back.files)]);
  expect([...last.keys()].sort()).toEqual([...first.keys()].sort());
  for (const [name, tensor] of first) expect(sameTensor(tensor, last.get(name)), name).toBe(true);
}

/** What transformers itself wrote and nothing here takes further, with the reason. */
const EXCEPTIONS: Readonly<Record<string, string>> = {
  qwen3_vl_moe: 'orientation-ambiguous',
  qwen3_vl_moe_text: 'orientation-ambiguous',
};

const REAL = Object.entries(readRealNames()).filter(
  ([type, { disk }]) =>
    EXCEPTIONS[type] === undefined && Object.keys(disk).some((name) => /\.experts\.|_linear/.test(name)),
);

describe.each<[string, readonly [string, Named][]]>([
  ['as published', Object.entries(PUBLISHED)],
  ['as transformers 5.17 wrote it', REAL],
])('%s', (_, all) => {
  it.each(all)('%s: no finding, its layout named, there and back equal', async (type, named) => {
    const files = filesFor(named);
    const { layout, groups, findings } = await inspected(files);
    expect(findings).toEqual([]);
    const row = architectureOf(layout.modelType);
    // a composite config has a row of its own or is read as its text part's
    expect(
      [type, `${type}_text`].some((each) => row?.modelTypes.includes(each)),
      type,
    ).toBe(true);
    expect(groups.some(({ kind }) => kind === 'moe')).toBe(true);
    const ids = (row?.disk ?? []).map(layoutId);
    for (const group of groups) {
      expect(group.reason).toBeNull();
      if (group.layout) expect(ids).toContain(layoutId(group.layout));
      if (group.layout) expect(group.router.length, group.prefix).toBeGreaterThan(0);
    }
    await thereAndBack(files);
  });
});

describe('every row of the table, in its own spelling', () => {
  const rows = ARCHITECTURES.filter((row) => row.unsupported === null).flatMap((row) =>
    row.disk.flatMap((layout, at) =>
      layout.dialect === 'gpt-oss-mxfp4' ? [] : ([[row.modelTypes[0] ?? '', layoutId(layout), row, at]] as const),
    ),
  );
  it.each(rows)('%s from %s: no finding but that it is cut, there and back equal', async (type, id, row, at) => {
    const named = Object.fromEntries(
      syntheticHeaders(row, at, 4, 6).map(([name, shape, dtype = 'BF16']) => [name, { dtype, shape }]),
    );
    const config =
      row.tells.length > 0 ? { ...syntheticConfig(row, type), model_type: type } : syntheticConfig(row, type);
    const files = filesFor({ config, disk: named });
    const { groups, findings } = await inspected(files);
    // Experts of one layer, and nothing else of a model.
    expect(findings).toMatchObject([
      { tag: 'tensor-missing', message: expect.stringMatching(/^The checkpoint has only experts/) },
    ]);
    expect(groups.map(({ layout }) => layout && layoutId(layout))).toEqual([id]);
    await thereAndBack(files);
  });
});

it('every model type of remote code has a fixture of its own or shares one’s row', () => {
  const shown = new Set(Object.keys(PUBLISHED));
  const lacking = ARCHITECTURES.filter((row) => row.remote && !row.modelTypes.some((type) => shown.has(type)));
  expect(lacking.flatMap(({ modelTypes }) => modelTypes)).toEqual([
    'bailing_moe',
    'bailing_moe_v2',
    'bailing_moe_linear',
    'kimi_k2',
    'interns1_pro',
  ]);
});
