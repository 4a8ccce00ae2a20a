import {
  DEFAULT_MEMORY_PROGRAM,
  isMemoryFramework,
  isOffload,
  type MemorySetup,
  parseLoraRank,
  parseLoraTargets,
} from '../../../../core/index.ts';

const SIZES = ['gpus', 'dp', 'ep', 'cp', 'tp', 'pp', 'etp', 'context', 'batch'] as const;
/** Numbers above 0 that say how fast a run is. */
const SPEEDS = [
  ['tokensPerSecond', 'tps'],
  ['stepSeconds', 'step'],
  ['mfu', 'mfu'],
  ['gpuTflops', 'tflops'],
] as const;
const SPEED = /^\d{1,9}(\.\d{1,6})?$/;
const LIMIT_SIZE = 100_000_000;

/** A set-up as the address spells it: `fsdp2,gpus:64,cp:8,ep:64,context:32768,offload:optimizer`. */
export function formatSetup(setup: MemorySetup): string {
  const sizes = SIZES.flatMap((name) => (setup[name] === undefined ? [] : [`${name}:${setup[name]}`]));
  const { optimizerBytes, dense, offload, checkpointing, chunkedLoss, capacityGib, zero, lora } = setup;
  return [
    setup.framework ?? DEFAULT_MEMORY_PROGRAM,
    ...sizes,
    ...(optimizerBytes === undefined ? [] : [`bytes:${optimizerBytes}`]),
    ...(dense === undefined ? [] : [`dense:${dense}`]),
    ...(zero === undefined ? [] : [`zero:${zero}`]),
    ...(offload === undefined || offload === 'none' ? [] : [`offload:${offload}`]),
    ...(checkpointing === false ? ['checkpointing:no'] : []),
    ...(chunkedLoss === true ? ['loss:chunked'] : []),
    ...(lora ? [`lora:${lora.rank}`] : []),
    ...(lora?.targets ? [`targets:${lora.targets.join('+')}`] : []),
    ...SPEEDS.flatMap(([name, key]) => (setup[name] === undefined ? [] : [`${key}:${setup[name]}`])),
    ...(capacityGib === undefined ? [] : [`capacity:${capacityGib}`]),
  ].join(',');
}

/** Reads {@link formatSetup} back; parts that make no sense are left out. */
export function parseSetup(text: string): MemorySetup {
  const [framework = '', ...parts] = text.split(',');
  const given = new Map(parts.map((part) => part.split(':', 2) as [string, string | undefined]));
  const sizes = SIZES.flatMap((name) => {
    const value = Number(given.get(name) ?? Number.NaN);
    return Number.isSafeInteger(value) && value >= 1 && value <= LIMIT_SIZE ? [[name, value] as const] : [];
  });
  const bytes = Number(given.get('bytes') ?? Number.NaN);
  const capacity = Number(given.get('capacity') ?? Number.NaN);
  const dense = (['sharded', 'replicated'] as const).find((each) => each === given.get('dense'));
  const zero = ([0, 1, 2, 3] as const).find((each) => String(each) === given.get('zero'));
  const offload = given.get('offload') ?? '';
  const rank = parseLoraRank(given.get('lora') ?? '');
  const targets = parseLoraTargets(given.get('targets') ?? '');
  const speeds = SPEEDS.flatMap(([name, key]) => {
    const value = given.get(key) ?? '';
    return SPEED.test(value) && Number(value) > 0 ? [[name, Number(value)] as const] : [];
  });
  return {
    framework: isMemoryFramework(framework) ? framework : DEFAULT_MEMORY_PROGRAM,
    ...Object.fromEntries(sizes),
    ...([6, 8, 10, 12, 16, 18].includes(bytes) ? { optimizerBytes: bytes } : {}),
    ...(dense ? { dense } : {}),
    ...(zero === undefined ? {} : { zero }),
    ...(isOffload(offload) ? { offload } : {}),
    ...(given.get('checkpointing') === 'no' ? { checkpointing: false } : {}),
    ...(given.get('loss') === 'chunked' ? { chunkedLoss: true } : {}),
    ...(rank === null ? {} : { lora: { rank, targets } }),
    ...Object.fromEntries(speeds),
    ...(capacity > 0 && capacity < 10_000 ? { capacityGib: capacity } : {}),
  };
}
