import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ARCHITECTURES } from './architecture-table.ts';
import { checkpointOf, type Headers } from './checkpoints.fixture.ts';
import { detectLayout } from './detect.ts';
import { DIALECTS, type DialectSpec, isBareStem, layoutId, layoutOf, spellingsOf } from './dialects.ts';
import { createExpertNameParser } from './expert-name.ts';
import { writePart } from './parts.ts';
import type { Assumption, LayerGroup } from './types.ts';
import { bareName, unwrap } from './wrappers.ts';
import { WRAPS } from './wraps.fixture.ts';

const [E, I, H] = [4, 6, 10];

/** Stacks of layers as checkpoints have them, and segments between a layer and its experts. */
const PREFIXES = [
  'model.layers.3',
  'layers.3',
  'model.language_model.layers.3',
  'language_model.model.layers.3',
  'thinker.model.layers.3',
  'transformer.h.3',
  'transformer.blocks.3',
  'decoder.block.3.layer.2',
  'backbone.layers.3',
];
const CONTAINERS = ['mlp', 'block_sparse_moe', 'feed_forward', 'mixer', 'ffn', 'mlp.calculator', ''];

/** Each spelling of a row's stems, one for all projections: its own, the others, and with the number last. */
function variantsOf(row: DialectSpec): Map<string, Map<string, string>> {
  const variants = new Map<string, Map<string, string>>();
  for (const { stem, canonical } of spellingsOf(row)) {
    const at = spellingsOf(row).filter((each) => each.canonical === canonical);
    const key = String(at.findIndex((each) => each.stem === stem));
    variants.set(key, new Map([...(variants.get(key) ?? []), [canonical, stem]]));
  }
  return variants;
}

/** Headers of one layer, with a router that says how many experts there are. */
function headersOf(
  row: DialectSpec,
  stems: ReadonlyMap<string, string>,
  prefix: string,
  wrap: (name: string) => string,
) {
  const headers: Record<string, Headers[string]> = {};
  const put = (name: string, shape: readonly number[], dtype = 'BF16') => {
    headers[wrap(name)] = { dtype, shape };
  };
  for (const [projection, canonical] of Object.entries(row.stems)) {
    const stem = stems.get(canonical) ?? canonical;
    const [out, input] = projection === 'down' ? [H, I] : [projection === 'gate-up' ? 2 * I : I, H];
    const way = projection === 'down' ? (row.downOrientation ?? row.orientation) : row.orientation;
    const [rows, columns] = way === 'out-in' ? [out, input] : [input, out];
    const name = `${prefix}${prefix === '' ? '' : '.'}${stem}`;
    if (row.blocks) {
      put(`${name}_blocks`, [E, out, 1, 16], 'U8');
      put(`${name}_scales`, [E, out, 1], 'U8');
    } else if (row.family === 'per-expert')
      for (let i = 0; i < E; i += 1)
        put(name.replace('{i}', String(i)) + writePart('weight', row.style), [rows, columns]);
    else put(name + writePart('weight', row.style), row.family === 'flat' ? [E * rows, columns] : [E, rows, columns]);
  }
  put(`${prefix}.gate.weight`, [E, H]);
  return headers;
}

/** Model type or assumption with which a row is told at all. */
function knowing(row: DialectSpec): { readonly type: string | null; readonly assume: Assumption } {
  const listed = ARCHITECTURES.find((each) => each.disk.some((own) => layoutId(own) === layoutId(row)));
  if (row.toldBy === 'assumption')
    return { type: null, assume: { layout: layoutOf(layoutId(row)) ?? { family: 'unknown', dialect: null } } };
  return { type: row.toldBy === 'architecture' ? (listed?.modelTypes[0] ?? null) : null, assume: {} };
}

describe.each(DIALECTS.map((row) => [layoutId(row), row] as const))('%s', (id, row) => {
  const { type, assume } = knowing(row);
  const bare = isBareStem(Object.values(row.stems)[0] ?? '');
  // A dense MLP's names are taken for experts' only right below their layer.
  const starts = bare ? PREFIXES.filter((start) => start.endsWith('.3')) : PREFIXES;
  const containers = row.container ? [row.container] : bare ? ['mlp', 'ffn'] : CONTAINERS;
  const variants = [...variantsOf(row)];

  it.each(Object.entries(WRAPS))('is found under every prefix, container and spelling, wrapped: %s', (kind, wrap) => {
    // Every prefix with every container once; each wrapper under a few of both.
    const [most, many] = kind === 'none' ? [starts, containers] : [starts.slice(0, 3), containers.slice(0, 2)];
    for (const [, stems] of variants) {
      for (const start of most) {
        for (const container of many) {
          const prefix = container === '' ? start : `${start}.${container}`;
          const checkpoint = checkpointOf(headersOf(row, stems, prefix, wrap), {
            num_experts: E,
            ...(type === null ? {} : { model_type: type }),
          });
          const groups = detectLayout(checkpoint, { assume }).groups.filter(({ kind }) => kind === 'moe');
          expect(groups, prefix).toHaveLength(1);
          const [group] = groups as [LayerGroup];
          expect([group.reason, group.defects], prefix).toEqual([null, []]);
          expect(group).toMatchObject({ layout: layoutOf(id), experts: E, index: 3 });
          expect(bareName(group.prefix)).toBe(prefix);
          const names = group.members.flatMap(({ template }) =>
            Array.from({ length: E }, (__, i) => template.replaceAll('{i}', String(i))),
          );
          for (const name of names) expect(checkpoint.tensors.has(name), name).toBe(true);
        }
      }
    }
  });
});

describe('names that no row has', () => {
  const parse = createExpertNameParser();
  const words = [
    'experts',
    'expert',
    'gate',
    'up',
    'down',
    'gate_proj',
    'w1',
    'w2',
    'weight',
    'bias',
    'mlp',
    'moe',
    'fc1',
    '3',
    '12',
    'expert_3',
    'shared_experts',
    'chunk_experts',
    'routed_expert_down_proj',
    'linear_v',
    '{i}',
    '',
  ];
  const segment = fc.oneof(fc.constantFrom(...words), fc.string({ maxLength: 5 }));
  const names = fc.array(segment, { maxLength: 7 }).map((segments) => segments.join('.'));
  const known = DIALECTS.flatMap((row) => spellingsOf(row)).map(({ stem }) => stem);

  it('are never taken for an expert’s', () => {
    fc.assert(
      fc.property(names, (name) => {
        const found = parse(name);
        if (found === null) return;
        const { tail, number, container } = found;
        // What is found is a spelling of the table with a known part, and its pieces give the name back.
        expect(known).toContain(tail.stem);
        const key = number ? tail.key.replace('{i}', number.digits) : tail.key;
        expect(container === '' ? key : `${container}.${key}`).toBe(name);
        expect(number === null).toBe(!tail.stem.includes('{i}'));
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    'mlp.shared_experts.gate_proj.weight',
    'mlp.chunk_experts.3.gate_proj.weight',
    'block_sparse_moe.routed_expert_down_proj.weight',
    'block_sparse_moe.mlp.w1.weight',
    'residual_mlp.w1.weight',
    'ple.ple_embedding.ngram_embedding.shard_3.weight',
    'mlp.experts.3.gate_projection.weight',
    'mlp.experts.3.gate_proj.lora_A.weight',
    'mlp.experts.3.4.gate_proj.weight',
    'mlp.experts.3.foo.gate_proj.weight',
    'mlp.xexperts.3.gate_proj.weight',
    'mlp.experts.{i}.gate_proj.weight',
    'mlp.down_embed.weight',
  ])('%s', (name) => {
    expect(parse(name)).toBeNull();
  });
});

describe('wrappers', () => {
  it('are taken out wherever they stand, and the places of what is left are known', () => {
    const segment = fc.constantFrom(
      'model',
      'layers',
      '3',
      'mlp',
      '_orig_mod',
      '_checkpoint_wrapped_module',
      'module',
      'base_model',
      'weight',
    );
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 8 }), (segments) => {
        const name = segments.join('.');
        const { bare, place } = unwrap(name);
        expect(bareName(bare)).toBe(bare);
        expect(bare).not.toMatch(/_orig_mod|_checkpoint_wrapped_module/);
        for (let at = 0; at < bare.length; at += 1) expect(name[place(at)]).toBe(bare[at]);
      }),
    );
  });

  it.each([
    ['base_model.model.model.layers.0.x', 'model.layers.0.x'],
    ['module._orig_mod.model.layers.0.x', 'model.layers.0.x'],
    ['model.module.layers.0.x', 'model.module.layers.0.x'],
    ['module', 'module'],
    ['base_model.layers.0.x', 'base_model.layers.0.x'],
  ])('%s is %s', (name, bare) => {
    expect(bareName(name)).toBe(bare);
  });
});
