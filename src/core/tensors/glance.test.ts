import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { CheckpointTensor } from '../checkpoint/types.ts';
import type { FileOffset } from '../safetensors/types.ts';
import { createTensorGlance } from './glance.ts';
import { createTensorTable } from './table.ts';
import type { TensorQuery } from './types.ts';

const ENDS = ['gate_proj.weight', 'up_proj.weight', 'down_proj.weight'];
const tensors: CheckpointTensor[] = [0, 1, 2, 10].flatMap((layer) =>
  Array.from({ length: 8 }, (_, expert) =>
    ENDS.map((name, at) => ({
      name: `model.layers.${layer}.mlp.experts.${expert}.${name}`,
      dtype: layer === 0 ? ('F32' as const) : ('BF16' as const),
      shape: at === 2 ? [4, 2] : [2, 4],
      file: `model-${layer}.safetensors`,
      start: (expert * 100 + at) as FileOffset,
      end: (expert * 100 + at + 16 * (at + 1)) as FileOffset,
    })),
  ).flat(),
);
const table = createTensorTable(new Map(tensors.map((tensor) => [tensor.name, tensor])));
const packed = table.packed(tensors.length);

const values = <T>(...some: T[]) => fc.uniqueArray(fc.constantFrom(...some), { maxLength: 1 });
const query: fc.Arbitrary<TensorQuery> = fc.record({
  text: fc.constantFrom('', 'gate', 'experts.1', 'l10', 'e3 up', 'gate proj', 'layers.1 w', 'nothing', ' DOWN '),
  mode: fc.constantFrom('substring', 'fuzzy'),
  sort: fc.constant('name'),
  descending: fc.boolean(),
  filter: fc.record({
    roles: values('gate' as const, 'down' as const),
    dtypes: values('F32', 'BF16'),
    layers: values(0, 10),
    experts: values(3, 7),
    shards: values('model-1.safetensors', 'model-10.safetensors'),
  }),
});

it('answers as the table does, from a copy that can be sent', () => {
  if (packed === null) throw new Error('The tensors are few enough to be packed.');
  const glance = createTensorGlance(structuredClone(packed));
  fc.assert(
    fc.property(query, (each) => {
      expect(glance(each, 1)).toEqual(table.query(each, 1));
    }),
  );
});

it('leaves to a worker what may take long, and is not made for more tensors than are allowed', () => {
  if (packed === null) throw new Error('The tensors are few enough to be packed.');
  const glance = createTensorGlance(packed);
  const filter = { roles: [], dtypes: [], layers: [], experts: [], shards: [] };
  const plain = { text: 'gate', mode: 'substring', sort: 'name', descending: false, filter } as const;
  expect(glance(plain, 7)).toMatchObject({ id: 7, count: 32 });
  expect(glance({ ...plain, mode: 'regex' }, 8)).toBeNull();
  expect(glance({ ...plain, sort: 'bytes' }, 9)).toBeNull();
  expect(table.packed(tensors.length - 1)).toBeNull();
});

it('leaves names that share no parts to a worker: a page would stand still over them', () => {
  const [one] = tensors;
  if (!one) throw new Error('There are tensors.');
  const alone = (count: number) =>
    createTensorTable(
      new Map(Array.from({ length: count }, (_, at) => [`x${at * 7919}`, { ...one, name: `x${at * 7919}` }])),
    );
  expect(alone(1000).packed(100_000)).not.toBeNull();
  expect(alone(60_000).packed(100_000)).toBeNull();
});

it('names an answer that was found elsewhere for later questions', () => {
  const filter = { roles: [], dtypes: [], layers: [], experts: [], shards: [] };
  table.note({ text: 'gate', mode: 'substring', sort: 'name', descending: false, filter }, 12_345);
  expect(table.rows(12_345, 0, 1)[0]?.name).toBe('model.layers.0.mlp.experts.0.gate_proj.weight');
  expect(table.layers(12_345)).toEqual([0, 1, 2, 10]);
});
