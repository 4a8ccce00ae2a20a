import { type Emitted, emit } from '../emitted.ts';
import { visible } from '../visible.ts';
import { type OptionText, type ProgramText, plainWord, wordsOf } from './tree.ts';

/** Completion for fish from 3.0 on, with what each command and option does. */
export function fishCompletion({ name, version, options, commands }: ProgramText): Emitted<'fish'> {
  const base = `complete -c ${plainWord(name)}`;
  const first = '-n __fish_use_subcommand';
  const after = (command: string) => `-n ${quoted(`__fish_seen_subcommand_from ${plainWord(command)}`)}`;
  const optionLine = (where: string, { long, about, takes, choices }: OptionText) => {
    const value = choices ? `-x -a ${quoted(choices.map(plainWord).join(' '))}` : '-r -F';
    const takesWord = takes === 'nothing' ? '' : ` ${value}`;
    return `${base} ${where} -l ${plainWord(long.replace(/^--/, ''))}${takesWord} -d ${quoted(about)}`;
  };
  const lines = [
    `# Completion of ${plainWord(name)} ${plainWord(version)} for fish. Load it with: ${plainWord(name)} completion fish | source`,
    ...options.map((option) => optionLine(first, option)),
    ...commands.map((command) => `${base} ${first} -f -a ${plainWord(command.name)} -d ${quoted(command.about)}`),
    ...commands.flatMap((command) => {
      const words = wordsOf(command);
      const where = after(command.name);
      return [
        ...(words === null ? [] : [`${base} ${where} -f${words.length > 0 ? ` -a ${quoted(words.join(' '))}` : ''}`]),
        ...command.options.map((option) => optionLine(where, option)),
      ];
    }),
  ];
  return emit(`${lines.join('\n')}\n`);
}

/** A word as fish reads it back: in single quotes it knows two escapes. */
function quoted(text: string): string {
  return `'${visible(text).replace(/[\\']/g, '\\$&')}'`;
}
