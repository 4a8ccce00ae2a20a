import { type Emitted, fill, joined, shell } from '../emitted.ts';
import { shellWord } from '../shell.ts';
import { visible } from '../visible.ts';
import { type OptionText, type ProgramText, plainWord, valuedOptions, wordsOf } from './tree.ts';

const BODY = `#compdef @@NAME@@
# Completion of @@NAME@@ @@VERSION@@ for zsh. Load it with: source <(@@NAME@@ completion zsh)
_@@FUNCTION@@() {
  local command= prev=\${words[CURRENT - 1]} at
  local -a found
  if [[ $words[CURRENT] == --*=* ]]; then
    prev=\${words[CURRENT]%%=*}
    compset -P '*='
  fi
  for ((at = 2; at < CURRENT; at++)); do
    case $words[at] in
      @@COMMANDS@@)
        command=$words[at]
        break
        ;;
    esac
  done
  case "$command $prev" in
@@VALUES@@
  esac
  if [[ $words[CURRENT] == -* ]]; then
    case $command in
@@OPTIONS@@
    esac
    _describe -o -t options option found
    return
  fi
  case $command in
@@WORDS@@
    *) _files; return ;;
  esac
  _describe -t words word found
}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _@@FUNCTION@@ "$@"
else
  compdef _@@FUNCTION@@ @@NAME@@
fi
`;

/** Completion for zsh, with what each command and option does. */
export function zshCompletion(program: ProgramText): Emitted<'shell'> {
  const { name, commands } = program;
  const arm = (pattern: string, items: readonly string[]) =>
    shell`      ${shellWord(pattern)}) found=(${joined(items.map(shellWord), ' ')}) ;;`;
  const optionArm = (pattern: string, options: readonly OptionText[]) =>
    arm(
      pattern,
      options.map(({ long, about }) => described(long, about)),
    );
  const valued = valuedOptions(program);
  const chosen = valued.flatMap(({ command, long, choices }) =>
    choices
      ? [
          shell`    ${shellWord(`${command} ${long}`)}) found=(${joined(choices.map(shellWord), ' ')}); _describe -t values value found; return ;;`,
        ]
      : [],
  );
  const free = valued.flatMap(({ command, long, choices }) => (choices ? [] : [shellWord(`${command} ${long}`)]));
  return fill(BODY, {
    NAME: shellWord(plainWord(name)),
    FUNCTION: shellWord(plainWord(name).replaceAll('-', '_')),
    VERSION: shellWord(program.version),
    COMMANDS: joined(
      commands.map((command) => shellWord(plainWord(command.name))),
      ' | ',
    ),
    VALUES: joined(
      [...chosen, ...(free.length > 0 ? [shell`    ${joined(free, ' | ')}) _files; return ;;`] : [])],
      '\n',
    ),
    OPTIONS: joined(
      [optionArm('', program.options), ...commands.map((command) => optionArm(command.name, command.options))],
      '\n',
    ),
    WORDS: joined(
      [
        arm(
          '',
          commands.map(({ name: each, about }) => described(each, about)),
        ),
        ...commands.flatMap((command) => {
          const words = wordsOf(command);
          return words === null || words.length === 0 ? [] : [arm(command.name, words)];
        }),
      ],
      '\n',
    ),
  });
}

/** A word and what it means, as `_describe` takes them. */
function described(word: string, about: string): string {
  return `${plainWord(word)}:${visible(about)}`;
}
