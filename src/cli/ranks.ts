import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import {
  type Checkpoint,
  CONFIGURED,
  configFor,
  configFramework,
  configKindOf,
  detectLayout,
  formatBytes,
  formatInteger,
  isFrameworkId,
  LoomError,
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
  rankModelWithValues,
  type Strategy,
  shapeFromCheckpoint,
  summarize,
  withHashes,
} from '../core/index.ts';
import { assumption, interruptSignal, parseDtype, parseTarget, print, printJson } from './common.ts';
import { hashedRanks, parseTake, printTake, TAKES } from './rank-files.ts';
import { expertsText, readTable } from './rank-text.ts';
import { openCheckpointAt, type ReadingFlags, SOURCE_HELP, withReading } from './source.ts';

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
    readonly to?: string;
    readonly dtype?: string;
    readonly hashes?: boolean;
    readonly take?: string;
  };

/** `moe-loom ranks <source> --framework <id> --ep N`: who holds what and reads what. Exit 1 when it is refused. */
export function addRanks(program: Command): void {
  const command = program
    .command('ranks')
    .description('say which rank holds which experts and reads which bytes')
    .argument('<source>', SOURCE_HELP)
    .option('--framework <id>', RANK_FRAMEWORKS.map((framework) => framework.id).join(', '))
    .option('--config <for>', `print a configuration instead: ${KINDS}`)
    .option('--context <tokens>', 'with --config: tokens of a sequence')
    .option('--offload', 'with --config: optimizer states on the host')
    .option('--ep <n>', 'expert-parallel ranks')
    .option('--tp <n>', 'tensor parallel')
    .option('--pp <n>', 'pipeline parallel')
    .option('--cp <n>', 'context parallel')
    .option('--dp <n>', 'data parallel (fsdp, dp_shard)')
    .option('--etp <n>', 'tensor parallel inside experts')
    .option('--placement <strategy>', STRATEGIES.join(', '))
    .option('--redundant <n>', 'redundant experts')
    .option('--loads <csv>', 'tokens of each expert, for EPLB')
    .option('--nodes <n>', 'nodes, for EPLB')
    .option('--groups <n>', 'expert groups, for EPLB')
    .option('--map <json>', 'a placement of your own')
    .option('--all2all <backend>', 'vLLM: the all-to-all backend')
    .option('--to <target>', 'as if converted to this layout')
    .option('--dtype <dtype>', 'with --to: as if FP8 and MXFP4 weights were unpacked to bf16')
    .option('--hashes', 'read the experts, and give a SHA-256 of each rank’s part of each expert tensor')
    .option('--take <file>', `print a file that follows the placement instead: ${TAKES.join(', ')}`);
  withReading(command).action(async (source: string, flags: RankFlags) => {
    const options = {
      ...(await placementOptions(flags)),
      to: flags.to === undefined ? undefined : parseTarget(flags.to),
    };
    const dtype = parseDtype(flags.dtype);
    if (dtype !== undefined && options.to === undefined)
      throw new LoomError('usage', '--dtype says what a conversion unpacks: it needs --to.');
    if (flags.hashes && options.to !== undefined)
      throw new LoomError('usage', '--hashes reads bytes that are there: convert first, then hash the output.');
    const take = flags.take === undefined ? null : parseTake(flags.take);
    const signal = interruptSignal();
    const { checkpoint, files, origin } = await openCheckpointAt(source, flags, signal);
    if (flags.config !== undefined) {
      printConfig(checkpoint, origin.repo ?? source, options, flags);
      return;
    }
    const model =
      options.to === undefined
        ? rankModel(checkpoint, detectLayout(checkpoint, assumption(flags)))
        : await rankModelWithValues(checkpoint, files, options.to, { ...assumption(flags), dtype, signal });
    const placement = 'error' in model ? model : planPlacement(options, model.facts);
    if ('needs' in placement && placement.needs !== undefined)
      throw new LoomError('usage', `${placement.error} Name a file with --${placement.needs}.`);
    if ('error' in model || 'error' in placement) {
      const ours = 'error' in model || ('error' in placement && placement.by === 'checkpoint');
      printSummary(summarize(model, options), undefined, flags, ours ? 'No ranks' : undefined);
      return;
    }
    const hashes = flags.hashes
      ? await hashedRanks(model, placement, files, { quiet: flags.quiet === true, signal })
      : undefined;
    if (take === null) printSummary(summarize(model, options), hashes, flags);
    else {
      const own = options.to === undefined ? checkpoint : null;
      await printTake(take, { model, placement, hashes, origin, files, checkpoint: own, json: flags.json === true });
    }
  });
}

/** Exit 1 where the placement is refused. */
function printSummary(summary: RankSummary, hashes: RankHashes | undefined, flags: RankFlags, refuser?: string): void {
  if (flags.json) printJson(hashes ? withHashes(summary, hashes) : summary);
  else print(describeRanks(summary, hashes, refuser));
  if (summary.error !== null) process.exitCode = 1;
}

/** Prints the configuration that was asked for; exit 1 where its program would refuse the set-up. */
function printConfig(checkpoint: Checkpoint, model: string, options: RankOptions, flags: RankFlags): void {
  const kind = configKind(flags);
  const shape = shapeFromCheckpoint(checkpoint, detectLayout(checkpoint, assumption(flags)));
  const context = flags.context === undefined ? undefined : wholeNumber('context', flags.context);
  const offload = flags.offload === true ? ('optimizer' as const) : undefined;
  const file = configFor(kind, { model, shape, options, run: { context, offload } });
  if (flags.json) printJson(file);
  else if ('error' in file)
    print([`${file.by === 'checkpoint' ? 'No configuration' : `${kind} refuses`}: ${file.error}`]);
  else print([file.text.trimEnd()]);
  if ('error' in file) process.exitCode = 1;
}

/** @throws LoomError `usage`. */
function configKind({ config = '' }: RankFlags): ProgramId {
  const kind = configKindOf(config);
  if (kind) return kind;
  throw new LoomError('usage', `--config takes ${KINDS}; "${config}" is none of them.`);
}

/** The framework that is named, else the one that a configuration is for. @throws LoomError `usage`. */
function frameworkOf(flags: RankFlags): ProgramId {
  const known = RANK_FRAMEWORKS.map((framework) => framework.id).join(', ');
  if (flags.framework === undefined && flags.config !== undefined) return configFramework(configKind(flags));
  if (flags.framework === undefined) throw new LoomError('usage', `--framework is needed: ${known}.`);
  if (isFrameworkId(flags.framework)) return flags.framework;
  throw new LoomError('usage', `--framework takes ${known}; "${flags.framework}" is none of them.`);
}

/** @throws LoomError `usage`. */
async function placementOptions(flags: RankFlags): Promise<RankOptions> {
  const degrees = DEGREES.flatMap((name) => {
    const text = flags[name];
    return text === undefined ? [] : [[name, wholeNumber(name, text)] as const];
  });
  return {
    framework: frameworkOf(flags),
    ...Object.fromEntries(degrees),
    strategy: strategyOf(flags),
    loads: flags.loads === undefined ? undefined : parseLoads(await textOf(flags.loads)),
    map: flags.map === undefined ? undefined : parseSlotMap(await textOf(flags.map)),
    all2all: flags.all2all,
  };
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,6}$/.test(text) || (Number(text) < 1 && name !== 'redundant'))
    throw new LoomError('usage', `--${name} takes a whole number from 1; "${text}" is not that.`);
  return Number(text);
}

function strategyOf({ placement }: RankFlags): Strategy | undefined {
  const found = STRATEGIES.find((strategy) => strategy === placement);
  if (placement === undefined || found) return found;
  throw new LoomError('usage', `--placement takes ${STRATEGIES.join(', ')}; "${placement}" is none of them.`);
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new LoomError('path-not-found', `${path} cannot be read.`, { file: path }, error);
  }
}

function describeRanks(summary: RankSummary, hashes?: RankHashes, refuser = `${summary.framework} refuses`): string[] {
  const warnings = summary.warnings.map((warning) => `! ${warning}`);
  if (summary.error !== null || !summary.mesh) return [`${refuser}: ${summary.error}`, ...warnings];
  const { mesh, ranks } = summary;
  const sizes = Object.entries(mesh.dims).filter(([, size]) => size > 1);
  return [
    `Framework    ${summary.framework}`,
    `Mesh         ${plural(mesh.world, 'rank')}: ${sizes.map(([name, size]) => `${name} ${size}`).join(', ') || 'one of all'}`,
    ...ranks.flatMap((rank) => {
      const files = new Set(rank.reads.map((read) => read.file)).size;
      const experts = expertsText(rank);
      const line = `  rank ${String(rank.rank).padEnd(5)} ${experts.line.padEnd(24)} ${formatBytes(rank.bytes).padStart(8)} (${formatInteger(rank.bytes)} bytes) in ${plural(rank.reads.length, 'range')} of ${plural(files, 'file')}`;
      const below = experts.below.map((text) => `             ${text}`);
      return [line, ...below, ...Array.from(hashes?.[rank.rank] ?? [], ([name, sha256]) => `    ${sha256}  ${name}`)];
    }),
    ...readTable(summary),
    ...warnings,
  ];
}
