import { type Emitted, fill, joined, shell } from '../emitted.ts';
import { shellWord } from '../shell.ts';
import { flagsOf, type ProgramText, plainWord, valuedOptions, wordsOf } from './tree.ts';

const BODY = `# Completion of @@NAME@@ @@VERSION@@ for bash. Load it with: source <(@@NAME@@ completion bash)
_@@FUNCTION@@() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD - 1]} command= words= at
  COMPREPLY=()
  if [[ $cur == = ]]; then
    cur=
  elif [[ $prev == = ]]; then
    prev=\${COMP_WORDS[COMP_CWORD - 2]}
  fi
  for ((at = 1; at < COMP_CWORD; at++)); do
    case \${COMP_WORDS[at]} in
      @@COMMANDS@@)
        command=\${COMP_WORDS[at]}
        break
        ;;
    esac
  done
  case "$command $prev" in
@@VALUES@@
    *)
      if [[ $cur == -* ]]; then
        case $command in
@@OPTIONS@@
        esac
      else
        case $command in
@@WORDS@@
          *) return 0 ;;
        esac
      fi
      ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "$cur"))
}
complete -o default -F _@@FUNCTION@@ @@NAME@@
`;

/** Completion for bash from 3.2 on. Names of files are left to bash: where nothing is found, it completes them. */
export function bashCompletion(program: ProgramText): Emitted<'shell'> {
  const { name, commands } = program;
  const valued = valuedOptions(program);
  const arm = (pattern: string, words: readonly string[]) =>
    shell`          ${shellWord(pattern)}) words=${shellWord(words.join(' '))} ;;`;
  const chosen = valued.flatMap(({ command, long, choices }) =>
    choices ? [shell`    ${shellWord(`${command} ${long}`)}) words=${shellWord(choices.join(' '))} ;;`] : [],
  );
  const free = valued.flatMap(({ command, long, choices }) => (choices ? [] : [shellWord(`${command} ${long}`)]));
  const names = commands.map((command) => plainWord(command.name));
  return fill(BODY, {
    NAME: shellWord(plainWord(name)),
    FUNCTION: shellWord(plainWord(name).replaceAll('-', '_')),
    VERSION: shellWord(program.version),
    COMMANDS: joined(names.map(shellWord), ' | '),
    VALUES: joined([...chosen, ...(free.length > 0 ? [shell`    ${joined(free, ' | ')}) return 0 ;;`] : [])], '\n'),
    OPTIONS: joined(
      [arm('', flagsOf(program.options)), ...commands.map((command) => arm(command.name, flagsOf(command.options)))],
      '\n',
    ),
    WORDS: joined(
      [
        arm('', names),
        ...commands.flatMap((command) => {
          const words = wordsOf(command);
          return words === null || words.length === 0 ? [] : [arm(command.name, words)];
        }),
      ],
      '\n',
    ),
  });
}
