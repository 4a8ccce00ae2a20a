import { describe, expect, test } from 'vitest';
import {
  checkpointOf,
  type RealNames,
  readFixture,
  readRealNames,
  type TestCheckpoint,
} from '../layouts/checkpoints.fixture.ts';
import { detectLayout } from '../layouts/detect.ts';
import type { LayerGroup } from '../layouts/types.ts';
import { isGood } from '../loads/predict.ts';
import type { Shape } from '../safetensors/types.ts';
import { predictLoads } from './loading.ts';
import { type Shapes, variantsOf } from './transformers/variants.fixture.ts';

/** What becomes of one expert tensor: its new name and shape; null to drop it. */
type Damage = (place: Place) => Pick<Place, 'name' | 'shape'> | null;

interface Place {
  readonly name: string;
  readonly shape: Shape;
  readonly group: LayerGroup;
  /** Below the group's prefix: `experts.3.up_proj.weight`. */
  readonly rest: string;
  /** Null where a tensor holds all experts. */
  readonly expert: number | null;
  /** In the last layer with experts. */
  readonly last: boolean;
}

const STEM = /(gate_up_proj|gate_proj|up_proj|down_proj|w13|w[123]|v1|fc[12]|input_linear|output_linear|wi|wo)/;
const DOWN = /(down_proj|w2|fc2|output_linear|wo)/;
const UP = /(gate_up_proj|up_proj|w13|w3|v1|fc1|input_linear|wi)/;
const without =
  (gone: (place: Place) => boolean): Damage =>
  (place) =>
    gone(place) ? null : place;
const renamed =
  (to: (place: Place) => string): Damage =>
  (place) => ({ ...place, name: to(place) });

function otherContainer({ group: { prefix, index }, rest }: Place): string {
  const at = /\.\d+$/.test(prefix) || index === null ? prefix : prefix.replace(/\.[^.]*$/, '');
  return `${at}.ffx.${rest}`;
}

/** Half of the experts where they are stored apart, else half of the projections. */
function inHalf({ group, expert, rest }: Place): boolean {
  return expert === null ? DOWN.test(rest) : expert >= (group.experts ?? 0) / 2;
}

const DAMAGES: Readonly<Record<string, Damage>> = {
  'no experts': without(() => true),
  'no experts in one layer': without(({ last }) => last),
  'half of the experts': without(inHalf),
  'half of the experts in one layer': without((place) => place.last && inHalf(place)),
  'half of each tensor': (place) => {
    const [experts = 0, ...rest] = place.shape;
    return place.expert === null && rest.length === 2 ? { ...place, shape: [experts / 2, ...rest] } : place;
  },
  'no expert 1': without(({ expert, rest }) => expert === 1 || (expert === null && UP.test(rest))),
  'no down': without(({ rest }) => DOWN.test(rest)),
  'no up': without(({ rest }) => UP.test(rest)),
  'no up in one layer': without(({ rest, last }) => last && UP.test(rest)),
  'an unknown container': renamed(otherContainer),
  'an unknown container in one layer': renamed((place) => (place.last ? otherContainer(place) : place.name)),
  'unknown names': renamed(({ group, rest }) => `${group.prefix}.${rest.replace(STEM, 'x_$1_x')}`),
  'unknown names of one projection': renamed(
    ({ group, rest }) => `${group.prefix}.${DOWN.test(rest) ? rest.replace(STEM, 'alpha') : rest}`,
  ),
  'unknown names in one layer': renamed(
    ({ group, rest, last }) => `${group.prefix}.${last ? rest.replace(STEM, 'alpha') : rest}`,
  ),
  'no segment for experts': renamed(({ group, rest }) => `${group.prefix}.${rest.replace(/^experts\b/, 'expertz')}`),
};

function placesOf(checkpoint: TestCheckpoint): Place[] {
  const sparse = detectLayout(checkpoint).groups.filter(({ kind }) => kind === 'moe');
  return sparse.flatMap((group) =>
    group.expertTensors.map((name): Place => {
      const rest = name.slice(group.prefix.length + 1);
      const number = /^experts\.(?:expert_)?(\d+)\./.exec(rest)?.[1];
      const shape = checkpoint.tensors.get(name)?.shape ?? [];
      return { name, shape, group, rest, expert: number ? Number(number) : null, last: group === sparse.at(-1) };
    }),
  );
}

/** The checkpoint with a damage; null where the damage changes nothing, as no such tensor is there. */
function damaged(checkpoint: TestCheckpoint, damage: Damage): TestCheckpoint | null {
  const places = placesOf(checkpoint);
  const after = places.map(damage);
  if (places.every(({ name, shape }, at) => after[at]?.name === name && after[at].shape === shape)) return null;
  const tensors = new Map(checkpoint.tensors);
  for (const { name } of places) tensors.delete(name);
  for (const [at, changed] of after.entries()) {
    const tensor = checkpoint.tensors.get(places[at]?.name ?? '');
    if (tensor && changed) tensors.set(changed.name, { ...tensor, name: changed.name, shape: changed.shape });
  }
  return { tensors, config: checkpoint.config };
}

/** Headers of every tensor name with its shape. */
function ofShapes(shapes: Shapes, config: RealNames['config']): TestCheckpoint {
  const headers = Object.entries(shapes).map(([name, shape]) => [name, { dtype: 'BF16', shape }] as const);
  return checkpointOf(Object.fromEntries(headers), config);
}

/** Other layouts that programs with layouts of their own load. */
const VARIANTS = ['stacked', 'stacked.weight', 'no-experts-segment', 'switch_mlp'];

const CHECKPOINTS: readonly (readonly [string, TestCheckpoint])[] = [
  ...Object.entries(readRealNames()).flatMap(([type, real]) => {
    const made = type.startsWith('qwen3') || type === 'mixtral' ? variantsOf(real) : {};
    return [
      [type, checkpointOf(real.disk, real.config)] as const,
      [`${type} in memory`, checkpointOf(real.memory, real.config)] as const,
      ...VARIANTS.flatMap((which) =>
        made[which] ? [[`${type} as ${which}`, ofShapes(made[which], real.config)] as const] : [],
      ),
    ];
  }),
  ...['qwen3_moe', 'mixtral', 'deepseek_v3', 'gpt_oss'].map(
    (type) => [`${type} of the fixtures`, readFixture(type).hub] as const,
  ),
];

describe.each(Object.entries(DAMAGES))('with %s', (_, damage) => {
  const cases = CHECKPOINTS.flatMap(([name, checkpoint]) => {
    const changed = damaged(checkpoint, damage);
    return changed ? [[name, changed] as const] : [];
  });

  test.each(cases)('%s loads in no program', (_name, checkpoint) => {
    const good = predictLoads(checkpoint).filter(isGood);
    expect(good.map(({ id, verdict }) => `${id} ${verdict}`)).toEqual([]);
  });
});

test.each(CHECKPOINTS.filter(([, checkpoint]) => placesOf(checkpoint).length > 0))(
  '%s without its experts and routers loads in no program',
  (_, checkpoint) => {
    const gone = new Set(
      detectLayout(checkpoint).groups.flatMap(({ expertTensors, router }) => [...expertTensors, ...router]),
    );
    const tensors = new Map([...checkpoint.tensors].filter(([name]) => !gone.has(name)));
    expect(predictLoads({ ...checkpoint, tensors }).filter(isGood)).toEqual([]);
  },
);

test('a checkpoint whose config has no experts in any layer loads', () => {
  const { disk = {}, config = {} } = readRealNames().deepseek_v32 ?? {};
  const [transformers5] = predictLoads(checkpointOf(disk, config));
  expect(transformers5?.verdict).toBe('loads');
});

test('what is missing is named, also where no expert is there', () => {
  const { hub } = readFixture('qwen3_moe');
  const tensors = new Map([...hub.tensors].filter(([name]) => !name.includes('experts')));
  const verdicts = predictLoads({ tensors, config: { ...hub.config, num_experts: 12 } });
  const old = verdicts.find(({ id }) => id === 'transformers-4.57');
  expect(old?.verdict).toBe('partial');
  expect(old?.missing).toHaveLength(2 * 12 * 3);
  expect(old?.missing[0]).toBe('model.layers.0.mlp.experts.0.down_proj.weight');
});
