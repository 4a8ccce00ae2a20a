import {
  type Checkpoint,
  detectLayout,
  type FileSet,
  LOADERS,
  LoomError,
  loaderNamed,
  type PlanOptions,
  planWithValues,
  predictLoads,
  predictPlan,
  refuseUnusable,
  TARGETS,
  type Target,
  type TargetOutcome,
  targetForProgram,
} from '../core/index.ts';
import { parseTarget } from './common.ts';
import { PROGRAM_NAME } from './name.ts';

/** The two ways to say which layout a conversion writes. */
export interface TargetFlags {
  readonly to?: string;
  readonly for?: string;
}

type Loader = (typeof LOADERS)[number];

/** What the flags say, checked: a layout, a program, or both. */
export interface WantedTarget {
  readonly layout: Target | null;
  readonly program: Loader | null;
}

/** Reads `--to` and `--for`. @throws LoomError `usage` where neither is given, or one names nothing that is known. */
export function parseTargetFlags(flags: TargetFlags): WantedTarget {
  if (flags.to === undefined && flags.for === undefined)
    throw new LoomError(
      'usage',
      'Give the layout to convert to: --to <layout>, such as --to gate-up, or --for <program>, such as --for vllm.',
    );
  return {
    layout: flags.to === undefined ? null : parseTarget(flags.to),
    program: flags.for === undefined ? null : parseProgram(flags.for),
  };
}

function parseProgram(text: string): Loader {
  const found = loaderNamed(text);
  if (found) return found;
  const ids = LOADERS.map(({ id }) => id).join(', ');
  throw new LoomError('usage', `--for takes ${ids}; "${text}" is not one of them.`);
}

/** An open checkpoint with what shapes its plan. */
interface Opened {
  readonly checkpoint: Checkpoint;
  readonly files: FileSet;
  readonly options: PlanOptions;
  readonly signal: AbortSignal;
}

/**
 * The layout that a conversion writes. For a program it is chosen from what the program is predicted to do with the
 * result of each conversion of the whole model.
 *
 * @throws LoomError `usage` where `--to` names a layout that the program of `--for` does not load; `not-convertible` where
 * no conversion is known after which the program loads the checkpoint.
 */
export async function targetOf({ layout, program }: WantedTarget, opened: Opened): Promise<Target> {
  if (program === null) {
    if (layout === null) throw new LoomError('internal', 'Give a layout or a program.');
    return layout;
  }
  const { checkpoint } = opened;
  refuseUnusable(checkpoint);
  const name = program.loads.title ?? program.title;
  const { assume } = opened.options;
  const detected = detectLayout(checkpoint, assume === undefined ? {} : { assume });
  const current = { layout: detected.layout, verdicts: predictLoads(checkpoint, detected) };
  const outcomes: TargetOutcome[] = [];
  for (const target of layout === null ? (Object.keys(TARGETS) as Target[]) : [layout])
    outcomes.push({ target, verdicts: await verdictsOn(target, opened) });
  const found = targetForProgram(program.id, current, outcomes);
  if (found) return found.target;
  if (layout !== null)
    throw new LoomError(
      'usage',
      `--to ${layout} and --for ${program.id} contradict each other: ${name} is not known to load the result. Give only one of them.`,
    );
  throw new LoomError(
    'not-convertible',
    `No known conversion makes ${name} load this checkpoint. \`${PROGRAM_NAME} loads\` shows why it cannot load it now.`,
  );
}

async function verdictsOn(target: Target, { checkpoint, files, options, signal }: Opened) {
  const { layers: _, keepRest: __, ...whole } = options;
  return predictPlan(checkpoint, await planWithValues(checkpoint, files, target, { ...whole, signal }), whole);
}
