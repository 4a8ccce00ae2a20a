import { createHash } from 'node:crypto';
import type { Command } from 'commander';
import {
  bytesOf,
  type Checkpoint,
  type CheckpointLayout,
  type ConsumerVerdict,
  canonicalBytes,
  detectLayout,
  type ExpertSample,
  expertSamples,
  type FileSet,
  type HashedSample,
  LOADERS,
  LoomError,
  loadScript,
  loadsJson,
  type ProgramId,
  plural,
  predictLoads,
  refuseUnusable,
  viewRange,
} from '../core/index.ts';
import { withChoices } from './choices.ts';
import { assumption, interruptSignal, print, printJson } from './common.ts';
import { PROGRAM_NAME } from './name.ts';
import { openCheckpointAt, type ReadingFlags, SOURCE_HELP, withReading } from './source.ts';
import { printCode } from './terminal.ts';

interface LoadsFlags extends ReadingFlags {
  readonly script?: string;
}

/**
 * `moe-loom loads <source>`: which programs load it, which start with wrong weights, which fail. It exits with 0 for every
 * answer and with 1 where the files hold no model.
 */
export function addLoads(program: Command): void {
  const command = program
    .command('loads')
    .description('show which programs load a checkpoint as it is, widely used programs first')
    .argument('<source>', SOURCE_HELP)
    .option(
      '--script <program>',
      'print a Python script that loads the checkpoint and compares the result with the prediction',
    );
  withChoices(command, { '--script': LOADERS.map(({ id }) => id) });
  withReading(command).action(async (source: string, flags: LoadsFlags) => {
    const consumer = flags.script === undefined ? null : parseConsumer(flags.script);
    const signal = interruptSignal();
    const { checkpoint, files } = await openCheckpointAt(source, flags, signal);
    refuseUnusable(checkpoint);
    const layout = detectLayout(checkpoint, assumption(flags));
    const verdicts = predictLoads(checkpoint, layout);
    if (consumer !== null) await printScript(consumer, verdicts, { checkpoint, layout, files, signal });
    else if (flags.json) printJson(loadsJson(verdicts));
    else print(describeLoads(verdicts));
  });
}

/** One line for each program, then evidence, names and needs of each. */
export function describeLoads(verdicts: readonly ConsumerVerdict[]): string[] {
  const lines = verdicts.map(({ id, version, verdict, cure }) => {
    const help = cure === null ? '' : `  → ${PROGRAM_NAME} convert --to ${cure}`;
    return `${id.padEnd(18)} ${verdict.padEnd(17)} ${version}${help}`.trimEnd();
  });
  return [...lines, ...verdicts.flatMap(details)];
}

const SHOWN = 6;

function details(verdict: ConsumerVerdict): string[] {
  const { id, evidence, needs, inference } = verdict;
  const lists = (['missing', 'unexpected', 'mismatched'] as const).flatMap((what) => nameLines(what, verdict[what]));
  return [
    '',
    `${id}: ${verdict.verdict} (${evidence.kind}, ${evidence.date}: ${evidence.source})`,
    ...lists,
    ...needs.map((need) => `  needs: ${need}`),
    ...(inference === undefined ? [] : [`  assumed: ${inference}`]),
  ];
}

function nameLines(what: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const more = names.length > SHOWN ? [`    … and ${names.length - SHOWN} more`] : [];
  return [
    `  ${what}: ${plural(names.length, 'tensor')}`,
    ...names.slice(0, SHOWN).map((name) => `    ${name}`),
    ...more,
  ];
}

/** @throws LoomError `usage`. */
function parseConsumer(text: string): ProgramId {
  const ids = LOADERS.map(({ id }) => id);
  const known = ids.find((id) => id === text);
  if (known === undefined)
    throw new LoomError('usage', `--script takes ${ids.join(', ')}; "${text}" is not one of them.`);
  return known;
}

interface Opened {
  readonly checkpoint: Checkpoint;
  readonly layout: CheckpointLayout;
  readonly files: FileSet;
  readonly signal: AbortSignal;
}

async function printScript(id: ProgramId, verdicts: readonly ConsumerVerdict[], opened: Opened): Promise<void> {
  const predicted = verdicts.find((verdict) => verdict.id === id);
  if (!predicted) throw new LoomError('internal', `No verdict for ${id}.`);
  const samples = expertSamples(opened.checkpoint, opened.layout, predicted);
  const made = loadScript(predicted, await Promise.all(samples.map((sample) => hashSample(sample, opened))));
  if ('reason' in made) throw new LoomError('usage', made.reason);
  printCode(made.script);
}

async function hashSample(sample: ExpertSample, { checkpoint, files, signal }: Opened): Promise<HashedSample> {
  const tensor = checkpoint.tensors.get(sample.view.tensor);
  if (!tensor) throw new LoomError('internal', `No tensor ${sample.view.tensor}.`);
  const size = bytesOf(tensor.dtype, 1);
  const [first, end] = viewRange(sample.view);
  const source = await files.open(tensor.file, { signal });
  try {
    const range = { start: tensor.start + first * size, end: tensor.start + end * size };
    const bytes = canonicalBytes(await source.read(range, { signal }), sample.view, size);
    return { ...sample, sha256: createHash('sha256').update(bytes).digest('hex') };
  } finally {
    await source.dispose?.();
  }
}
