import { writeFileSync } from 'node:fs';
import { basename, isAbsolute } from 'node:path';
import type { Command } from 'commander';
import {
  type Checkpoint,
  type CheckpointLayout,
  causesOf,
  createFlows,
  DRAWINGS,
  detectLayout,
  drawLayer,
  type FileSet,
  flowPicture,
  flowScene,
  flowStill,
  flowTitle,
  foundWords,
  groupToDraw,
  LoomError,
  type Picture,
  planWithValues,
  svgOf,
  TARGETS,
  type Target,
} from '../core/index.ts';
import { withChoices } from './choices.ts';
import { assumption, interruptSignal, parseDtype, parseTarget, printJson } from './common.ts';
import { tellErrorsOf, unreadBehind } from './damage.ts';
import { openCheckpointAt, type ReadingFlags, SOURCE_HELP, withReading } from './source.ts';
import { printCode, tell } from './terminal.ts';

interface DrawFlags extends ReadingFlags {
  readonly layer?: string;
  readonly what: string;
  readonly to?: string;
  readonly dtype?: string;
  readonly at?: string;
  readonly as: string;
  readonly dark?: boolean;
  readonly out?: string;
}

/** `moe-loom draw <source>`: one layer as a picture, from headers alone. Exit 1 when the checkpoint has an error. */
export function addDraw(program: Command): void {
  const command = program
    .command('draw')
    .description('draw how a layer’s experts are stored, as SVG for a README, a model card or a paper')
    .argument('<source>', SOURCE_HELP)
    .option('--layer <n>', 'the layer to draw; default: the first with experts')
    .option(
      '--what <drawing>',
      'glyph: each kind of tensor, to scale; strip: where the bytes are in the files; flow: where a conversion would write them',
      'glyph',
    )
    .option('--to <target>', 'with --what flow: the layout to convert to')
    .option('--dtype <dtype>', 'with --what flow: bf16, to unpack FP8 and MXFP4 weights')
    .option(
      '--at <percent>',
      'with --what flow: progress of the conversion of the layer, 0 to 100; default: before and after in one picture',
    )
    .option('--as <format>', 'svg', 'svg')
    .option('--dark', 'draw in light colours on a dark background')
    .option('--out <file>', 'write to this file instead of standard output');
  withChoices(command, { '--what': WHAT, '--to': Object.keys(TARGETS), '--dtype': ['bf16'], '--as': ['svg'] });
  withReading(command).action(async (source: string, flags: DrawFlags) => {
    const drawing = parseDrawing(flags.what);
    const flow = drawing === 'flow' ? parseFlow(flags) : refuseFlowFlags(flags);
    if (flags.as !== 'svg') throw new LoomError('usage', `--as takes svg, not "${flags.as}".`);
    const layer = flags.layer === undefined ? null : parseLayer(flags.layer);
    const signal = interruptSignal();
    const { checkpoint, files } = await openCheckpointAt(source, flags, signal);
    const layout = detectLayout(checkpoint, assumption(flags));
    const at = groupToDraw(layout, layer);
    const { picture, notes } =
      flow !== null
        ? await drawFlow({ checkpoint, layout, files, at }, flow, { ...assumption(flags), signal })
        : drawLayer(checkpoint, layout, at, drawing === 'strip' ? 'strip' : 'glyph');
    if (flags.json) printJson({ ...picture, notes });
    else {
      const about = [nameOf(checkpoint.identity), foundWords(causesOf(checkpoint, layout)), ...notes];
      const svg = svgOf(picture, { scheme: flags.dark ? 'dark' : 'light', notes: about });
      if (flags.out === undefined) printCode(svg);
      else writeNew(flags.out, svg, flags.quiet === true);
    }
    tellErrorsOf(checkpoint, layout);
  });
}

interface FlowOrder {
  readonly target: Target;
  readonly dtype: 'bf16' | undefined;
  /** From 0 to 1; null for both ends in one picture. */
  readonly time: number | null;
}

interface Opened {
  readonly checkpoint: Checkpoint;
  readonly layout: CheckpointLayout;
  readonly files: FileSet;
  /** Place of the layer in the layout. */
  readonly at: number;
}

/** @throws LoomError `not-convertible` where the plan is refused, `usage` for a layer that it does not write. */
async function drawFlow(
  { checkpoint, layout, files, at }: Opened,
  { target, dtype, time }: FlowOrder,
  options: ReturnType<typeof assumption> & { readonly signal: AbortSignal },
): Promise<{ readonly picture: Picture; readonly notes: readonly string[] }> {
  const plan = await planWithValues(checkpoint, files, target, { ...options, dtype });
  const unread = unreadBehind(plan, checkpoint);
  if (unread) throw unread;
  const [refusal] = plan.refusals;
  if (refusal) throw new LoomError('not-convertible', refusal.message);
  const flow = createFlows(plan, checkpoint, layout).layer(at);
  if (!flow) throw new LoomError('usage', 'This layer has no experts, so a conversion does not rearrange it.');
  const scene = flowScene(flow, flowTitle(flow, plan));
  return { picture: time === null ? flowStill(scene) : flowPicture(scene, time), notes: [] };
}

/** @throws LoomError `usage`. */
function parseFlow({ to, dtype, at }: DrawFlags): FlowOrder {
  if (to === undefined) throw new LoomError('usage', '--what flow draws a conversion, so it needs --to <target>.');
  if (at !== undefined && !/^(?:\d{1,2}(?:\.\d+)?|100)$/.test(at))
    throw new LoomError('usage', `--at takes a number from 0 to 100, not "${at}".`);
  return { target: parseTarget(to), dtype: parseDtype(dtype), time: at === undefined ? null : Number(at) / 100 };
}

/** @throws LoomError `usage`. */
function refuseFlowFlags(flags: DrawFlags): null {
  const given = (['to', 'dtype', 'at'] as const).find((each) => flags[each] !== undefined);
  if (given) throw new LoomError('usage', `--${given} needs --what flow.`);
  return null;
}

/** A picture is made to be shown to others: of a local folder it says the name alone. */
function nameOf(identity: string): string {
  return isAbsolute(identity) ? basename(identity) : identity;
}

/** What can be drawn: a layer as it is stored, or on its way. */
const WHAT = [...DRAWINGS, 'flow'] as const;

/** @throws LoomError `usage`. */
function parseDrawing(text: string): (typeof WHAT)[number] {
  const found = WHAT.find((each) => each === text);
  if (!found) throw new LoomError('usage', `--what takes ${WHAT.join(', ')}; "${text}" is not one of them.`);
  return found;
}

/** @throws LoomError `usage`. */
function parseLayer(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new LoomError('usage', `--layer takes the number of one layer, not "${text}".`);
  return Number(text);
}

/** Nothing that is there is written over. @throws LoomError `usage` where something is. */
function writeNew(file: string, text: string, quiet: boolean): void {
  try {
    writeFileSync(file, text, { flag: 'wx' });
  } catch (error) {
    const there = error instanceof Error && 'code' in error && error.code === 'EEXIST';
    const why = there
      ? 'The file already exists. Give another name.'
      : error instanceof Error
        ? error.message
        : String(error);
    throw new LoomError('usage', `${file} could not be written. ${why}`);
  }
  if (!quiet) tell(`Written: ${file}`);
}
