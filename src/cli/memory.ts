import type { Command } from 'commander';
import {
  clusterSentence,
  DEFAULT_MEMORY_PROGRAM,
  detectLayout,
  estimateMemory,
  FIT_WORDS,
  H100_TFLOPS,
  isMemoryFramework,
  isOffload,
  LORA_GRAMMAR,
  LoomError,
  type LoraSetup,
  loraSentence,
  MEMORY_PROGRAMS,
  type MemoryReport,
  type MemorySetup,
  type ModelShape,
  parseLora,
  plural,
  REGIMES,
  shapeFromCheckpoint,
  shapeFromConfig,
  speedLines,
  type ThroughputReport,
} from '../core/index.ts';
import { withChoices } from './choices.ts';
import { interruptSignal, type OutputOptions, print, printJson, withOutput } from './common.ts';
import { openOrConfig } from './config-source.ts';
import { tellErrorsOf } from './damage.ts';
import { SOURCE_HELP, type SourceFlags, withSource } from './source.ts';

const FRAMEWORKS = MEMORY_PROGRAMS.map(({ id }) => id);
const SIZES = ['gpus', 'dp', 'cp', 'tp', 'pp', 'ep', 'etp', 'context', 'batch'] as const;

type MemoryFlags = OutputOptions &
  SourceFlags &
  Partial<Record<(typeof SIZES)[number], string>> & {
    readonly framework?: string;
    readonly redundant?: string;
    readonly optimizerBytes?: string;
    readonly dense?: string;
    readonly zero?: string;
    readonly offload?: string | true;
    readonly checkpointing: boolean;
    readonly chunkedLoss?: boolean;
    readonly imbalance?: string;
    readonly capacity?: string;
    readonly lora?: string;
    readonly tokensPerSecond?: string;
    readonly stepSeconds?: string;
    readonly mfu?: string;
    readonly gpuTflops?: string;
  };

/** `moe-loom memory <source>`: whether a run fits on its GPUs. Exit 1 when it does not fit or the checkpoint is incomplete; `at risk` exits with 0. */
export function addMemory(program: Command): void {
  const command = program
    .command('memory')
    .description('estimate the memory that a training or serving run needs on each GPU, and whether it fits')
    .argument('<source>', `${SOURCE_HELP}; or only a config.json`)
    .option('--framework <id>', `${FRAMEWORKS.join(', ')} (default ${DEFAULT_MEMORY_PROGRAM})`)
    .option('--gpus <n>', 'number of GPUs')
    .option('--dp <n>', 'data-parallel size (fsdp, dp_shard)')
    .option('--cp <n>', 'context-parallel size')
    .option('--tp <n>', 'tensor-parallel size')
    .option('--pp <n>', 'pipeline-parallel size')
    .option('--ep <n>', 'expert-parallel size (default 1: no expert parallelism)')
    .option('--etp <n>', 'tensor-parallel size inside experts')
    .option('--redundant <n>', 'redundant experts (EPLB): slots beyond one per expert')
    .option('--context <tokens>', 'tokens of one sequence')
    .option('--batch <n>', 'sequences of one micro batch, or sequences served at the same time')
    .option('--optimizer-bytes <n>', `bytes per parameter: ${REGIMES.map((regime) => regime.bytes).join(', ')}`)
    .option('--dense <how>', 'weights other than experts: sharded over all ranks, or replicated on each EP rank')
    .option('--zero <stage>', 'DeepSpeed: ZeRO stage 0 to 3')
    .option('--offload [what]', 'offload to the host: optimizer (only its states, the default) or all')
    .option('--no-checkpointing', 'keep every activation instead of recomputing it')
    .option('--chunked-loss', 'the loss is chunked or fused')
    .option('--imbalance <factor>', 'tokens of the busiest rank, divided by the mean')
    .option('--lora <adapters>', LORA_GRAMMAR)
    .option('--tokens-per-second <n>', 'tokens per second of the whole run; prints MFU')
    .option('--step-seconds <s>', 'seconds per step; prints tokens per second and MFU')
    .option('--mfu <percent>', 'model FLOP utilisation; prints tokens per second')
    .option('--gpu-tflops <n>', `dense bf16 TFLOP/s of one GPU (default ${H100_TFLOPS}, an H100)`)
    .option('--capacity <GiB>', 'memory that programs can use on one GPU (default 79.1, an H100)');
  withChoices(command, {
    '--framework': FRAMEWORKS,
    '--optimizer-bytes': REGIMES.map(({ bytes }) => String(bytes)),
    '--dense': ['sharded', 'replicated'],
    '--zero': ['0', '1', '2', '3'],
    '--offload': ['optimizer', 'all', 'none'],
  });
  withOutput(withSource(command)).action(async (source: string, flags: MemoryFlags) => {
    const setup = setupOf(flags);
    const shape = await shapeAt(source, flags);
    const report = estimateMemory(shape, setup);
    if ('error' in report)
      throw new LoomError(report.by === 'checkpoint' ? 'checkpoint-defective' : 'usage', report.error);
    if (flags.json) printJson(report);
    else print(describeMemory(report));
    if (report.verdict === 'out-of-memory') process.exitCode = 1;
  });
}

/** @throws LoomError `usage`. */
function setupOf(flags: MemoryFlags): MemorySetup {
  const { framework, offload, dense, zero } = flags;
  if (framework !== undefined && !isMemoryFramework(framework)) throw noneOf('framework', framework, FRAMEWORKS);
  const what = offload === true ? 'optimizer' : offload;
  if (what !== undefined && !isOffload(what)) throw noneOf('offload', what, ['optimizer', 'all', 'none']);
  if (dense !== undefined && dense !== 'sharded' && dense !== 'replicated')
    throw noneOf('dense', dense, ['sharded', 'replicated']);
  const stage = zero === undefined ? undefined : ([0, 1, 2, 3] as const).find((each) => String(each) === zero);
  if (zero !== undefined && stage === undefined) throw noneOf('zero', zero, ['0', '1', '2', '3']);
  const sizes = SIZES.flatMap((name) => {
    const text = flags[name];
    return text === undefined ? [] : [[name, wholeNumber(name, text)] as const];
  });
  return {
    ...Object.fromEntries(sizes),
    framework,
    redundant: flags.redundant === undefined ? undefined : wholeNumber('redundant', flags.redundant),
    dense,
    zero: stage,
    offload: what,
    optimizerBytes:
      flags.optimizerBytes === undefined ? undefined : wholeNumber('optimizer-bytes', flags.optimizerBytes),
    checkpointing: flags.checkpointing ? undefined : false,
    chunkedLoss: flags.chunkedLoss,
    imbalance: positive('imbalance', flags.imbalance),
    capacityGib: positive('capacity', flags.capacity),
    lora: loraOf(flags.lora),
    tokensPerSecond: positive('tokens-per-second', flags.tokensPerSecond),
    stepSeconds: positive('step-seconds', flags.stepSeconds),
    mfu: positive('mfu', flags.mfu),
    gpuTflops: positive('gpu-tflops', flags.gpuTflops),
  };
}

function loraOf(text: string | undefined): LoraSetup | undefined {
  if (text === undefined) return undefined;
  const lora = parseLora(text);
  if (lora) return lora;
  throw new LoomError('usage', `--lora takes ${LORA_GRAMMAR}, not "${text}".`);
}

function noneOf(name: string, text: string, known: readonly string[]): LoomError {
  return new LoomError('usage', `--${name} takes one of ${known.join(', ')}, not "${text}".`);
}

function wholeNumber(name: string, text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text);
  throw new LoomError('usage', `--${name} takes a whole number from 1, not "${text}".`);
}

function positive(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}(\.\d{1,6})?$/.test(text) && Number(text) > 0) return Number(text);
  throw new LoomError('usage', `--${name} takes a number above 0, not "${text}".`);
}

/** The shape from a config.json, from a folder with only a config.json, or from a checkpoint's headers. */
async function shapeAt(source: string, flags: SourceFlags): Promise<ModelShape> {
  const found = await openOrConfig(source, flags, interruptSignal());
  if ('config' in found) return shapeFromConfig(found.config);
  const { checkpoint } = found.opened;
  const layout = detectLayout(checkpoint);
  const shape = shapeFromCheckpoint(checkpoint, layout);
  if (shape.missing === undefined) tellErrorsOf(checkpoint, layout);
  return shape;
}

function band({ low, high }: { readonly low: number; readonly high: number }): string {
  return low === high ? `${high.toFixed(1)} GB` : `${low.toFixed(1)} – ${high.toFixed(1)} GB`;
}

function describeMemory(report: MemoryReport): string[] {
  const { mesh, terms, offload, lora, throughput } = report;
  const sizes = (['dp', 'cp', 'tp', 'pp', 'ep', 'etp'] as const).filter((name) => mesh[name] > 1);
  const width = Math.max(...terms.map((term) => term.name.length));
  return [
    `Verdict      ${FIT_WORDS[report.verdict]}: ${band(report)} of ${report.capacity.toFixed(1)} GB on each GPU`,
    `Set-up       ${report.framework}, ${plural(mesh.gpus, 'GPU')}${sizes.length > 0 ? `: ${sizes.map((name) => `${name} ${mesh[name]}`).join(', ')}` : ''}`,
    ...(lora ? [`LoRA         ${loraSentence(lora)}`] : []),
    `Peak during  ${report.phase}`,
    ...terms.map((term) => `  ${term.name.padEnd(width)}  ${band(term).padStart(17)}  ${term.basis}`),
    ...(offload
      ? [
          `Host         ${offload.host.toFixed(1)} GB for each GPU; each step moves ${offload.down.toFixed(1)} GB to the host and ${offload.up.toFixed(1)} GB back over PCIe`,
        ]
      : []),
    report.decides,
    ...report.changes.map((change) => `  With ${change.change}: ${band(change)}, ${FIT_WORDS[change.verdict]}`),
    `All GPUs     ${clusterSentence(report)}`,
    ...(throughput ? describeSpeed(throughput) : []),
    'Assumptions:',
    ...report.assumed.map((line) => `  ${line}`),
  ];
}

function describeSpeed(throughput: ThroughputReport): string[] {
  const { head, rates } = speedLines(throughput);
  return [`Speed        ${head}`, ...rates.map((rate) => `  ${rate}`)];
}
