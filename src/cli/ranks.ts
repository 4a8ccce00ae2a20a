import { basename, dirname } from 'node:path';
import type { Command } from 'commander';
import {
  CONFIGURED,
  configFor,
  configFramework,
  configKindOf,
  configWith,
  detectLayout,
  errorsOf,
  expertPlanOf,
  formatBytes,
  frameworkIdOf,
  isFrameworkId,
  isLoomError,
  LoomError,
  type ModelFacts,
  type ModelOverrides,
  type ModelShape,
  memoryProgramOf,
  type Placement,
  type PlacementError,
  type ProgramId,
  parseLoads,
  parseSlotMap,
  planPlacement,
  plural,
  RANK_FRAMEWORKS,
  type RankHashes,
  type RankOptions,
  type RankSummary,
  rankModel,
  rankModelOfConfig,
  rankModelWithValues,
  readSettings,
  type Strategy,
  shapeFromCheckpoint,
  shapeFromConfig,
  summarize,
  TARGETS,
  withHashes,
} from '../core/index.ts';
import { readRegular } from '../core/source/regular-file.node.ts';
import { withChoices } from './choices.ts';
import { assumption, interruptSignal, parseDtype, parseTarget, print, printJson } from './common.ts';
import { openOrConfig } from './config-source.ts';
import { tellErrors } from './damage.ts';
import { hashedRanks, parseTake, printTake, TAKES } from './rank-files.ts';
import { expertsText, nearText, readTable } from './rank-text.ts';
import { type ReadingFlags, SOURCE_HELP, withReading } from './source.ts';
import { printCode, tell } from './terminal.ts';

const KINDS = CONFIGURED.map(({ id }) => id).join(', ');
const DEGREES = ['ep', 'tp', 'pp', 'cp', 'dp', 'etp', 'redundant', 'nodes', 'groups'] as const;
const STRATEGIES = ['linear', 'round-robin', 'ep-aware', 'hierarchical', 'global', 'custom'] as const;

type RankFlags = ReadingFlags &
  Partial<Record<(typeof DEGREES)[number], string>> & {
    readonly framework?: string;
    readonly config?: string;
    readonly context?: string;
    readonly offload?: boolean;
    readonly placement?: string;
    readonly loads?: string;
    readonly map?: string;
    readonly all2all?: string;
    readonly set?: readonly string[];
    readonly to?: string;
    readonly dtype?: string;
    readonly hashes?: boolean;
    readonly take?: string;
  };

/** `moe-loom ranks <source> --framework <id> --ep N`: the experts that each rank holds and the bytes that it reads. Exit 1 if the set-up is refused or the checkpoint is incomplete. */
export function addRanks(program: Command): void {
  const command = program
    .command('ranks')
    .description('show which experts each rank holds and which bytes it reads')
    .argument('<source>', `${SOURCE_HELP}; or only a config.json`)
    .option('--framework <id>', RANK_FRAMEWORKS.map((framework) => framework.id).join(', '))
    .option('--config <for>', `print the configuration for a program instead: ${KINDS}`)
    .option('--context <tokens>', 'with --config: tokens of one sequence')
    .option(
      '--offload',
      'with --config: offload to the host; only optimizer states if the program supports that, else all that it can',
    )
    .option('--ep <n>', 'expert-parallel size')
    .option('--tp <n>', 'tensor-parallel size')
    .option('--pp <n>', 'pipeline-parallel size')
    .option('--cp <n>', 'context-parallel size')
    .option('--dp <n>', 'data-parallel size (fsdp, dp_shard)')
    .option('--etp <n>', 'tensor-parallel size inside experts')
    .option('--placement <strategy>', `how experts are placed on ranks: ${STRATEGIES.join(', ')}`)
    .option('--redundant <n>', 'redundant experts (EPLB): slots beyond one per expert')
    .option('--loads <csv>', 'CSV file with the tokens of each expert, for EPLB')
    .option('--nodes <n>', 'number of nodes, for EPLB')
    .option('--groups <n>', 'number of expert groups, for EPLB')
    .option('--map <json>', 'JSON file with the experts of each rank, for --placement custom')
    .option('--all2all <backend>', 'vLLM: the all-to-all backend')
    .option('--set <name=value>', 'a size or option, by the name that the program uses; can be repeated', collect)
    .option('--to <target>', 'show the placement after a conversion to this layout')
    .option('--dtype <dtype>', 'with --to: bf16: show the placement after FP8 and MXFP4 weights are unpacked to bf16')
    .option('--hashes', 'read the experts and print a SHA-256 of each rank’s part of each expert tensor')
    .option('--take <file>', `print a file made from the placement instead: ${TAKES.join(', ')}`);
  withChoices(command, {
    '--framework': RANK_FRAMEWORKS.map(({ id }) => id),
    '--config': CONFIGURED.map(({ id }) => id),
    '--placement': STRATEGIES,
    '--to': Object.keys(TARGETS),
    '--dtype': ['bf16'],
    '--take': TAKES,
  });
  withReading(command).action(async (source: string, flags: RankFlags) => {
    const { options: placing, model: said } = await placementOptions(flags);
    const options = { ...placing, to: flags.to === undefined ? undefined : parseTarget(flags.to) };
    const dtype = parseDtype(flags.dtype);
    if (dtype !== undefined && options.to === undefined)
      throw new LoomError('usage', '--dtype needs --to, because it sets the dtype of a conversion.');
    if (flags.hashes && options.to !== undefined)
      throw new LoomError('usage', '--hashes cannot be combined with --to. Convert first, then hash the output.');
    const take = flags.take === undefined ? null : parseTake(flags.take);
    const signal = interruptSignal();
    const found = await openOrConfig(source, flags, signal);
    if ('config' in found) {
      fromConfig(found.config, source, options, said, flags);
      return;
    }
    const { checkpoint, files, origin } = found.opened;
    const layout = detectLayout(checkpoint, assumption(flags));
    if (flags.config !== undefined) {
      const shape = shapeFromCheckpoint(checkpoint, layout);
      printConfig(shape, origin.repo ?? source, options, flags);
      return;
    }
    const model =
      options.to === undefined
        ? rankModel(checkpoint, layout)
        : await rankModelWithValues(checkpoint, files, options.to, { ...assumption(flags), dtype, signal });
    if (!('error' in model)) refuseOther(said, model.facts);
    const placement = 'error' in model ? model : planPlacement(options, model.facts);
    refuseLacking(placement);
    if ('error' in model || 'error' in placement) {
      const ours = 'error' in model || ('error' in placement && placement.by === 'checkpoint');
      const facts = 'error' in model ? null : model.facts;
      printSummary(summarize(model, options), { facts, refuser: ours ? 'No placement' : undefined }, flags);
      return;
    }
    const hashes = flags.hashes
      ? await hashedRanks(model, placement, files, { quiet: flags.quiet === true, signal })
      : undefined;
    if (take === null) printSummary(summarize(model, options), { facts: model.facts, hashes }, flags);
    else {
      const own = options.to === undefined ? checkpoint : null;
      await printTake(take, { model, placement, hashes, origin, files, checkpoint: own, json: flags.json === true });
    }
    // The summary already has a warning for each contradiction with the config.
    const contradictions = model.facts.contradictions ?? [];
    tellErrors(
      errorsOf(checkpoint, layout).filter(({ message }) => !contradictions.some((each) => message.startsWith(each))),
    );
  });
}

function collect(entry: string, before: readonly string[] = []): readonly string[] {
  return [...before, entry];
}

/** Prints what a config alone gives: the placement with held bytes, or a configuration. @throws LoomError `usage`. */
function fromConfig(
  config: Readonly<Record<string, unknown>>,
  source: string,
  options: RankOptions & { readonly to?: unknown },
  said: ModelOverrides,
  flags: RankFlags,
): void {
  const asks = (['to', 'hashes', 'take'] as const).find((name) => flags[name] !== undefined);
  if (asks) throw new LoomError('usage', `--${asks} needs the files of a checkpoint, and ${source} is only a config.`);
  if (flags.config !== undefined) {
    // A program takes the model's folder, not its config.
    const folder = basename(source) === 'config.json' ? dirname(source) : 'MODEL';
    printConfig(shapeFromConfig(configWith(config, said)), folder, options, flags);
    return;
  }
  const model = rankModelOfConfig(config, said);
  refuseLacking(planPlacement(options, model.facts));
  printSummary(summarize(model, options), { facts: model.facts }, flags);
}

/** @throws LoomError `usage` if the file that a placement needs was not given. */
function refuseLacking(placement: Placement | PlacementError): void {
  if ('needs' in placement && placement.needs !== undefined)
    throw new LoomError('usage', `${placement.error} Give the file with --${placement.needs}.`);
}

/** Checks facts given with --set against the files. @throws LoomError `usage` if they differ. */
function refuseOther(said: ModelOverrides, { moeLayers, expertGroups, intermediate, blocks }: ModelFacts): void {
  const read = { experts: moeLayers[0]?.experts, expertGroups, intermediate, blockRows: blocks?.rows };
  for (const name of ['experts', 'expertGroups', 'intermediate', 'blockRows'] as const)
    if (said[name] !== undefined && said[name] !== read[name])
      throw new LoomError(
        'usage',
        `--set gives ${name} ${said[name]}, but the files have ${read[name] ?? 'no such value'}. To try other values, use a config.json as the source.`,
      );
}

/** Exit 1 where the placement is refused. */
function printSummary(summary: RankSummary, more: Beside, flags: RankFlags): void {
  if (flags.json) printJson(more.hashes ? withHashes(summary, more.hashes) : summary);
  else print(describeRanks(summary, more));
  if (summary.error !== null) process.exitCode = 1;
}

/** Prints the configuration that was asked for; exit 1 where its program would refuse the set-up. */
function printConfig(shape: ModelShape, model: string, options: RankOptions, flags: RankFlags): void {
  const kind = configKind(flags);
  const context = flags.context === undefined ? undefined : wholeNumber('context', flags.context);
  // A program without any offload refuses it.
  const [has = 'optimizer'] = memoryProgramOf(configFramework(kind))?.memory.offloads ?? [];
  const offload = flags.offload === true ? has : undefined;
  const file = configFor(kind, { model, shape, options, run: { context, offload } });
  if (flags.json) printJson(file);
  else if ('error' in file)
    print([`${file.by === 'checkpoint' ? 'No configuration' : `${kind} refuses`}: ${file.error}`]);
  else {
    printCode(file.text);
    // A format without comments cannot carry them, and its text must stay readable by its program.
    for (const limit of file.text.startsWith('#') ? [] : file.limits) tell(`! ${limit}`);
  }
  if ('error' in file) process.exitCode = 1;
}

/** @throws LoomError `usage`. */
function configKind({ config = '' }: RankFlags): ProgramId {
  const kind = configKindOf(config);
  if (kind) return kind;
  throw new LoomError('usage', `--config takes ${KINDS}; "${config}" is not one of them.`);
}

/** The framework of --framework, else that of --config. @throws LoomError `usage`. */
function frameworkOf(flags: RankFlags): ProgramId {
  const known = RANK_FRAMEWORKS.map((framework) => framework.id).join(', ');
  if (flags.framework === undefined && flags.config !== undefined) return configFramework(configKind(flags));
  if (flags.framework === undefined) throw new LoomError('usage', `Add --framework: ${known}.`);
  const id = frameworkIdOf(flags.framework);
  if (id !== null) return id;
  throw new LoomError('usage', `--framework takes ${known}; "${flags.framework}" is not one of them.`);
}

/** @throws LoomError `usage`. */
async function placementOptions(
  flags: RankFlags,
): Promise<{ readonly options: RankOptions; readonly model: ModelOverrides }> {
  const framework = frameworkOf(flags);
  const set = readSettings(framework, flags.set ?? []);
  if ('error' in set) throw new LoomError('usage', `--set: ${set.error}`);
  const degrees = DEGREES.flatMap((name) => {
    const text = flags[name];
    return text === undefined ? [] : [[name, wholeNumber(name, text)] as const];
  });
  const flagged = { ...Object.fromEntries(degrees), ...given({ strategy: strategyOf(flags), all2all: flags.all2all }) };
  const twice = Object.keys(flagged).find((name) => Object.hasOwn(set.options, name));
  if (twice !== undefined)
    throw new LoomError('usage', `${twice} is given both as a flag and with --set. Give it once.`);
  const files = {
    loads: flags.loads === undefined ? undefined : parseLoads(await textOf(flags.loads)),
    map: flags.map === undefined ? undefined : parseSlotMap(await textOf(flags.map)),
  };
  return { options: { framework, ...flagged, ...set.options, ...files }, model: set.model };
}

function given<T extends object>(values: T): Partial<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<T>;
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,6}$/.test(text) || (Number(text) < 1 && name !== 'redundant'))
    throw new LoomError('usage', `--${name} takes a whole number from 1, not "${text}".`);
  return Number(text);
}

function strategyOf({ placement }: RankFlags): Strategy | undefined {
  const found = STRATEGIES.find((strategy) => strategy === placement);
  if (placement === undefined || found) return found;
  throw new LoomError('usage', `--placement takes ${STRATEGIES.join(', ')}; "${placement}" is not one of them.`);
}

async function textOf(path: string): Promise<string> {
  try {
    return await readRegular(path, path);
  } catch (error) {
    if (isLoomError(error)) throw error;
    throw new LoomError('path-not-found', `${path} cannot be read.`, { file: path }, error);
  }
}

/** The expert-parallel plan of the program for this model, an entry a line. */
function planLines(framework: string, facts: ModelFacts | null): string[] {
  const plan = (isFrameworkId(framework) && facts ? expertPlanOf(framework, facts.modelType) : null) ?? [];
  return plan.map(({ name, style }, at) => `${at === 0 ? 'Plan' : '    '}         layers.*.${name}: ${style}`);
}

/** What is printed with a summary, and who refuses if it is a refusal. */
interface Beside {
  readonly facts: ModelFacts | null;
  readonly hashes?: RankHashes | undefined;
  readonly refuser?: string | undefined;
}

function describeRanks(summary: RankSummary, { facts, hashes, refuser }: Beside): string[] {
  const warnings = summary.warnings.map((warning) => `! ${warning}`);
  if (summary.error !== null || !summary.mesh)
    return [`${refuser ?? `${summary.framework} refuses`}: ${summary.error}`, ...nearText(summary), ...warnings];
  const { mesh, ranks } = summary;
  const sizes = Object.entries(mesh.dims).filter(([, size]) => size > 1);
  return [
    `Framework    ${summary.framework}`,
    ...planLines(summary.framework, facts),
    `Mesh         ${plural(mesh.world, 'rank')}: ${sizes.map(([name, size]) => `${name} ${size}`).join(', ') || 'all sizes are 1'}`,
    ...ranks.flatMap((rank) => {
      const files = new Set(rank.reads.map((read) => read.file)).size;
      const experts = expertsText(rank);
      const from = files === 0 ? '' : ` in ${plural(rank.reads.length, 'range')} of ${plural(files, 'file')}`;
      const line = `  rank ${String(rank.rank).padEnd(5)} ${experts.line.padEnd(24)} ${formatBytes(rank.bytes).padStart(8)}${from}`;
      const below = experts.below.map((text) => `             ${text}`);
      return [line, ...below, ...Array.from(hashes?.[rank.rank] ?? [], ([name, sha256]) => `    ${sha256}  ${name}`)];
    }),
    ...readTable(summary),
    ...warnings,
  ];
}
