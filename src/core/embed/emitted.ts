declare const language: unique symbol;

export type Language =
  | 'python'
  | 'shell'
  | 'yaml'
  | 'toml'
  | 'json'
  | 'markdown'
  | 'tsv'
  | 'svg'
  | 'roff'
  | 'fish'
  | 'workflow';

/**
 * Text of a language that a program or a reader of that language will be given. Only this room makes it: from the text of
 * our own sources, and from values that went through the language's own function. A string does not pass for it.
 */
export type Emitted<L extends Language = Language> = string & { readonly [language]: L };

/** Takes a text for code. For this room alone (`architecture.test.ts` sees to it). */
export function emit<L extends Language>(text: string): Emitted<L> {
  return text as Emitted<L>;
}

/** What may stand in a template: numbers, truth values, and what is code already. */
export type Part<L extends Language> = number | Emitted<L>;

type Tag<L extends Language> = (strings: TemplateStringsArray, ...parts: readonly Part<L>[]) => Emitted<L>;

function tag<L extends Language>(): Tag<L> {
  return (strings, ...parts) => emit(String.raw({ raw: strings }, ...parts));
}

/** A template literal in Python: what is put in must be code. */
export const python = tag<'python'>();
/** A template literal for a shell: what is put in must be code. */
export const shell = tag<'shell'>();
/** A template literal in SVG: what is put in must be code. */
export const svg = tag<'svg'>();
/** A template literal in Markdown: what is put in must be code. */
export const markdown = tag<'markdown'>();

/** Parts of one language, one after another. */
export function joined<L extends Language>(parts: readonly Emitted<L>[], separator = ''): Emitted<L> {
  return emit(parts.join(separator));
}

/**
 * A program with places such as `@@NAME@@`, filled in one pass: a value that spells a place is not filled again.
 * @throws RangeError for a place without a value.
 */
export function fill<L extends Language>(program: string, places: Readonly<Record<string, Part<L>>>): Emitted<L> {
  return emit(
    program.replace(/@@([A-Z]+)@@/g, (place, name: string) => {
      const value = Object.hasOwn(places, name) ? places[name] : undefined;
      if (value === undefined) throw new RangeError(`Nothing is given for ${place}.`);
      return String(value);
    }),
  );
}
