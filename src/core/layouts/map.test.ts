import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type OpenProgress, openCheckpoint } from '../checkpoint/open.ts';
import type { Checkpoint } from '../checkpoint/types.ts';
import { openLocal } from '../source/folder.node.ts';
import type { FileSet } from '../source/types.ts';
import { BESIDE, besideOf } from './beside.ts';
import { detectLayout } from './detect.ts';
import { besideTensors, CELL, cellTensors, filesOfCell, mapExperts, NO_SHARD } from './map.ts';

const open = async (name: string) =>
  openCheckpoint(await openLocal(join(import.meta.dirname, '../../../fixtures/checkpoints', name, 'hub')));
const mapOf = (checkpoint: Checkpoint, complete = true) =>
  mapExperts(checkpoint, detectLayout(checkpoint), { complete });

/** The checkpoint without what `leaves` says: as if those headers had not come. */
function without(checkpoint: Checkpoint, leaves: (name: string, file: string) => boolean): Checkpoint {
  const tensors = new Map([...checkpoint.tensors].filter(([name, { file }]) => !leaves(name, file)));
  return { ...checkpoint, tensors };
}

/** A promise and what resolves it. */
function gate(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

/** The files in this order: one shard, the config, the other shards. */
function configSecond(files: FileSet): FileSet {
  const gates = [gate(), gate()] as const;
  let shards = 0;
  const open: FileSet['open'] = async (name, options) => {
    const isConfig = name === 'config.json';
    if (isConfig) await gates[0].promise;
    else if (++shards > 1) await gates[1].promise;
    const source = await files.open(name, options);
    const dispose = async () => {
      await source.dispose?.();
      gates[isConfig ? 1 : 0].resolve();
    };
    return { key: source.key, byteLength: source.byteLength, read: source.read, dispose };
  };
  return { ...files, list: (options) => files.list(options), open };
}

describe('mapExperts', () => {
  it('carries ten thousand defects at most, and of each row the first', async () => {
    const checkpoint = await open('qwen3_moe');
    const layout = detectLayout(checkpoint);
    const defects = Array.from({ length: 9000 }, (_, at) => ({ tag: 'expert-leftover', message: `${at}` }) as const);
    const groups = layout.groups.map((group) => ({ ...group, defects }));
    const { rows } = mapExperts(checkpoint, { ...layout, groups }, { complete: true });
    expect(rows.length).toBeGreaterThan(2);
    expect(rows.slice(0, 3).map((row) => row.defects.length)).toEqual([9000, 1000, 1]);
  });

  it('draws each expert of a per-expert layout with its shard, dtype and bytes', async () => {
    const checkpoint = await open('qwen3_moe');
    const map = mapOf(checkpoint);
    const moe = map.rows.findIndex((row) => row.kind === 'moe');
    const row = map.rows[moe];
    expect(row).toMatchObject({ family: 'per-expert', dialect: 'projections', stacked: false, experts: map.columns });
    expect(map.rows.some((each) => each.kind === 'dense' && each.experts === null)).toBe(true);
    const cell = moe * map.columns + 1;
    const tensors = [...checkpoint.tensors.values()].filter((tensor) =>
      tensor.name.startsWith(`${row?.prefix}.experts.1.`),
    );
    expect(map.state[cell]).toBe(CELL.present);
    expect(map.bytes[cell]).toBe(tensors.reduce((sum, tensor) => sum + tensor.end - tensor.start, 0));
    const { gate, up, down } = map.files;
    for (const [column, projection] of [
      [gate, 'gate'],
      [up, 'up'],
      [down, 'down'],
    ] as const) {
      const tensor = tensors.find(({ name }) => name.includes(`.${projection}_proj.`));
      expect(map.shards[column[cell] ?? NO_SHARD]).toBe(tensor?.file);
    }
    expect(map.dtypes[map.dtype[cell] ?? 0]).toBe(tensors[0]?.dtype);
    expect(map.defects).toBe(0);
  });

  it('shares the bytes of a stacked tensor out to its experts', async () => {
    const checkpoint = await open('gpt_oss');
    const map = mapOf(checkpoint);
    expect(map.rows.every((row) => row.stacked)).toBe(true);
    const held = detectLayout(checkpoint).groups.flatMap((group) => group.expertTensors);
    const bytes = held.reduce((sum, name) => {
      const tensor = checkpoint.tensors.get(name);
      return sum + (tensor ? tensor.end - tensor.start : 0);
    }, 0);
    expect(map.bytes.reduce((sum, each) => sum + each, 0)).toBe(bytes);
    expect(map.rows.reduce((sum, row) => sum + row.bytes, 0)).toBe(bytes);
  });

  it('counts shared experts and keeps dense layers and MTP apart', async () => {
    const map = mapOf(await open('deepseek_v3'));
    expect(map.rows.some((row) => row.shared > 0)).toBe(true);
    expect(map.rows[0]?.kind).toBe('dense');
  });

  it('calls what is missing a defect only when every shard has answered', async () => {
    const whole = await open('qwen3_moe');
    const { prefix } = mapOf(whole).rows.find((row) => row.kind === 'moe') ?? { prefix: '' };
    const gap = without(whole, (name) => name === `${prefix}.experts.2.up_proj.weight`);
    const [now, later] = [mapOf(gap, false), mapOf(gap)];
    const cell = now.rows.findIndex((row) => row.prefix === prefix) * now.columns + 2;
    expect([now.state[cell], now.defects]).toEqual([CELL.pending, 0]);
    expect([later.state[cell], later.defects]).toEqual([CELL.defect, 1]);
  });

  it('draws the layers that the config promises before any header has shown them', async () => {
    const whole = await open('qwen3_moe');
    const [first] = whole.shards;
    const some = without(whole, (_, file) => file !== first?.file);
    const map = mapOf(some, false);
    const full = mapOf(whole);
    expect(map.rows.map((row) => row.index)).toEqual(full.rows.map((row) => row.index));
    expect(map.rows.map((row) => row.kind)).toEqual(full.rows.map((row) => row.kind));
    expect(map.state).toContain(CELL.pending);
    expect(
      mapOf(
        without(whole, () => true),
        false,
      ).columns,
    ).toBe(full.columns);
  });

  it('has the same rows while headers arrive, once the config has', async () => {
    for (const name of ['qwen3_moe', 'deepseek_v3', 'gpt_oss']) {
      const files = await openLocal(join(import.meta.dirname, '../../../fixtures/checkpoints', name, 'hub'));
      const seen: number[] = [];
      const onShard = ({ partial }: OpenProgress) => {
        if (partial().config !== null) seen.push(mapOf(partial(), false).rows.length);
      };
      const checkpoint = await openCheckpoint(configSecond(files), { index: 'later', onShard });
      // All but the first header come after the config, and none of them brings a row.
      expect(seen, name).toHaveLength(checkpoint.shards.length - 1);
      expect(new Set(seen), name).toEqual(new Set([mapOf(checkpoint).rows.length]));
    }
  });

  it('keeps the row of a layer whose tensors are all in a missing file', async () => {
    const whole = await open('qwen3_moe');
    const full = mapOf(whole);
    const lost = full.rows.findIndex((row) => row.kind === 'moe');
    const { index = null, prefix: group = '' } = full.rows[lost] ?? {};
    const prefix = group.replace('.mlp', '');
    const names = [...whole.tensors.keys()].filter((name) => name.startsWith(`${prefix}.`));
    const absent = new Map(names.map((name) => [name, 'model-00009-of-00009.safetensors']));
    const map = mapOf({ ...without(whole, (name) => names.includes(name)), absent });
    expect(map.rows.map((row) => row.index)).toEqual(full.rows.map((row) => row.index));
    expect(map.rows[lost]).toMatchObject({
      kind: 'moe',
      experts: full.columns,
      defects: [
        { message: `No tensor of layer ${index} was read. The index puts them into model-00009-of-00009.safetensors.` },
      ],
    });
    const cells = map.state.subarray(lost * map.columns, (lost + 1) * map.columns);
    expect(new Set(cells)).toEqual(new Set([CELL.defect]));
    expect(map.defects).toBe(map.columns);
    // Without an index that names them, nobody says that they should be here.
    expect(mapOf(without(whole, (name) => names.includes(name))).rows).toHaveLength(full.rows.length - 1);
  });

  it('keeps colours when shards come in another order', async () => {
    const whole = await open('qwen3_moe');
    const shards = whole.shards.map((shard) => shard.file);
    const turned = { ...whole, shards: [...whole.shards].reverse() };
    expect(mapExperts(turned, detectLayout(whole), { complete: true, shards }).files).toEqual(mapOf(whole).files);
  });

  it('tells every file of an expert, whatever its layout', async () => {
    for (const name of ['deepseek_v3', 'gpt_oss', 'qwen3_moe', 'mixtral', 'granitemoe']) {
      const checkpoint = await open(name);
      const map = mapOf(checkpoint);
      for (const [at, { group: of }] of map.rows.entries()) {
        const group = detectLayout(checkpoint).groups[of];
        for (let expert = 0; group && expert < (map.rows[at]?.experts ?? 0); expert += 1) {
          const files = new Set(cellTensors(checkpoint, group, expert).map((tensor) => tensor.file));
          const told = filesOfCell(map.files, at * map.columns + expert).map((file) => map.shards[file] ?? '');
          expect([...told].sort(), `${name} ${at} ${expert}`).toEqual([...files].sort());
        }
      }
    }
  });

  it('tells the file of a companion that lies apart from its matrices', async () => {
    const checkpoint = await open('gpt_oss');
    const [name, bias] = [...checkpoint.tensors].find(([each]) => each.endsWith('gate_up_proj_bias')) ?? [];
    if (name === undefined || !bias) throw new Error('the fixture has biases');
    const tensors = new Map([...checkpoint.tensors, [name, { ...bias, file: 'apart.safetensors' }]]);
    const shards = [...checkpoint.shards.map(({ file }) => file), 'apart.safetensors'];
    const moved = { ...checkpoint, tensors };
    const map = mapExperts(moved, detectLayout(moved), { complete: true, shards });
    const row = map.rows.findIndex(({ prefix }) => name.startsWith(prefix));
    const files = filesOfCell(map.files, row * map.columns).map((file) => map.shards[file]);
    expect(files).toContain('apart.safetensors');
    expect(map.shards[map.files.gate[row * map.columns] ?? NO_SHARD]).not.toBe('apart.safetensors');
  });

  it('says where gate, up and down are in the tensors of a row', async () => {
    const bandsOf = async (name: string) => {
      const row = mapOf(await open(name)).rows.find(({ kind }) => kind === 'moe');
      return row?.bands.map((tensor) => tensor.map(({ projection, along, every }) => [projection, along, every]));
    };
    const whole = (projection: string, along = 'rows') => [[projection, along, null]];
    expect(await bandsOf('qwen3_moe')).toEqual([whole('gate'), whole('up'), whole('down')]);
    expect(await bandsOf('granitemoe')).toEqual([[...whole('gate'), ...whole('up')], whole('down')]);
    expect(await bandsOf('llama4_text')).toEqual([
      [...whole('gate', 'columns'), ...whole('up', 'columns')],
      whole('down', 'columns'),
    ]);
    expect(await bandsOf('gpt_oss')).toEqual([
      [
        ['gate', 'columns', 'first'],
        ['up', 'columns', 'second'],
      ],
      whole('down', 'columns'),
    ]);
  });

  it('survives names that claim experts without end', async () => {
    const whole = await open('qwen3_moe');
    const [tensor] = [...whole.tensors.values()].filter(({ name }) => name.includes('.experts.0.'));
    if (!tensor) throw new Error('the fixture has experts');
    const name = tensor.name.replace('.experts.0.', '.experts.999999999.');
    const hostile = { ...whole, config: null, tensors: new Map([...whole.tensors, [name, { ...tensor, name }]]) };
    expect(mapOf(hostile).columns).toBe(4096);
  });
});

describe('besideTensors', () => {
  it('names router, shared experts and attention of a layer, as many as its row counts', async () => {
    const checkpoint = await open('deepseek_v3');
    const map = mapOf(checkpoint);
    const row = map.rows.find(({ kind }) => kind === 'moe');
    const group = detectLayout(checkpoint).groups[row?.group ?? -1];
    if (!row || !group) throw new Error('the fixture has experts');
    for (const kind of BESIDE) {
      const tensors = besideTensors(checkpoint, group, kind);
      expect(row[kind]).toBeGreaterThan(0);
      expect(tensors).toHaveLength(row[kind]);
      expect(tensors.every(({ name }) => name.startsWith(`model.layers.${row.index}.`))).toBe(true);
    }
    expect(besideTensors(checkpoint, group, 'attention').some(({ name }) => name.includes('norm'))).toBe(false);
    expect([-1, -2, -4, -5, 0].map(besideOf)).toEqual([null, 'router', 'attention', null, null]);
  });
});

describe('cellTensors', () => {
  it('names the tensors of one expert, in their order', async () => {
    const checkpoint = await open('qwen3_moe');
    const [group] = detectLayout(checkpoint).groups.filter((each) => each.kind === 'moe');
    if (!group) throw new Error('the fixture has experts');
    const tensors = cellTensors(checkpoint, group, 3);
    expect(tensors.map((tensor) => tensor.projection)).toEqual(['gate', 'up', 'down']);
    expect(tensors.every((tensor) => tensor.slice === null && tensor.name.includes('.experts.3.'))).toBe(true);
  });

  it('says which bytes of a stack are the expert’s', async () => {
    const checkpoint = await open('gpt_oss');
    const [group] = detectLayout(checkpoint).groups;
    if (!group?.experts) throw new Error('the fixture has experts');
    const slices = Array.from(
      { length: group.experts },
      (_, expert) => cellTensors(checkpoint, group, expert)[0]?.slice,
    );
    const [first] = cellTensors(checkpoint, group, 0);
    expect(slices[0]?.start).toBe(first?.start);
    expect(slices.at(-1)?.end).toBe(first?.end);
    slices.reduce((before, slice) => {
      expect(slice?.start).toBe(before?.end);
      return slice;
    });
  });
});
