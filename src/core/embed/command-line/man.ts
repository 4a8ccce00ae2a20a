import { type Emitted, emit } from '../emitted.ts';
import { visible } from '../visible.ts';
import type { CommandText, OptionText, ProgramText } from './tree.ts';

/** A line of the source is no longer than this, as mandoc wants it. */
const WIDTH = 78;

/** The manual page of section 1, in the man macros that groff and mandoc read. ASCII alone. */
export function manPage({ name, version, about, options, commands, exits }: ProgramText): Emitted<'roff'> {
  const lines = [
    `.TH ${roff(name.toUpperCase())} 1 "" "${roff(`${name} ${version}`)}"`,
    '.SH NAME',
    ...flowed(`${roff(name)} \\- ${roff(about)}`),
    '.SH SYNOPSIS',
    ...flowed(`${bold(name)} ${italic('command')} [${italic('options')}]`),
    '.SH OPTIONS',
    ...options.flatMap(optionLines),
    '.SH COMMANDS',
    ...commands.flatMap((command) => commandLines(name, command)),
    '.SH EXIT STATUS',
    ...exits.flatMap(({ code, meaning }) => ['.TP', bold(String(code)), ...flowed(roff(meaning))]),
  ];
  return emit(`${lines.join('\n')}\n`);
}

function commandLines(program: string, { name, about, arguments: all, options }: CommandText): string[] {
  const usage = [bold(`${program} ${name}`), ...all.map(({ shown }) => italic(shown)), `[${italic('options')}]`];
  return [
    `.SS ${roff(name)}`,
    ...flowed(usage.join(' ')),
    '.PP',
    ...flowed(roff(about)),
    ...all.flatMap(({ shown, about: says }) => (says === '' ? [] : ['.TP', italic(shown), ...flowed(roff(says))])),
    ...options.flatMap(optionLines),
  ];
}

function optionLines({ flags, about, choices }: OptionText): string[] {
  const untold = choices?.filter((choice) => !about.includes(choice)) ?? [];
  const one = choices && untold.length > 0 ? `${about}; one of ${choices.join(', ')}` : about;
  return ['.TP', bold(flags), ...flowed(roff(one))];
}

const bold = (text: string) => `\\fB${roff(text)}\\fR`;
const italic = (text: string) => `\\fI${roff(text)}\\fR`;

const MARKS: Readonly<Record<string, string>> = {
  '\\': '\\e',
  '-': '\\-',
  "'": '\\(aq',
  '`': '\\(ga',
  '"': '\\(dq',
  '^': '\\(ha',
  '~': '\\(ti',
};

/** A text in which roff finds neither requests nor escapes. */
function roff(text: string): string {
  return visible(text)
    .replace(/[\\\-'`"^~]/g, (mark) => MARKS[mark] ?? mark)
    .replace(
      /[^ -~]/gu,
      (character) => `\\[u${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}]`,
    );
}

/** Lines of at most {@link WIDTH}; one that begins with a dot, which would be a request, begins with nothing before it. */
function flowed(text: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line].filter((each) => each !== '').map((each) => (/^[.']/.test(each) ? `\\&${each}` : each));
}
