import { describe, expect, it } from 'vitest';
import type { FileSet } from '../../src/core/index.ts';
import { blobFiles, openCheckpoint } from '../../src/core/index.ts';
import { openLocal } from '../../src/core/source/folder.node.ts';
import { hubFolder } from '../../src/core/testing.fixture.ts';
import { change, convertedTo, edited, fixtureSide, type Tensors } from '../../src/core/verify/planting.fixture.ts';
import type { SourceDescriptor } from '../inspect/protocol.ts';
import type { InspectSession } from '../inspect/session.ts';
import { PROOFS } from './protocol.ts';
import { createCompareService } from './session.ts';

/** The left side as dropped files, which a worker can open itself. */
async function leftSide(): Promise<{ readonly descriptor: SourceDescriptor; readonly files: FileSet }> {
  const files = await openLocal(hubFolder('qwen3_moe'));
  const named = await Promise.all(
    (await files.list()).map(async ({ name, byteLength }) => {
      const source = await files.open(name);
      const bytes = await source.read({ start: 0, end: byteLength });
      await source.dispose?.();
      return { path: name, file: new File([bytes], name) };
    }),
  );
  return { descriptor: { kind: 'files', name: 'qwen3_moe', files: named }, files: blobFiles('qwen3_moe', named) };
}

async function serviceWith(plant: (tensors: Tensors) => void = () => {}) {
  const left = await leftSide();
  const fused = await convertedTo(await fixtureSide('qwen3_moe'), 'gate-up');
  if (!fused) throw new Error('no fused form');
  const right = await edited(fused, plant);
  const session = { ...right, dispose: async () => {} } as unknown as InspectSession;
  return createCompareService(await openCheckpoint(left.files), left.descriptor, session);
}

const GATE_UP = 'model.layers.0.mlp.experts.gate_up_proj';
const flip = (tensors: Tensors) =>
  change(tensors, GATE_UP, (tensor) => {
    const bytes = tensor.bytes.slice();
    bytes[5 * 96 * 64 * 2] = (bytes[5 * 96 * 64 * 2] ?? 0) ^ 1;
    return { ...tensor, bytes };
  });
const quiet = () => {};
const signal = new AbortController().signal;

describe('the compare service', () => {
  it('lists layers, then what is open of them, in pages', async () => {
    const service = await serviceWith();
    const closed = service.page({ show: 'all', open: [] }, 0, 10);
    expect(closed.rows.map((row) => [row.label, row.pairs, row.status])).toEqual([
      ['Outside of layers', 3, 'moved'],
      ['Layer 0', 45, 'reshaped'],
      ['Layer 1', 11, 'moved'],
      ['Layer 2', 45, 'reshaped'],
    ]);
    const [, layer] = closed.rows;
    const open = { show: 'all', open: [layer?.key ?? '', '0.7'] } as const;
    const page = service.page(open, 0, 100);
    expect(page.count).toBe(4 + 9 + 12 + 3);
    const at = service.placeOf(open, { kind: 'expert', group: 0, expert: 7 }) ?? -1;
    expect(page.rows.slice(at, at + 4).map((row) => [row.level, row.label, row.facts?.projection ?? null])).toEqual([
      [2, 'Expert 7', null],
      [3, '', 'gate'],
      [3, '', 'up'],
      [3, '', 'down'],
    ]);
    expect(service.page(open, at, at + 1).rows).toEqual([page.rows[at]]);
    expect(service.page({ show: 'all', open: 'all' }, 0, 1).count).toBe(4 + 24 + 104);
    expect(service.page({ show: 'differences', open: 'all' }, 0, 10)).toEqual({ count: 0, rows: [] });
  });

  it('finds the row of a tensor, and of its layer while that is closed', async () => {
    const service = await serviceWith();
    const selection = { kind: 'tensor', name: 'model.layers.1.mlp.up_proj.weight' } as const;
    expect(service.placeOf({ show: 'all', open: [] }, selection)).toBe(2);
    const row = service.placeOf({ show: 'all', open: 'all' }, selection) ?? -1;
    expect(service.page({ show: 'all', open: 'all' }, row, row + 1).rows[0]?.facts?.left?.tensor).toBe(selection.name);
    expect(service.pairs(selection)).toHaveLength(1);
    expect(service.placeOf({ show: 'all', open: [] }, { kind: 'tensor', name: 'nothing' })).toBeNull();
  });

  it('compares what is chosen, once, and keeps what it knows', async () => {
    const service = await serviceWith(flip);
    const expert = { kind: 'expert', group: 0, expert: 4 } as const;
    expect(service.size(expert)).toEqual({ pairs: 3, left: 18_432, right: 18_432 });
    const first = await service.measure(expert, quiet, signal);
    expect(first).toMatchObject({ equal: true, compared: 'values', values: { compared: 3, equal: 3, different: 0 } });
    expect(service.size(expert)).toEqual({ pairs: 0, left: 0, right: 0 });
    expect(service.pairs(expert).map(({ proof }) => proof)).toEqual(['equal', 'equal', 'equal']);
    const told: number[] = [];
    const head = await service.measure({ kind: 'all' }, ({ done, total }) => told.push(done / total), signal);
    expect(told.at(-1)).toBe(1);
    expect(head.values).toMatchObject({ compared: 104, equal: 103, different: 1, skipped: 0 });
    expect(head.values?.mistakes[0]?.message).toMatch(/expert 5's gate matrix has one flipped bit/);
    expect(head).toMatchObject({ equal: false, differences: 1 });
    const [cells] = head.cells;
    expect([...(cells?.proof ?? [])].map((code) => PROOFS[code])).toEqual(
      Array.from({ length: 12 }, (_, at) => (at === 5 ? 'different' : 'equal')),
    );
    const { rows } = service.page({ show: 'differences', open: 'all' }, 0, 10);
    expect(rows.map((row) => row.label || row.facts?.note)).toEqual([
      'Layer 0',
      'Expert 5',
      expect.stringMatching(/^1 of 3072 numbers differ/),
    ]);
    expect(JSON.parse(await service.report().text())).toMatchObject({ equal: false, compared: 'values' });
    expect(service.markdown()).toContain('### Diagnosis');
  });

  it('keeps what it knew when a comparison is stopped', async () => {
    const service = await serviceWith();
    const controller = new AbortController();
    const running = service.measure({ kind: 'all' }, () => controller.abort(), controller.signal);
    await expect(running).rejects.toMatchObject({ tag: 'cancelled' });
    expect(service.head().values).toBeNull();
    expect((await service.measure({ kind: 'group', group: 1 }, quiet, signal)).values).toMatchObject({ compared: 36 });
  });

  it('shows what stands alone on each side', async () => {
    const service = await serviceWith((tensors) => {
      const norm = tensors.get('model.norm.weight');
      if (norm) tensors.set('model.other.weight', norm);
      tensors.delete('model.norm.weight');
    });
    expect(service.head()).toMatchObject({ equal: false, differences: 2 });
    const { rows } = service.page({ show: 'only-right', open: 'all' }, 0, 10);
    expect(rows.map((row) => row.facts?.right?.tensor ?? row.label)).toEqual([
      'Outside of layers',
      'model.other.weight',
    ]);
  });
});
