import * as v from 'valibot';
import type { ProgramId } from './all.ts';
import type { ReadBack } from './read-back.fixture.ts';

/**
 * Configurations of training programs, read back as each program would: its parser, the keys that it knows of those we
 * write, and what absent keys mean to it.
 */
interface Read<T> {
  readonly parse: (body: string) => unknown;
  readonly schema: v.GenericSchema<unknown, T>;
  readonly sizes: (read: T) => ReadBack['sizes'];
}

function reads<T>(read: Read<T>): Read<unknown> {
  return read as Read<unknown>;
}

const count = v.pipe(v.number(), v.integer(), v.minValue(1));

/** deepspeed/module_inject/auto_ep_config.py: absent sizes are 1; autotp_size is 0 where it is not set. */
const autoep = reads({
  parse: (body) => JSON.parse(body),
  schema: v.strictObject({
    train_micro_batch_size_per_gpu: count,
    bf16: v.strictObject({ enabled: v.literal(true) }),
    zero_optimization: v.strictObject({
      stage: v.picklist([0, 1, 2, 3]),
      offload_optimizer: v.optional(v.strictObject({ device: v.literal('cpu') })),
    }),
    expert_parallel: v.strictObject({
      enabled: v.literal(true),
      autoep_size: count,
      expert_tensor_parallel_size: v.literal(1),
      preset_model: v.optional(v.picklist(['mixtral', 'qwen3_moe', 'qwen3_5_moe', 'deepseek_v2', 'deepseek_v3'])),
    }),
    tensor_parallel: v.optional(v.strictObject({ autotp_size: count })),
    sequence_parallel_size: v.optional(count),
    use_data_before_expert_parallelism: v.optional(v.literal(true)),
  }),
  sizes: (read) => ({
    ep: read.expert_parallel.autoep_size,
    etp: read.expert_parallel.expert_tensor_parallel_size,
    tp: read.tensor_parallel?.autotp_size ?? 1,
    cp: read.sequence_parallel_size ?? 1,
  }),
});

const READS: Readonly<Partial<Record<ProgramId, Read<unknown>>>> = {
  'deepspeed-autoep': autoep,
};

/** What the parser of a training program makes of its configuration; undefined for any other program. */
export function parsedTraining(kind: string, body: string): unknown {
  return of(kind)?.parse(body);
}

function of(kind: string): Read<unknown> | undefined {
  return Object.hasOwn(READS, kind) ? READS[kind as ProgramId] : undefined;
}

export const TRAINING_SCHEMAS: Readonly<Partial<Record<ProgramId, v.GenericSchema>>> = Object.fromEntries(
  Object.entries(READS).map(([kind, { schema }]) => [kind, schema]),
);

export const TRAINING_READERS: Readonly<Record<string, (body: string) => ReadBack>> = Object.fromEntries(
  Object.entries(READS).map(([kind, { parse, schema, sizes }]) => [
    kind,
    (body: string): ReadBack => ({ sizes: sizes(v.parse(schema, parse(body))) }),
  ]),
);
