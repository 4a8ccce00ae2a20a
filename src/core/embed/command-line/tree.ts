/** An option as its help shows it. */
export interface OptionText {
  /** `--to <layout>`. */
  readonly flags: string;
  readonly long: string;
  readonly about: string;
  /** Whether a word follows it: `may` where it can be left out. */
  readonly takes: 'nothing' | 'must' | 'may';
  /** Every word that it takes; null where that is any text, such as the name of a file. */
  readonly choices: readonly string[] | null;
}

/** An argument of a command. */
export interface ArgumentText {
  /** As the usage shows it: `<source>`, `[sources...]`. */
  readonly shown: string;
  readonly about: string;
  readonly choices: readonly string[] | null;
}

export interface CommandText {
  readonly name: string;
  readonly about: string;
  readonly arguments: readonly ArgumentText[];
  readonly options: readonly OptionText[];
}

/** A command line in words: what completion and the manual page are made from. */
export interface ProgramText {
  readonly name: string;
  readonly version: string;
  readonly about: string;
  readonly options: readonly OptionText[];
  readonly commands: readonly CommandText[];
  readonly exits: readonly { readonly code: number; readonly meaning: string }[];
}

/** @throws RangeError for a word that a shell could take for more than a word. */
export function plainWord(text: string): string {
  if (/^[A-Za-z0-9_./@+-]+$/.test(text)) return text;
  throw new RangeError(`${JSON.stringify(text)} cannot be completed: it holds a character that shells act on.`);
}

/** Flags of all options. */
export function flagsOf(options: readonly OptionText[]): string[] {
  return options.map(({ long }) => plainWord(long));
}

/** Options that take a word, of the program and of each command, whose name is empty for the program. */
export function valuedOptions({ options, commands }: ProgramText) {
  const of = (command: string, all: readonly OptionText[]) =>
    all.flatMap(({ long, takes, choices }) =>
      takes === 'nothing' ? [] : [{ command, long: plainWord(long), choices: choices?.map(plainWord) ?? null }],
    );
  return [...of('', options), ...commands.flatMap((command) => of(plainWord(command.name), command.options))];
}

/** The words that a command takes instead of the name of a file; null where it takes names of files. */
export function wordsOf({ arguments: all }: CommandText): readonly string[] | null {
  if (all.length === 0) return [];
  return all.flatMap(({ choices }) => choices ?? []).length === 0
    ? null
    : all.flatMap(({ choices }) => choices ?? []).map(plainWord);
}
