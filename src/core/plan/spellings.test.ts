import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../checkpoint/open.ts';
import { ARCHITECTURES } from '../layouts/architecture-table.ts';
import { detectLayout } from '../layouts/detect.ts';
import { DIALECTS, type DialectSpec, layoutId, layoutOf, spellingsOf } from '../layouts/dialects.ts';
import { writePart } from '../layouts/parts.ts';
import type { Assumption } from '../layouts/types.ts';
import { WRAPS } from '../layouts/wraps.fixture.ts';
import { elementsOf } from '../safetensors/dtype.ts';
import type { FileSet } from '../source/types.ts';
import { allTensors, filesOf, patternBytes, safetensorsBytes } from '../testing.fixture.ts';
import { planConversion } from './conversion.ts';
import { convertFiles } from './quantised.fixture.ts';

const [E, I, H] = [3, 3, 5];
const LAYERS = [0, 1];
type Matrix = readonly (readonly number[])[];
type Which = 'gate' | 'up' | 'down';

/** One expert's matrix, [out, in]: a number that no other place has. */
function matrixOf(layer: number, expert: number, which: Which): Matrix {
  const [rows, columns] = which === 'down' ? [H, I] : [I, H];
  const start = ((layer * E + expert) * 3 + ['gate', 'up', 'down'].indexOf(which)) * I * H;
  return Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (__, column) => start + row * columns + column),
  );
}

const turn = (matrix: Matrix): Matrix => (matrix[0] ?? []).map((_, column) => matrix.map((row) => row[column] ?? 0));
const bytesOf = (matrices: readonly Matrix[]) => new Uint8Array(new Uint16Array(matrices.flat(2)).buffer);

/** Gate and up in one matrix, as a dialect has them. Written from the dialect's description, not by the product. */
function joined(fusion: DialectSpec['fusion'], gate: Matrix, up: Matrix): Matrix {
  if (fusion === 'interleaved') return gate.flatMap((row, at) => [row, up[at] ?? []]);
  return fusion === 'up-first' ? [...up, ...gate] : [...gate, ...up];
}

function storedMatrix(row: DialectSpec, projection: string, layer: number, expert: number): Matrix {
  const of = (which: Which) => matrixOf(layer, expert, which);
  const matrix = projection === 'gate-up' ? joined(row.fusion, of('gate'), of('up')) : of(projection as Which);
  const way = projection === 'down' ? (row.downOrientation ?? row.orientation) : row.orientation;
  return way === 'in-out' ? turn(matrix) : matrix;
}

/** A checkpoint of two layers in a dialect. `spelling`: which of the spellings of each stem. */
function filesFor(row: DialectSpec, spelling: number, wrap: (name: string) => string): FileSet {
  const tensors: { name: string; dtype: 'BF16'; shape: readonly number[]; bytes?: Uint8Array }[] = [];
  const other = (name: string, shape: readonly number[]) =>
    tensors.push({ name: wrap(name), dtype: 'BF16', shape, bytes: patternBytes(name, 2 * elementsOf(shape)) });
  other('model.embed_tokens.weight', [7, H]);
  for (const layer of LAYERS) {
    const base = `model.layers.${layer}.${row.container ?? 'mlp'}.`;
    other(`${base}gate.weight`, [E, H]);
    for (const [projection, canonical] of Object.entries(row.stems)) {
      const all = spellingsOf(row).filter((each) => each.canonical === canonical);
      const { stem } = all[spelling] ?? all[0] ?? { stem: canonical };
      const matrices = Array.from({ length: E }, (_, expert) => storedMatrix(row, projection, layer, expert));
      const [rows = 0, columns = 0] = [matrices[0]?.length, matrices[0]?.[0]?.length];
      const end = writePart('weight', row.style);
      const put = (name: string, shape: readonly number[], held: readonly Matrix[]) =>
        tensors.push({ name: wrap(base + name + end), dtype: 'BF16', shape, bytes: bytesOf(held) });
      if (row.family === 'per-expert')
        matrices.forEach((matrix, expert) => {
          put(stem.replace('{i}', String(expert)), [rows, columns], [matrix]);
        });
      else put(stem, row.family === 'flat' ? [E * rows, columns] : [E, rows, columns], matrices);
    }
  }
  const type = row.toldBy === 'architecture' ? listed(row)?.modelTypes[0] : undefined;
  const config = {
    ...(type === undefined ? {} : { model_type: type }),
    num_experts: E,
    num_hidden_layers: 2,
    hidden_size: H,
  };
  return filesOf({ 'model.safetensors': safetensorsBytes(tensors), 'config.json': JSON.stringify(config) });
}

const listed = (row: DialectSpec) =>
  ARCHITECTURES.find((each) => each.disk.some((own) => layoutId(own) === layoutId(row)));

function assuming(row: DialectSpec): { readonly assume?: Assumption } {
  const layout = row.toldBy === 'assumption' ? layoutOf(layoutId(row)) : null;
  return layout ? { assume: { layout } } : {};
}

/** Each expert's matrices in a checkpoint that stores them apart, by what its layout calls them. */
async function matricesIn(files: FileSet): Promise<Map<string, number[]>> {
  const { groups } = detectLayout(await openCheckpoint(files));
  const tensors = await allTensors(files);
  const found = new Map<string, number[]>();
  for (const { members, index } of groups)
    for (const { template, projection } of members)
      for (let expert = 0; expert < E; expert += 1) {
        const { bytes } = tensors.get(template.replace('{i}', String(expert))) ?? { bytes: new Uint8Array() };
        found.set(`${index} ${expert} ${projection}`, [...new Uint16Array(Uint8Array.from(bytes).buffer)]);
      }
  return found;
}

const hasGate = ({ stems }: DialectSpec) => (stems.gate ?? stems['gate-up']) !== undefined;

function truth(row: DialectSpec): Map<string, number[]> {
  const whiches: readonly Which[] = hasGate(row) ? ['gate', 'up', 'down'] : ['up', 'down'];
  return new Map(
    LAYERS.flatMap((layer) =>
      whiches.flatMap((which) =>
        Array.from(
          { length: E },
          (_, expert) => [`${layer} ${expert} ${which}`, matrixOf(layer, expert, which).flat()] as const,
        ),
      ),
    ),
  );
}

const CASES = DIALECTS.filter(({ blocks }) => !blocks).flatMap((row) => {
  const count = Math.max(
    ...Object.values(row.stems).map((stem) => spellingsOf(row).filter(({ canonical }) => canonical === stem).length),
  );
  return Array.from({ length: count }, (_, at) => [layoutId(row), at, row] as const);
});

describe('every dialect in every spelling, there and back', () => {
  it.each(CASES)('%s, spelling %i', async (_, spelling, row) => {
    const files = filesFor(row, spelling, (name) => name);
    const apart = await convertFiles(files, 'per-expert', assuming(row));
    expect(apart.refusal).toBeNull();
    expect(await matricesIn(apart.files)).toEqual(truth(row));
    // Without gates a stack is told from a damaged one by its model type alone.
    if (!hasGate(row)) return;
    const other = (await convertFiles(apart.files, 'gate-up')).refusal === null ? 'gate-up' : 'stacked';
    const there = await convertFiles(apart.files, other);
    expect(there.refusal).toBeNull();
    const back = await convertFiles(there.files, 'per-expert', { assume: { orientation: 'out-in' } });
    expect(back.refusal).toBeNull();
    expect(await matricesIn(back.files)).toEqual(truth(row));
  });
});

describe('wrappers', () => {
  const rows = DIALECTS.filter((row) =>
    ['per-expert/projections', 'gate-up/plain', 'flat/weight'].includes(layoutId(row)),
  );
  const cases = Object.keys(WRAPS).flatMap((wrap) => rows.map((row) => [wrap, layoutId(row), row] as const));

  it.each(cases)('%s: %s loses them, and nothing else', async (wrap, _, row) => {
    const wrapped = filesFor(row, 0, WRAPS[wrap] ?? ((name) => name));
    const plain = filesFor(row, 0, (name) => name);
    for (const target of ['per-expert', 'stacked', 'gate-up'] as const) {
      const [made, wanted] = [await convertFiles(wrapped, target), await convertFiles(plain, target)];
      expect([made.refusal, wanted.refusal]).toEqual([null, null]);
      const [own, other] = [await allTensors(made.files), await allTensors(wanted.files)];
      expect([...own.keys()].sort()).toEqual([...other.keys()].sort());
      for (const [name, { bytes }] of other) expect(own.get(name)?.bytes, name).toEqual(bytes);
      const [names, bare] = [await openCheckpoint(wrapped), await openCheckpoint(plain)];
      const named = ![...names.tensors.keys()].every((name) => bare.tensors.has(name));
      const notes = made.plan.notes.filter((note) => note.includes('wrapper'));
      expect(notes).toHaveLength(named ? 1 : 0);
    }
  });

  it('are named once, with an example', async () => {
    const [row] = rows;
    if (!row) throw new Error('no row');
    const layout = detectLayout(await openCheckpoint(filesFor(row, 0, WRAPS._orig_mod ?? String)));
    expect(layout.defects).toEqual([
      {
        tag: 'names-wrapped',
        tensor: '_orig_mod.model.embed_tokens.weight',
        message: expect.stringMatching(
          /`_orig_mod\.` \(torch\.compile\), as in _orig_mod\.model\.embed_tokens\.weight/,
        ),
      },
    ]);
  });

  it('go from layers that are kept, too', async () => {
    const [row] = rows;
    if (!row) throw new Error('no row');
    const files = filesFor(row, 0, WRAPS.module ?? String);
    const { files: made } = await convertFiles(files, 'stacked', { layers: [0], keepRest: true });
    expect([...(await allTensors(made)).keys()].filter((name) => name.startsWith('module.'))).toEqual([]);
  });
});

describe('names that several dialects share', () => {
  const engine = DIALECTS.filter((row) => row.stems['gate-up'] === 'experts.w13');

  it.each(engine.map((row) => [layoutId(row), row] as const))('%s is not guessed', async (_, row) => {
    const files = filesFor({ ...row, toldBy: 'names' }, 0, (name) => name);
    const plan = planConversion(await openCheckpoint(files), 'per-expert');
    expect(plan.refusals.map(({ tag }) => tag)).toEqual(['layout-ambiguous']);
    const [refusal] = plan.refusals;
    expect(refusal?.readings?.map(({ layout }) => layoutId(layout))).toEqual(engine.map(layoutId));
    expect(refusal?.message).toMatch(/^layers 0–1: .*--assume gate-up\/w13/);
    const layout = layoutOf(layoutId(row));
    const assumed = planConversion(await openCheckpoint(files), 'per-expert', layout ? { assume: { layout } } : {});
    expect(assumed.notes[0]).toBe(
      `The experts are read as ${layoutId(row)} because you assumed it. The files do not say it.`,
    );
  });
});
