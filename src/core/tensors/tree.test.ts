import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { naturalOrder } from './natural.ts';
import { createNameTree, type OpenNodes } from './tree.ts';

const NAMES = [
  'model.layers.10.mlp.experts.0.up_proj.weight',
  'lm_head.weight',
  'model.layers.2.mlp.experts.1.up_proj.weight',
  'model.layers.2.mlp.experts.0.up_proj.weight',
  'model.layers.2.mlp.gate.weight',
  'model.layers.02.mlp.gate.weight',
  'model.norm.weight',
  'model.layers.10.mlp.gate.weight',
];

function sorted(names: readonly string[]): string[] {
  return [...naturalOrder(names)].map((at) => names[at] as string);
}

function draw(names: readonly string[], open: OpenNodes): string[] {
  const order = sorted(names);
  const listing = createNameTree(order.length, (at) => order[at] as string).list(open);
  return Array.from({ length: listing.count }, (_, row) => {
    const node = listing.node(row);
    const sign = node?.isLeaf ? ' ' : node?.isOpen ? '-' : '+';
    return `${' '.repeat((node?.level ?? 0) - 1)}${sign}${node?.label} ${(node?.end ?? 0) - (node?.start ?? 0)}`;
  });
}

describe('createNameTree', () => {
  it('shows closed nodes with what they hold, parts that never fork as one', () => {
    expect(draw(NAMES, { listed: [], otherwise: false })).toEqual([' lm_head.weight 1', '+model 7']);
    expect(draw(NAMES, { listed: ['model.', 'model.layers.', 'model.layers.2.mlp.'], otherwise: false })).toEqual([
      ' lm_head.weight 1',
      '-model 7',
      ' -layers 6',
      '   02.mlp.gate.weight 1',
      '  -2.mlp 3',
      '   +experts 2',
      '    gate.weight 1',
      '  +10.mlp 2',
      '  norm.weight 1',
    ]);
  });

  it('opens all but those listed', () => {
    const rows = draw(NAMES, { listed: ['model.layers.2.mlp.experts.'], otherwise: true });
    expect(rows).toContain('   +experts 2');
    expect(rows).toContain('    experts.0.up_proj.weight 1');
  });

  it('says where nodes are among their siblings, and what is above them', () => {
    const order = sorted(NAMES);
    const listing = createNameTree(order.length, (at) => order[at] as string).list({
      listed: ['model.'],
      otherwise: false,
    });
    expect(listing.node(2)).toMatchObject({ path: 'model.layers.', level: 2, parent: 1, position: 1, siblings: 2 });
    expect(listing.node(listing.count)).toBeUndefined();
  });

  it('finds the row of a leaf, and the closed node that hides one', () => {
    const order = sorted(NAMES);
    const tree = createNameTree(order.length, (at) => order[at] as string);
    const closed = tree.list({ listed: ['model.'], otherwise: false });
    expect(closed.node(closed.rowOf(order.indexOf('model.layers.10.mlp.gate.weight')))?.path).toBe('model.layers.');
    const open = tree.list({ listed: [], otherwise: true });
    for (const [at, name] of order.entries()) expect(open.node(open.rowOf(at))?.path).toBe(name);
  });

  it('holds every name once, whatever the names are', () => {
    const part = fc.oneof(fc.constantFrom('a', 'layers', '1', '02', '2', '10', ''), fc.string({ maxLength: 3 }));
    const names = fc.uniqueArray(
      fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('.')),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(names, (given) => {
        const order = sorted(given);
        const open = createNameTree(order.length, (at) => order[at] as string).list({ listed: [], otherwise: true });
        const rows = Array.from({ length: open.count }, (_, row) => open.node(row));
        expect(rows.flatMap((node) => (node?.isLeaf ? node.path : []))).toEqual(order);
        const paths = rows.map((node) => `${node?.isLeaf} ${node?.path}`);
        expect(new Set(paths).size).toBe(paths.length);
        for (const node of rows) {
          const above = node && node.parent >= 0 ? open.node(node.parent) : undefined;
          if (above)
            expect([above.path + node?.label, above.level]).toEqual([
              node?.isLeaf ? node.path : node?.path.slice(0, -1),
              (node?.level ?? 0) - 1,
            ]);
        }
      }),
    );
  });
});
