import type { Argument, Command, Option } from 'commander';

/**
 * The words that options and arguments take. Commander has choices too, but refuses other words with a message of its
 * own; here each command refuses them with the tag `usage`.
 */
const CHOICES = new WeakMap<Option | Argument, readonly string[]>();

/** Says which words options take, by their long names. @throws RangeError for an option that the command does not have. */
export function withChoices(command: Command, choices: Readonly<Record<string, readonly string[]>>): Command {
  for (const [long, words] of Object.entries(choices)) {
    const option = command.options.find((each) => each.long === long);
    if (!option) throw new RangeError(`${command.name()} has no option ${long}.`);
    CHOICES.set(option, words);
  }
  return command;
}

/** Says which words the first argument takes. @throws RangeError for a command without one. */
export function withWords(command: Command, words: readonly string[]): Command {
  const [first] = command.registeredArguments;
  if (!first) throw new RangeError(`${command.name()} has no argument.`);
  CHOICES.set(first, words);
  return command;
}

/** Null where any text can be given. */
export function choicesOf(what: Option | Argument): readonly string[] | null {
  return CHOICES.get(what) ?? null;
}
