import { Command, CommanderError } from 'commander';
import { DONE, type ErrorTag, exitCodeOf, isLoomError, LoomError, VERSION } from '../core/index.ts';
import { addCheck } from './check.ts';
import { addCompare } from './compare.ts';
import { addCompletion, addMan } from './completion.ts';
import { addConvert } from './convert.ts';
import { addDraw } from './draw.ts';
import { addExplain } from './explain.ts';
import { addInspect } from './inspect.ts';
import { addJob } from './job.ts';
import { addJoin } from './join.ts';
import { addLoads } from './loads.ts';
import { addMemory } from './memory.ts';
import { PROGRAM_NAME } from './name.ts';
import { addOpen } from './open.ts';
import { addParity } from './parity.ts';
import { addPlan } from './plan.ts';
import { addPublish } from './publish.ts';
import { addRanks } from './ranks.ts';
import { addSample } from './sample.ts';
import { addStats } from './stats.ts';
import { addStatus } from './status.ts';
import { addTensors } from './tensors.ts';
import { printJson, tell, terminalWidth } from './terminal.ts';
import { addVerify } from './verify.ts';

/** Columns of help where there is no terminal. */
const USUAL_WIDTH = 80;
/** Columns that descriptions of options need; with fewer they are not wrapped. */
const LEAST_WIDTH = 24;

const COMMANDS = [
  addInspect,
  addTensors,
  addDraw,
  addPlan,
  addConvert,
  addJoin,
  addStatus,
  addJob,
  addVerify,
  addPublish,
  addCompare,
  addCheck,
  addLoads,
  addSample,
  addRanks,
  addMemory,
  addStats,
  addParity,
  addOpen,
  addExplain,
  addCompletion,
  addMan,
];

/** The command line with every command and option. It ends no process. */
export function createProgram(): Command {
  const program = new Command(PROGRAM_NAME)
    .description('See how a mixture-of-experts checkpoint stores its experts, convert it, and prove the result equal.')
    .version(VERSION)
    .exitOverride()
    .configureHelp({ minWidthToWrap: LEAST_WIDTH })
    .configureOutput({
      outputError: (text, write) => write(text),
      getOutHelpWidth: () => terminalWidth() ?? USUAL_WIDTH,
      getErrHelpWidth: () => terminalWidth() ?? USUAL_WIDTH,
    });
  for (const add of COMMANDS) add(program);
  for (const command of program.commands) command.exitOverride();
  return program;
}

/** Runs one command line, without the program's own name before it. What it throws is printed; `process.exitCode` says how it ended. */
export async function runProgram(args: readonly string[]): Promise<void> {
  try {
    await createProgram().parseAsync(args, { from: 'user' });
  } catch (error) {
    process.exitCode = report(error, args);
  }
}

function report(error: unknown, args: readonly string[]): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return DONE;
    // Its message is on standard error already.
    if (asksJson(args)) printError('usage', error.message.replace(/^error: /, ''));
    return exitCodeOf('usage', process.env);
  }
  const known = isLoomError(error)
    ? error
    : new LoomError('internal', error instanceof Error ? (error.stack ?? error.message) : String(error));
  if (asksJson(args)) printError(known.tag, known.message);
  // A fault of this program comes with its stack, of many lines.
  const lines = known.tag === 'internal' ? known.message.split('\n') : [known.message];
  for (const [at, line] of lines.entries())
    tell(`${at === 0 ? `${PROGRAM_NAME}: ` : ''}${line}${at === lines.length - 1 ? ` [${known.tag}]` : ''}`);
  return exitCodeOf(known.tag, process.env);
}

/** True for `--json`, and for its other spelling in `check`. */
function asksJson(args: readonly string[]): boolean {
  const format = args.indexOf('--format');
  return args.includes('--json') || args.includes('--format=json') || (format >= 0 && args[format + 1] === 'json');
}

function printError(tag: ErrorTag, message: string): void {
  printJson({ error: { tag, message } }, 'one');
}
