/** Where the layers of a model stand. */
interface ModelStacks {
  /** The first for the usual class; null where they are not known. */
  readonly stacks: readonly string[] | null;
  /** The prefix that may be added or taken away. */
  readonly base: string;
}

/** `model.layers` and 0 → `model.layers.0`; the stack alone outside numbered layers. */
export function joinStack(stack: string, index: number | null): string {
  return index === null ? stack : `${stack}.${index}`;
}

/**
 * Where a stack of layers stands in the model of a class, whatever prefix the checkpoint has.
 *
 * The base prefix is added or taken away as the class wants it; a stack that the class does not have is answered with the
 * one it has.
 */
export function placeStack(stack: string, rules: ModelStacks, className: string | null): string {
  const bare = className?.endsWith('Model') ?? false;
  const prefix = `${rules.base}.`;
  const without = (text: string) => (text.startsWith(prefix) ? text.slice(prefix.length) : text);
  if (rules.stacks === null) return stack;
  const own = ownStacks(rules.stacks, className);
  const known = bare ? own.map(without) : own;
  const spellings = [stack, without(stack), prefix + stack];
  return spellings.find((each) => known.includes(each)) ?? known[0] ?? stack;
}

/** Of a model type with a class of text alone and one that sees too, the stacks of the class that is asked for. */
function ownStacks(stacks: readonly string[], className: string | null): readonly string[] {
  const composite = className?.endsWith('ForConditionalGeneration') ?? false;
  if (!composite && !className?.endsWith('ForCausalLM')) return stacks;
  const own = stacks.filter((stack) => stack.includes('language_model') === composite);
  return own.length > 0 ? own : stacks;
}
