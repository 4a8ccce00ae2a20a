import { writeFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Command } from 'commander';
import { readPlanFile } from '../core/convert/plan-file/read.node.ts';
import {
  besidePlan,
  CONTAINER_ENGINES,
  type Emitted,
  HUB_ENDPOINT,
  jobNames,
  kubernetesManifest,
  LoomError,
  type PartsOnCluster,
  type PlanFile,
  shellWord,
  slurmScript,
  usualParts,
} from '../core/index.ts';
import { withChoices, withWords } from './choices.ts';
import { type OutputOptions, print, printJson, withOutput } from './common.ts';
import { printCode } from './terminal.ts';

const ENGINES = ['slurm', 'kubernetes'] as const;
type Engine = (typeof ENGINES)[number];

interface JobFlags extends OutputOptions {
  readonly out?: string;
  readonly file?: string;
  readonly source?: string;
  readonly endpoint?: string;
  readonly program?: string;
  readonly array?: string;
  readonly logs?: string;
  readonly partition?: string;
  readonly account?: string;
  readonly qos?: string;
  readonly constraint?: string;
  readonly time?: string;
  readonly mem?: string;
  readonly cpus?: string;
  readonly module?: readonly string[];
  readonly container?: string;
  readonly containerEngine?: string;
  readonly npx?: boolean;
  readonly scratch?: string;
  readonly image?: string;
  readonly claim?: string;
  readonly mount?: string;
  readonly planPath?: string;
  readonly completions?: string;
  readonly parallelism?: string;
  readonly claimSize?: string;
  readonly storageClass?: string;
  readonly namespace?: string;
  readonly cpu?: string;
  readonly memory?: string;
  readonly runAs?: string;
  readonly tokenSecret?: string;
}

/** A job as an engine takes it, with the commands that run it. */
interface WrittenJob {
  readonly text: Emitted<'shell'> | Emitted<'yaml'>;
  readonly parts: number;
  readonly out: string;
  readonly commands: (file: string) => readonly string[];
}

/** `moe-loom job <engine> <plan>`: the file with which a cluster converts a plan in parts, and joins them. It runs nothing. */
export function addJob(program: Command): void {
  const command = program
    .command('job')
    .description('write the script or manifest with which a cluster makes the parts of a plan and joins them')
    .argument('<engine>', ENGINES.join(', '))
    .argument('<plan>', 'the plan file; for slurm at the path that the nodes see');
  withWords(command, ENGINES);
  withOutput(command)
    .option('-o, --file <file>', 'write it to this new file instead of standard output')
    .option('--out <folder>', 'the output folder on the nodes; the default is named like the plan file, beside it')
    .option('--source <source>', 'where the source lies on the nodes, if not where the plan says')
    .option('--endpoint <url>', 'the Hub that the plan was made from, if it is not the usual one')
    .option('--program <file>', 'the single-file command on the nodes, run by their Node; the default is moe-loom');
  withKubernetes(withSlurm(command));
  withChoices(command, { '--container-engine': CONTAINER_ENGINES });
  command.action(async (engine: string, path: string, flags: JobFlags) => {
    const known = engineOf(engine);
    refuseOthers(known, command);
    const planFile = await readPlanFile(path);
    const job = JOBS[known](resolve(path), planFile, flags);
    const { text, parts, out } = job;
    const file = flags.file === undefined ? null : resolve(flags.file);
    if (file !== null) writeNew(file, text);
    const commands = file === null ? [] : job.commands(file);
    if (flags.json) printJson({ engine: known, plan: planFile.hash, out, parts, file, commands, text });
    else if (file === null) printCode(text);
    else print([`Wrote ${file}: ${parts} parts, and their join. Run it with:`, ...commands.map((each) => `  ${each}`)]);
  });
}

function withSlurm(command: Command): Command {
  return command
    .option('--array <n>', 'slurm: number of parts; 16%4 runs at most 4 at a time')
    .option('--logs <folder>', 'slurm: folder of the logs; the default is beside the plan file')
    .option('--partition <name>', 'slurm: the partition')
    .option('--account <name>', 'slurm: the account')
    .option('--qos <name>', 'slurm: the quality of service')
    .option('--constraint <list>', 'slurm: features that a node must have')
    .option('--time <limit>', 'slurm: time limit of a part, such as 02:00:00; near it, a part is queued again')
    .option('--mem <size>', 'slurm: memory of a part, such as 8G')
    .option('--cpus <n>', 'slurm: processors of a part, each with a thread')
    .option('--module <name>', 'slurm: load this environment module; may be repeated', collect)
    .option('--container <image>', 'slurm: run in this container, such as one made from deploy/Dockerfile')
    .option('--container-engine <engine>', 'slurm: apptainer (default) or pyxis')
    .option('--npx', 'slurm: run the command with npx')
    .option(
      '--scratch <folder>',
      'slurm: temporary files in this folder of a node; $NAME takes a variable of the node',
    );
}

function withKubernetes(command: Command): Command {
  return command
    .option('--image <image>', 'kubernetes: an image made from deploy/Dockerfile, or one with Node for --program')
    .option('--claim <name>', 'kubernetes: claim of a volume that several nodes can write')
    .option('--mount <folder>', 'kubernetes: where pods see the volume; the default is /data')
    .option('--plan-path <path>', 'kubernetes: the plan file as pods see it; the default is plan.json in --mount')
    .option('--completions <n>', 'kubernetes: number of parts')
    .option('--parallelism <n>', 'kubernetes: parts that run at the same time; the default is all')
    .option('--claim-size <size>', 'kubernetes: also make the claim, of this size, such as 2Ti')
    .option('--storage-class <name>', 'kubernetes: with --claim-size: its storage class')
    .option('--namespace <name>', 'kubernetes: the namespace')
    .option('--cpu <n>', 'kubernetes: processors of a part, such as 4')
    .option('--memory <size>', 'kubernetes: memory of a part, such as 8Gi')
    .option('--run-as <user:group>', 'kubernetes: numbers that own the output; the default is 65532:65532')
    .option('--token-secret <name>', 'kubernetes: a Secret with the key HF_TOKEN, for a source on the Hub');
}

/** @throws LoomError `usage` for a flag of the other engine, as its help begins with that engine's name. */
function refuseOthers(engine: Engine, command: Command): void {
  for (const option of command.options) {
    const of = ENGINES.find((each) => option.description.startsWith(`${each}: `));
    if (of && of !== engine && command.getOptionValueSource(option.attributeName()) === 'cli')
      throw new LoomError('usage', `${option.long} is for job ${of}, not for job ${engine}.`);
  }
}

function collect(name: string, before: readonly string[] = []): readonly string[] {
  return [...before, name];
}

/** @throws LoomError `usage`. */
function engineOf(text: string): Engine {
  const engine = ENGINES.find((each) => each === text);
  if (engine) return engine;
  throw new LoomError('usage', `job takes ${ENGINES.join(' or ')}; "${text}" is neither.`);
}

type Common = Omit<PartsOnCluster, 'parts' | 'plan' | 'out'>;

/** @throws LoomError `usage`: a Hub is never taken from a plan. */
function commonOf({ hash, source }: PlanFile, flags: JobFlags): Common {
  const endpoint = source.endpoint === HUB_ENDPOINT ? null : source.endpoint;
  if (endpoint !== null && flags.source === undefined && flags.endpoint !== endpoint)
    throw new LoomError(
      'usage',
      `The plan reads ${source.open} from ${endpoint}. If you trust that address, add --endpoint ${endpoint}; or name the source with --source.`,
    );
  return {
    hash,
    source: flags.source?.startsWith('.') ? resolve(flags.source) : flags.source,
    reads: source.endpoint === null ? source.open : null,
    endpoint: flags.endpoint,
    program: flags.program,
  };
}

const JOBS: Readonly<Record<Engine, (plan: string, planFile: PlanFile, flags: JobFlags) => WrittenJob>> = {
  slurm: (plan, planFile, flags) => {
    const { partition, account, qos, constraint, time, mem, container, npx, scratch } = flags;
    const { parts, atOnce } = parseArray(flags.array ?? String(usualParts(planFile.plan.shards.length)));
    const out = resolve(flags.out ?? besidePlan(plan, 'out'));
    const text = slurmScript({
      ...{ ...commonOf(planFile, flags), plan, out, parts, atOnce },
      ...{ partition, account, qos, constraint, time, mem, container, npx, scratch },
      logs: resolve(flags.logs ?? besidePlan(plan, 'logs')),
      cpus: flags.cpus === undefined ? undefined : parseCount('--cpus', flags.cpus),
      modules: flags.module,
      containerEngine: parseContainerEngine(flags.containerEngine),
    });
    return { text, parts, out, commands: (file) => [`bash ${shellWord(file)}`] };
  },
  kubernetes: (_, planFile, flags) => {
    const { image, claim, mount = '/data', claimSize, storageClass, namespace, cpu, memory, tokenSecret } = flags;
    if (image === undefined || claim === undefined)
      throw new LoomError(
        'usage',
        'job kubernetes needs --image and --claim: what runs, and the volume that parts share.',
      );
    const parts = parseCount('--completions', flags.completions ?? String(usualParts(planFile.plan.shards.length)));
    const plan = flags.planPath ?? `${mount}/plan.json`;
    const out = flags.out ?? besidePlan(plan, 'out');
    const text = kubernetesManifest({
      ...{ ...commonOf(planFile, flags), plan, out, parts, image, claim, mount, claimSize, storageClass, namespace },
      ...{ cpu, memory, tokenSecret, ...parseRunAs(flags.runAs) },
      atOnce: flags.parallelism === undefined ? undefined : parseCount('--parallelism', flags.parallelism),
    });
    const { join } = jobNames(planFile);
    const within = namespace === undefined ? '' : ` --namespace=${namespace}`;
    const wait = `kubectl wait --for=condition=complete --timeout=-1s job/${join}${within}`;
    return { text, parts, out, commands: (file) => [`kubectl apply -f ${shellWord(file)}`, wait] };
  },
};

/** `65532:65532`. @throws LoomError `usage`. */
function parseRunAs(text: string | undefined): { readonly user?: number; readonly group?: number } {
  if (text === undefined) return {};
  const match = /^(\d{1,9}):(\d{1,9})$/.exec(text);
  if (match) return { user: Number(match[1]), group: Number(match[2]) };
  throw new LoomError('usage', `--run-as takes numbers of a user and a group such as 1000:1000, not "${text}".`);
}

/** `16` or `16%4`. @throws LoomError `usage`. */
function parseArray(text: string): { readonly parts: number; readonly atOnce?: number } {
  const match = /^(\d{1,6})(?:%(\d{1,6}))?$/.exec(text);
  if (!match) throw new LoomError('usage', `--array takes a number of parts such as 16 or 16%4, not "${text}".`);
  return { parts: Number(match[1]), ...(match[2] === undefined ? {} : { atOnce: Number(match[2]) }) };
}

/** @throws LoomError `usage`. */
function parseCount(flag: string, text: string): number {
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new LoomError('usage', `${flag} takes a number from 1 on, not "${text}".`);
}

/** @throws LoomError `usage`. */
function parseContainerEngine(text: string | undefined): (typeof CONTAINER_ENGINES)[number] | undefined {
  const engine = CONTAINER_ENGINES.find((each) => each === text);
  if (engine || text === undefined) return engine;
  throw new LoomError('usage', `--container-engine takes ${CONTAINER_ENGINES.join(' or ')}, not "${text}".`);
}

/** Nothing that is there is written over. @throws LoomError `usage` where something is, `write-failed`. */
function writeNew(file: string, text: string): void {
  try {
    writeFileSync(file, text, { flag: 'wx' });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'EEXIST')
      throw new LoomError('usage', `${file} is there already. Name another file, or remove it.`, { file });
    const why = code === 'ENOENT' ? `There is no folder ${dirname(file)}` : message;
    throw new LoomError('write-failed', `${file} could not be written. ${why}.`, { file }, cause);
  }
}
