import { dialectOf } from '../layouts/dialects.ts';
import type { Dialect, Family } from '../layouts/types.ts';
import { type Expected, expectLayer } from './expected.ts';
import { expertNames } from './expert-names.ts';
import { sameShape, sortNames } from './names.ts';
import { type LayerHints, type LoadInput, sparseLayers, stackOf } from './sparse-layers.ts';
import { joinStack } from './stacks.ts';
import type { NameReport } from './types.ts';

/** A layout's id, `family/dialect`, as a dialect's row. */
export function specOf(id: string) {
  const [family, dialect] = id.split('/') as [Family, Dialect];
  return dialectOf({ family, dialect });
}

/** Segments between the layer and its experts, as the checkpoint spells them: `mlp`. */
export function containerOf({ layout, row }: LoadInput): string {
  const group = layout.groups.find((each) => each.kind === 'moe');
  if (!group) return row?.container ?? '';
  return group.prefix.slice(joinStack(stackOf(group), group.index).length + 1);
}

/** Expert tensors of a model that holds them in a layout, under the checkpoint's own prefixes unless `hints` place them. */
export function expectedIn(
  input: LoadInput,
  id: string,
  container = containerOf(input),
  hints: LayerHints = {},
): Expected | null {
  const spec = specOf(id);
  if (!spec || !input.row) return null;
  const expected: Expected = new Map();
  const { place = (stack) => stack } = hints;
  for (const layer of sparseLayers(input, hints)) {
    const form = { spec, container, gated: input.row.gated, biased: false, empty: 0 };
    expectLayer(
      expected,
      joinStack(layer.index === null ? layer.stack : place(layer.stack), layer.index),
      layer,
      layer.index === null ? { ...form, container: '' } : form,
    );
  }
  return expected;
}

/** What a program reports that takes names as they are and converts nothing. */
export function compareNames(input: LoadInput, expected: Expected, ignored: readonly string[] = []): NameReport {
  const { tensors } = input.checkpoint;
  const silent = ignored.map((pattern) => new RegExp(pattern));
  const unexpected = [...expertNames(input)].filter((name) => !expected.has(name) && !isBiasOf(name, expected));
  const missing: string[] = [];
  const mismatched: string[] = [];
  for (const [name, shape] of expected) {
    const tensor = tensors.get(name);
    if (!tensor) missing.push(name);
    else if (shape !== null && !sameShape(tensor.shape, shape)) mismatched.push(name);
  }
  return {
    missing: sortNames(missing),
    unexpected: sortNames(unexpected.filter((name) => !silent.some((pattern) => pattern.test(name)))),
    mismatched: sortNames(mismatched),
  };
}

/** Biases and scales go with their weight, which is what is compared. */
function isBiasOf(name: string, expected: Expected): boolean {
  const weight = name
    .replace(/(_bias|_blocks|_scales|_scale_inv)$/, '')
    .replace(/\.(bias|weight_scale_inv|scales|biases)$/, '.weight');
  return weight !== name && expected.has(weight);
}
