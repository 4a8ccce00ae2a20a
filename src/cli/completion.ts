import type { Argument, Command, Help, Option } from 'commander';
import { COMMAND_LINE_TEXTS, EXITS, LoomError, type ProgramText, VERSION } from '../core/index.ts';
import { choicesOf, withWords } from './choices.ts';
import { printCode } from './terminal.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;

/** `moe-loom completion <shell>`: a script that completes every command, option and choice. */
export function addCompletion(program: Command): void {
  const command = program
    .command('completion')
    .description('print a script that completes commands, options and their values in a shell')
    .argument('<shell>', SHELLS.join(', '))
    .action((text: string) => {
      const shell = SHELLS.find((each) => each === text);
      if (!shell) throw new LoomError('usage', `completion takes ${SHELLS.join(', ')}; "${text}" is not one of them.`);
      printCode(COMMAND_LINE_TEXTS[shell](programText(program)));
    });
  withWords(command, SHELLS);
}

/** `moe-loom man`: the manual page, as `man -l` reads it. */
export function addMan(program: Command): void {
  program
    .command('man')
    .description('print the manual page; read it with: moe-loom man | man -l -')
    .action(() => printCode(COMMAND_LINE_TEXTS.man(programText(program))));
}

/** The command line in words, from the commands themselves. */
export function programText(program: Command): ProgramText {
  const help = program.createHelp();
  return {
    name: program.name(),
    version: VERSION,
    about: program.description(),
    options: optionsOf(program, help),
    commands: program.commands.map((command) => ({
      name: command.name(),
      about: command.description(),
      arguments: command.registeredArguments.map((argument) => ({
        shown: shown(argument),
        about: help.argumentDescription(argument),
        choices: choicesOf(argument),
      })),
      options: optionsOf(command, help),
    })),
    exits: EXITS,
  };
}

function optionsOf(command: Command, help: Help) {
  return help.visibleOptions(command).map((option) => ({
    flags: option.flags,
    long: option.long ?? option.flags,
    about: help.optionDescription(option),
    takes: takesOf(option),
    choices: choicesOf(option),
  }));
}

function takesOf({ required, optional }: Option): 'nothing' | 'must' | 'may' {
  if (required) return 'must';
  return optional ? 'may' : 'nothing';
}

function shown(argument: Argument): string {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
}
