import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { DType } from './dtype.ts';
import type { DTypeRow } from './dtype-rows.ts';

/** Two dtypes that the format does not have: all that is said of them is their rows. */
const NEW_ROWS = {
  /** Four bits of fraction instead of E4M3's three; every code is a number. */
  F8_E3M4: { kind: 'float', bits: 8, exponent: 3, mantissa: 4, bias: 3, specials: 'none' },
  /** Four integers in a byte. */
  I2: { kind: 'integer', bits: 2, signed: true },
} as const satisfies Record<string, DTypeRow>;

const F8 = 'F8_E3M4' as string as DType;
const I2 = 'I2' as string as DType;

/** 1 = 0 011 0000, −2.5 = 1 100 0100, the least number 0 000 0001 = 2^-6, the largest 0 111 1111 = 31, and −0. */
const F8_BYTES = Uint8Array.of(0x30, 0xc4, 0x01, 0x7f, 0x80);
/** 1, 0, −1, −2 and 1, 1, 0, 0, from the lowest bits up. */
const I2_BYTES = Uint8Array.of(0b10_11_00_01, 0b00_00_01_01);

/** The modules as they are when the table has two more rows. */
async function load() {
  vi.resetModules();
  vi.doMock('./dtype-rows.ts', async (original) => {
    const { DTYPE_ROWS } = await original<typeof import('./dtype-rows.ts')>();
    return { DTYPE_ROWS: { ...DTYPE_ROWS, ...NEW_ROWS } };
  });
  const core = await import('../index.ts');
  const fixture = await import('../testing.fixture.ts');
  return {
    core,
    ...fixture,
    ...(await import('./tensor-size.ts')),
    ...(await import('../values/decode.ts')),
    ...(await import('../values/preview.ts')),
    ...(await import('../values/histogram.ts')),
    ...(await import('../compare/tally.ts')),
    ...(await import('../budget.ts')),
    ...(await import('../../cli/inspect.ts')),
    ...(await import('../tensors/table.ts')),
  };
}

describe('a dtype that is one more row of the table', () => {
  let house: Awaited<ReturnType<typeof load>>;

  beforeAll(async () => {
    house = await load();
  });

  afterAll(() => {
    vi.doUnmock('./dtype-rows.ts');
    vi.resetModules();
  });

  const file = () =>
    house.safetensorsBytes([
      { name: 'model.layers.0.mlp.up_proj.weight', dtype: F8, shape: [5], bytes: F8_BYTES },
      { name: 'model.layers.0.mlp.down_proj.weight', dtype: I2, shape: [2, 4], bytes: I2_BYTES },
      { name: 'model.norm.weight', dtype: 'BF16', shape: [4] },
    ]);

  const opened = async () => {
    const files = house.filesOf({ 'model.safetensors': file() });
    const checkpoint = await house.core.openCheckpoint(files);
    return { files, checkpoint, of: (name: string) => checkpoint.tensors.get(`model.layers.0.mlp.${name}.weight`) };
  };

  it('is one of the dtypes, ranked last', () => {
    expect(house.core.DTYPES.slice(-2)).toEqual([F8, I2]);
    expect(house.core.DTYPES).toHaveLength(24);
  });

  it('is written to and read from a header', () => {
    const bytes = file();
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const text = new TextDecoder().decode(bytes.subarray(8, 8 + length));
    expect(text).toContain('"dtype":"I2","shape":[2,4],"data_offsets":[0,2]');
    expect(text).toContain('"dtype":"F8_E3M4","shape":[5],"data_offsets":[2,7]');
  });

  it('has its size, and is refused where it fills no whole bytes', async () => {
    expect([house.core.bytesOf(F8, 5), house.core.bytesOf(I2, 8), house.core.bytesOf(I2, 7)]).toEqual([
      5,
      2,
      Number.NaN,
    ]);
    expect(house.exactByteCount(I2, [3n])).toBe('tensor-misaligned');
    const { of } = await opened();
    expect([of('up_proj')?.dtype, of('down_proj')?.dtype]).toEqual([F8, I2]);
  });

  it('is decoded, previewed, counted and written in digits', async () => {
    const { files, of } = await opened();
    const [up, down] = [of('up_proj'), of('down_proj')];
    if (!up || !down) throw new Error('The tensors are missing.');
    expect((await house.previewTensor(up, files)).first).toEqual([1, -2.5, 2 ** -6, 31, -0]);
    expect((await house.previewTensor(down, files)).first).toEqual([1, 0, -1, -2, 1, 1, 0, 0]);
    const found = await house.histogramTensor(down, files, { budget: house.createBudget() });
    expect(found).toMatchObject({ count: 8, zeros: 3, min: -2, max: 1, distinct: 4, exact: true });
    expect(house.formatValue(F8, -2.5)).toBe('-2.5');
  });

  it('is compared as numbers', () => {
    const tallier = house.createTallier(F8);
    tallier.add(F8_BYTES, Uint8Array.of(0x30, 0xc4, 0x01, 0x30, 0x80));
    expect(tallier.result()).toMatchObject({ different: 1, maxAbs: 30, first: { index: 3, left: '31', right: '1' } });
  });

  it('is listed by inspect', async () => {
    const { checkpoint } = await opened();
    const inspection = house.core.inspectCheckpoint(checkpoint, house.core.detectLayout(checkpoint));
    expect(inspection.parameterCounts.perDtype).toMatchObject({ [F8]: 5, [I2]: 8 });
    expect(house.describeInspection(inspection).join('\n')).toMatch(/stored as .*F8_E3M4 5/);
  });

  it('is a choice in the app’s list of dtypes, and filters by it', async () => {
    const { checkpoint } = await opened();
    const table = house.createTensorTable(checkpoint.tensors);
    expect(table.facets().dtypes).toEqual([
      { value: 'BF16', count: 1 },
      { value: F8, count: 1 },
      { value: I2, count: 1 },
    ]);
    const filter = { roles: [], dtypes: [I2], layers: [], experts: [], shards: [] };
    const { id } = table.query({ text: '', mode: 'substring', sort: 'name', descending: false, filter });
    expect(table.rows(id, 0, 10).map((row) => row.name)).toEqual(['model.layers.0.mlp.down_proj.weight']);
  });
});
