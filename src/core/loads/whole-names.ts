import { dialectOf } from '../layouts/dialects.ts';
import { joinName } from '../layouts/scan.ts';
import { tensorPlace } from '../layouts/tensor-place.ts';
import type { LayerGroup } from '../layouts/types.ts';
import { modelClass } from './expert-names.ts';
import type { LoadInput } from './sparse-layers.ts';

/** Words before a list of layers in the models of the Hub; anything else there is a wrapper that saving has left. */
const WORDS: ReadonlySet<string> = new Set(
  'model language_model text_model llm thinker talker transformer backbone decoder encoder'.split(' '),
);
/** Words that only the class with more than a language model has there. */
const COMPOSITE = /(^|\.)(language_model|text_model|llm|thinker|talker)(\.|$)/;

/**
 * True where a model's class can have its layers: `model.layers`, for a class of text alone, `model.language_model.layers`
 * for one that sees and hears too. A wrapper before or among them (`module.`, `_orig_mod.`) is in no model.
 */
export function ownsStack(input: LoadInput, stack: string): boolean {
  const { row, checkpoint } = input;
  const above = stack.split('.').slice(0, -1);
  if (new Set(above).size < above.length || above.some((word) => !WORDS.has(word))) return false;
  const stated = row?.prefixes.some(([disk]) => disk.startsWith('model.layers.') || disk === 'model.') ?? false;
  const composite = modelClass(input)?.endsWith('ForConditionalGeneration') === true && hasTextPart(checkpoint.config);
  return !composite || stated || COMPOSITE.test(stack);
}

function hasTextPart(config: LoadInput['checkpoint']['config']): boolean {
  return ['text_config', 'language_config', 'llm_config', 'thinker_config'].some((key) => config?.[key] !== undefined);
}

/** True when a group's weights are named as its dialect names them, with the expert's number where it belongs. */
export function isSpelled({ prefix, layout, members }: LayerGroup): boolean {
  const spec = dialectOf(layout);
  if (!spec) return false;
  const weight = spec.style === 'dot' ? '.weight' : spec.style === 'suffix' ? '_weight' : '';
  const stems = Object.values(spec.stems).map((stem) => joinName(prefix, stem));
  const known = [...stems, ...stems.map((stem) => stem.replace('gate_up_proj', 'up_proj'))];
  return members.every(({ part, template }) =>
    part === 'weight'
      ? known.some((stem) => template === stem + weight)
      : known.some((stem) => template.startsWith(stem)),
  );
}

/** True when a group's experts stand right below their layer, in one of these segments. */
export function standsIn({ prefix }: LayerGroup, containers: readonly string[]): boolean {
  return containers.includes(tensorPlace(prefix).rest);
}
