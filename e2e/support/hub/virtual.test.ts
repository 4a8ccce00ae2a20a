import { describe, expect, it } from 'vitest';
import { type Body, readAll } from './body.ts';
import {
  modelFiles,
  QWEN3_235B,
  QWEN3_TINY,
  type Qwen3MoeOptions,
  qwen3Moe235b,
  type VirtualLayout,
  virtualShards,
} from './qwen3-moe.ts';
import type { RepoFile } from './repo.ts';

interface TensorJson {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

const LAYOUTS: readonly VirtualLayout[] = ['per-expert', 'stacked', 'gate-up'];

function headerOf(body: Body): { length: number; tensors: Map<string, TensorJson> } {
  const length = Number(Buffer.from(body.read(0, 8)).readBigUInt64LE());
  const json = JSON.parse(Buffer.from(body.read(8, 8 + length)).toString('utf8')) as Record<string, TensorJson>;
  return { length, tensors: new Map(Object.entries(json).filter(([name]) => name !== '__metadata__')) };
}

function shardsOf(files: readonly RepoFile[]): Body[] {
  return files.filter(({ path }) => path.endsWith('.safetensors')).map(({ body }) => body);
}

/** Bytes `[from, to)` of a tensor, wherever it lies. */
function tensorBytes(shards: readonly Body[], name: string, from = 0, to?: number): Uint8Array {
  for (const body of shards) {
    const { length, tensors } = headerOf(body);
    const info = tensors.get(name);
    if (info === undefined) continue;
    const [begin, end] = info.data_offsets;
    const base = 8 + length + begin;
    return body.read(base + from, to === undefined ? 8 + length + end : base + to);
  }
  throw new Error(`no tensor ${name}`);
}

function tiny(layout: VirtualLayout, change: Partial<Qwen3MoeOptions> = {}): RepoFile[] {
  return modelFiles('test/tiny', { dims: QWEN3_TINY, layout, seed: 'tiny', maxShardBytes: 200_000, ...change });
}

describe('Qwen3-235B-A22B', () => {
  const perExpert = qwen3Moe235b({ layout: 'per-expert' });
  const shards = shardsOf(perExpert.files);

  it('has the published shards, tensors and bytes', () => {
    let tensors = 0;
    let bytes = 0;
    for (const body of shards) {
      const header = headerOf(body);
      expect(header.length % 8).toBe(0);
      tensors += header.tensors.size;
      bytes += body.size - 8 - header.length;
    }
    expect(shards.length).toBe(118);
    expect(perExpert.files.some(({ path }) => path === 'model-00118-of-00118.safetensors')).toBe(true);
    expect(tensors).toBe(36_945);
    expect(bytes).toBe(470_187_269_120);
  });

  it('names every tensor in an index that agrees with the headers', () => {
    const file = perExpert.files.find(({ path }) => path === 'model.safetensors.index.json');
    const text = Buffer.from(readAll(file?.body ?? { size: 0, read: () => new Uint8Array() })).toString('utf8');
    const index = JSON.parse(text) as { metadata: { total_size: number }; weight_map: Record<string, string> };
    expect(index.metadata.total_size).toBe(470_187_269_120);
    expect(Object.keys(index.weight_map).length).toBe(36_945);
    const [name] = headerOf(shards[7] ?? shards[0] ?? { size: 0, read: () => new Uint8Array() }).tensors.keys();
    expect(index.weight_map[name ?? '']).toBe('model-00008-of-00118.safetensors');
  });

  it('holds the same expert in each layout', () => {
    const { hidden, moeIntermediate } = QWEN3_235B;
    const matrix = hidden * moeIntermediate * 2;
    const other = (layout: VirtualLayout): Body[] => shardsOf(qwen3Moe235b({ layout }).files);
    const [stacked, gateUp] = [other('stacked'), other('gate-up')];
    const prefix = 'model.layers.41.mlp.experts';
    const at = 5_000_001;
    const part = (bodies: readonly Body[], name: string, base: number): Uint8Array =>
      tensorBytes(bodies, name, base + at, base + at + 4099);
    const up = part(shards, `${prefix}.77.up_proj.weight`, 0);
    expect(part(stacked, `${prefix}.up_proj`, 77 * matrix)).toEqual(up);
    expect(part(gateUp, `${prefix}.gate_up_proj`, (77 * 2 + 1) * matrix)).toEqual(up);
    const down = part(shards, `${prefix}.77.down_proj.weight`, 0);
    expect(part(stacked, `${prefix}.down_proj`, 77 * matrix)).toEqual(down);
    expect(part(gateUp, `${prefix}.down_proj`, 77 * matrix)).toEqual(down);
    expect(down).not.toEqual(up);
  });
});

describe('a small model', () => {
  it('reads the same in parts as whole', () => {
    for (const layout of LAYOUTS) {
      for (const body of shardsOf(tiny(layout))) {
        const whole = readAll(body).slice();
        for (let i = 0; i < 40; i += 1) {
          const start = (i * 7919) % body.size;
          const end = Math.min(body.size, start + ((i * 104_729) % 30_000));
          expect(Buffer.compare(body.read(start, end), whole.subarray(start, end))).toBe(0);
        }
      }
    }
  });

  it('holds whole experts equal across layouts, gate rows first', () => {
    const [perExpert, stacked, gateUp] = LAYOUTS.map((layout) => shardsOf(tiny(layout))) as [Body[], Body[], Body[]];
    const bytes = QWEN3_TINY.hidden * QWEN3_TINY.moeIntermediate * 2;
    for (const expert of [0, 7]) {
      for (const [row, projection] of ['gate', 'up', 'down'].entries()) {
        const one = tensorBytes(perExpert, `model.layers.2.mlp.experts.${expert}.${projection}_proj.weight`);
        const name = `model.layers.2.mlp.experts.${projection}_proj`;
        expect(tensorBytes(stacked, name, expert * bytes, (expert + 1) * bytes)).toEqual(one);
        if (projection === 'down') continue;
        const base = (expert * 2 + row) * bytes;
        expect(tensorBytes(gateUp, 'model.layers.2.mlp.experts.gate_up_proj', base, base + bytes)).toEqual(one);
      }
    }
    const norm = 'model.layers.2.input_layernorm.weight';
    expect(tensorBytes(stacked, norm)).toEqual(tensorBytes(perExpert, norm));
  });

  it('changes with its seed, and holds finite numbers', () => {
    const name = 'model.norm.weight';
    const one = tensorBytes(shardsOf(tiny('stacked')), name);
    const other = tensorBytes(shardsOf(tiny('stacked', { seed: 'other' })), name);
    expect(other).not.toEqual(one);
    for (let i = 1; i < one.length; i += 2) expect((one[i] ?? 0) & 0x7f).toBeLessThan(0x7f);
  });

  it('has a dense layer, a padded header and tensors sorted by name', () => {
    const [shard] = virtualShards({ dims: QWEN3_TINY, layout: 'stacked', seed: 'tiny', maxShardBytes: 1e12 });
    const { tensors } = headerOf(shard?.body ?? { size: 0, read: () => new Uint8Array() });
    const names = [...tensors.keys()];
    expect(names).toEqual([...names].sort());
    expect(tensors.get('model.layers.1.mlp.up_proj.weight')?.shape).toEqual([96, 64]);
    expect(tensors.get('model.layers.0.mlp.experts.down_proj')?.shape).toEqual([8, 64, 48]);
  });
});
