import fc from 'fast-check';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import type { ConfigFile } from '../handoff/config.ts';
import { readModelConfig } from '../ranks/memory/configs.fixture.ts';
import { type MemorySetup, optionsOf } from '../ranks/memory/setup.ts';
import { shapeFromConfig } from '../ranks/memory/shape-config.ts';
import type { PlacementOptions, PlacementRules } from '../ranks/types.ts';
import type { ProgramId } from './all.ts';
import { parseCalls, parseCommand, parseYaml } from './config.fixture.ts';
import { CONFIGURED, configFramework, configKindOf, configFor as configOf } from './configuring.ts';
import { memoryProgramOf } from './fitting.ts';
import { frameworkOf } from './placing.ts';
import { parsedTraining, TRAINING_SCHEMAS } from './training.fixture.ts';

const shape = shapeFromConfig(readModelConfig('Qwen3-235B-A22B'));
const count = v.pipe(v.number(), v.integer(), v.minValue(1));
const on = v.literal(true);

/** Every key that each tool knows, of those we may write. Sources: the versions that the makers name. */
/** Words that vLLM's and SGLang's own option parsers take (vllm/config/parallel.py at 00193b82, moe_hook.py at 003b6ade). */
const VLLM_BACKENDS = [
  'allgather_reducescatter',
  'deepep_high_throughput',
  'deepep_low_latency',
  'deepep_v2',
  'mori_high_throughput',
  'mori_low_latency',
  'nixl_ep',
  'flashinfer_nvlink_two_sided',
  'flashinfer_nvlink_one_sided',
  'flashinfer_all2allv',
];
const SGLANG_BACKENDS = [
  'deepep',
  'deepep_v2',
  'mooncake',
  'nixl',
  'mori',
  'pplx',
  'ascend_fuseep',
  'flashinfer',
  'flashinfer_megamoe',
  'megamoe',
];

const SCHEMAS: Readonly<Partial<Record<ProgramId, v.GenericSchema>>> = {
  'transformers-5': distributed(),
  trl: distributed(),
  accelerate: v.strictObject({
    distributed_type: v.literal('FSDP'),
    mixed_precision: v.literal('bf16'),
    num_machines: count,
    num_processes: count,
    fsdp_config: v.strictObject({
      fsdp_version: v.literal(2),
      fsdp_auto_wrap_policy: v.literal('TRANSFORMER_BASED_WRAP'),
      fsdp_reshard_after_forward: v.boolean(),
      fsdp_offload_params: v.boolean(),
      fsdp_activation_checkpointing: v.boolean(),
      fsdp_state_dict_type: v.literal('SHARDED_STATE_DICT'),
      fsdp_cpu_ram_efficient_loading: v.literal(false),
    }),
    parallelism_config: v.strictObject({
      parallelism_config_dp_replicate_size: count,
      parallelism_config_dp_shard_size: count,
      parallelism_config_cp_size: count,
      parallelism_config_tp_size: count,
    }),
  }),
  torchrun: v.strictObject({
    '--nnodes': count,
    '--nproc-per-node': count,
    '--rdzv-backend': v.literal('c10d'),
    '--rdzv-endpoint': v.literal('$HEAD:29500'),
  }),
  'ep-plan': v.record(
    v.pipe(v.string(), v.regex(/^layers\.\*\.[a-z_.]+$/)),
    v.picklist(['ep_router', 'grouped_gemm', 'moe_tp_experts', 'colwise', 'rowwise', 'all_reduce']),
  ),
  torchtitan: v.strictObject({
    '--parallelism.pipeline_parallel_degree': count,
    '--parallelism.data_parallel_shard_degree': count,
    '--parallelism.context_parallel_degree': count,
    '--parallelism.tensor_parallel_degree': count,
    '--parallelism.expert_parallel_degree': count,
    '--parallelism.data_parallel_replicate_degree': count,
    '--training.max_context_length': count,
    '--training.num_tokens_per_microbatch_per_dp_rank': count,
    '--training.enable_cpu_offload': v.optional(on),
  }),
  'megatron-core': v.strictObject({
    '--tensor-model-parallel-size': count,
    '--pipeline-model-parallel-size': count,
    '--context-parallel-size': count,
    '--expert-model-parallel-size': count,
    '--expert-tensor-parallel-size': count,
    '--num-experts': v.literal(128),
    '--moe-router-topk': v.literal(8),
    '--moe-token-dispatcher-type': v.literal('alltoall'),
    '--sequence-parallel': v.optional(on),
    '--account-for-embedding-in-pipeline-split': v.optional(on),
    '--account-for-loss-in-pipeline-split': v.optional(on),
    '--use-distributed-optimizer': on,
    '--seq-length': count,
    '--micro-batch-size': count,
    '--bf16': on,
    '--recompute-granularity': v.optional(v.literal('full')),
    '--recompute-method': v.optional(v.literal('uniform')),
    '--recompute-num-layers': v.optional(count),
    '--optimizer-cpu-offload': v.optional(on),
    '--optimizer-offload-fraction': v.optional(v.literal('1.0')),
    '--use-precision-aware-optimizer': v.optional(on),
    '--decoder-first-pipeline-num-layers': v.optional(count),
    '--decoder-last-pipeline-num-layers': v.optional(count),
  }),
  vllm: v.strictObject({
    '--tensor-parallel-size': count,
    '--data-parallel-size': count,
    '--pipeline-parallel-size': v.optional(count),
    '--prefill-context-parallel-size': v.optional(count),
    '--enable-expert-parallel': v.optional(on),
    '--decode-context-parallel-size': v.optional(count),
    '--all2all-backend': v.optional(v.picklist(VLLM_BACKENDS)),
    '--expert-placement-strategy': v.optional(v.literal('round_robin')),
    '--enable-eplb': v.optional(on),
    '--eplb-config': v.optional(v.string()),
    '--enable-ep-weight-filter': v.optional(on),
    '--max-model-len': count,
    '--max-num-seqs': count,
  }),
  sglang: v.strictObject({
    '--model-path': v.string(),
    '--tp': count,
    '--ep-size': count,
    '--dp-size': v.optional(count),
    '--enable-dp-attention': v.optional(on),
    '--pp-size': v.optional(count),
    '--moe-dp-size': v.optional(count),
    '--attn-cp-size': v.optional(count),
    '--moe-a2a-backend': v.optional(v.picklist(SGLANG_BACKENDS)),
    '--ep-num-redundant-experts': v.optional(count),
    '--enable-eplb': v.optional(on),
    '--init-expert-location': v.optional(v.literal('sglang-expert-location.json')),
    '--context-length': count,
  }),
  'transformers-4.57': v.strictObject({
    '--config_file': v.literal('fsdp2.yaml'),
    '--model_name_or_path': v.string(),
    '--enable_expert_parallel': on,
    '--dataset_name': v.literal('THUDM/LongAlign-10k'),
    '--max_length': count,
    '--per_device_train_batch_size': count,
    '--gradient_checkpointing': v.picklist(['true', 'false']),
    '--packing': on,
    '--packing_strategy': v.literal('wrapped'),
    '--max_steps': count,
    '--logging_steps': count,
    '--output_dir': v.literal('./output'),
    '--report_to': v.literal('wandb'),
  }),
  ...TRAINING_SCHEMAS,
};

function distributed() {
  return v.strictObject({
    tp_size: count,
    fsdp_size: v.optional(count),
    pp_size: v.optional(count),
    enable_expert_parallel: v.boolean(),
    fsdp_cpu_offload: v.optional(on),
    fsdp_mixed_precision: v.optional(on),
  });
}

/** What a tool reads out of an emitted text. */
function parsed(kind: ProgramId, { text }: ConfigFile): unknown {
  const body = text.replace(/^#.*\n/gm, '');
  const training = parsedTraining(kind, body);
  if (training !== undefined) return training;
  switch (kind) {
    case 'accelerate':
      return parseYaml(body);
    case 'transformers-5':
    case 'trl':
      return parseCalls(body).DistributedConfig;
    case 'ep-plan':
      return JSON.parse(body.replace(/^base_model_ep_plan = /, '').replace(/,\n}/, '\n}'));
    default:
      return parseCommand(body).flags;
  }
}

/** The backends that a program's options name. */
function backendsOf(rules: PlacementRules | undefined): string[] {
  const settings = Object.values(rules?.settings ?? {});
  return settings.flatMap(({ of, words = {} }) => (of === 'all2all' ? Object.keys(words) : []));
}

/** As the planner asks: one set-up for sizes and run. */
function configFor(
  kind: ProgramId,
  { model, setup, ...more }: { readonly model: string; readonly setup: MemorySetup } & PlacementOptions,
) {
  return configOf(kind, { model, shape, options: { ...optionsOf(setup), ...more }, run: setup });
}

function make(kind: ProgramId, setup = {}, more = {}): ConfigFile {
  const file = configFor(kind, { model: 'Qwen/Qwen3-235B-A22B', setup, ...more });
  if ('error' in file) throw new Error(file.error);
  return file;
}

describe('configFor', () => {
  it.each(CONFIGURED.map(({ id }) => id))('%s has known keys alone, for every set-up that it takes', (kind) => {
    const sizes = fc.record({
      gpus: fc.constantFrom(8, 16, 64, 128),
      ep: fc.constantFrom(1, 2, 8, 64),
      cp: fc.constantFrom(1, 1, 2, 8),
      tp: fc.constantFrom(undefined, 1, 4, 8),
      pp: fc.constantFrom(1, 16),
      context: fc.constantFrom(undefined, 32_768),
      offload: fc.constantFrom('none' as const, ...(memoryProgramOf(configFramework(kind))?.memory.offloads ?? [])),
      checkpointing: fc.constantFrom(undefined, false),
    });
    const rules = frameworkOf(configFramework(kind))?.placement;
    const more = fc.record({
      redundant: fc.constantFrom(...(rules?.redundant ? [0, 32] : [0])),
      strategy: fc.constantFrom(undefined, ...(rules?.strategies ?? [])),
      all2all: fc.constantFrom(undefined, ...backendsOf(rules)),
    });
    let made = 0;
    fc.assert(
      fc.property(sizes, more, (setup, rest) => {
        const file = configFor(kind, { model: 'Qwen/Qwen3-235B-A22B', setup, ...rest });
        if ('error' in file) return;
        made++;
        v.parse(SCHEMAS[kind] ?? v.never(), parsed(kind, file));
        expect(file.limits.length).toBeGreaterThan(0);
        if (/^#/.test(file.text)) for (const limit of file.limits) expect(file.text).toContain(limit);
        else expect(() => JSON.parse(file.text)).not.toThrow();
      }),
      { numRuns: 1000 },
    );
    expect(made).toBeGreaterThan(3);
  });

  it('says what a program needs beside an offload, and refuses one that it has not', () => {
    expect(parsed('megatron-core', make('megatron-core', { gpus: 64, ep: 64, offload: 'optimizer' }))).toMatchObject({
      '--optimizer-cpu-offload': true,
      '--optimizer-offload-fraction': '1.0',
      '--use-precision-aware-optimizer': true,
    });
    expect(parsed('torchtitan', make('torchtitan', { gpus: 64, ep: 64, offload: 'all' }))).toMatchObject({
      '--training.enable_cpu_offload': true,
    });
    const setup = { gpus: 8, tp: 8, ep: 8, offload: 'optimizer' as const };
    expect(configFor('sglang', { model: 'm', setup })).toMatchObject({ error: expect.stringContaining('no offload') });
    const apart = make('sglang', { gpus: 8, tp: 8, ep: 8, dp: 8 });
    expect(parsed('sglang', apart)).toMatchObject({ '--dp-size': 8, '--enable-dp-attention': true });
  });

  it('is filled from the set-up', () => {
    const file = make('transformers-5', { gpus: 64, ep: 8, offload: 'all' });
    expect(parsed('transformers-5', file)).toEqual({
      tp_size: 8,
      fsdp_size: 8,
      enable_expert_parallel: true,
      fsdp_cpu_offload: true,
    });
    expect(file.text).not.toContain('ep_size=');
    expect(parsed('accelerate', make('accelerate', { gpus: 64, cp: 8, ep: 64, offload: 'all' }))).toMatchObject({
      num_machines: 8,
      num_processes: 64,
      fsdp_config: { fsdp_offload_params: true },
      parallelism_config: { parallelism_config_dp_shard_size: 8, parallelism_config_cp_size: 8 },
    });
    const card = make('megatron-core', { gpus: 128, tp: 4, pp: 16, cp: 2, ep: 8, etp: 1 });
    expect(parsed('megatron-core', card)).toMatchObject({
      '--tensor-model-parallel-size': 4,
      '--pipeline-model-parallel-size': 16,
      '--context-parallel-size': 2,
      '--expert-model-parallel-size': 8,
      '--expert-tensor-parallel-size': 1,
      '--account-for-loss-in-pipeline-split': true,
    });
    const vllm = make('vllm', { ep: 8 }, { redundant: 32, all2all: 'deepep_low_latency' });
    expect(parsed('vllm', vllm)).toMatchObject({ '--data-parallel-size': 8, '--enable-eplb': true });
    expect(vllm.text).toContain('"num_redundant_experts":32');
    expect(parsed('torchrun', make('torchrun', { gpus: 64 }))).toMatchObject({ '--nnodes': 8, '--nproc-per-node': 8 });
  });

  it('says what it cannot do', () => {
    expect(make('transformers-5', { gpus: 8, ep: 8 }).text).toMatch(
      /# All expert-parallel ranks work on the same batch.*all-reduce/,
    );
    expect(make('accelerate', { gpus: 8, ep: 8 }).limits.join(' ')).toMatch(/no axis for expert parallelism/);
    expect(make('transformers-4.57', { gpus: 8, ep: 8 }).limits.join(' ')).toMatch(/fork alone/);
  });

  it('gives the framework’s own words where it would refuse', () => {
    const refused = configFor('transformers-5', { model: 'm', setup: { gpus: 6, ep: 6 } });
    expect(refused).toEqual({ error: 'Cannot evenly shard 128 experts across 6 expert-parallel ranks.' });
  });

  it('takes no command out of a hostile name', () => {
    const model = 'a";import os\n$(touch x)`y`\'; rm -rf /';
    const sh = configFor('sglang', { model, setup: { gpus: 8 } });
    const py = configFor('transformers-5', { model, setup: { gpus: 8, ep: 8 } });
    if ('error' in sh || 'error' in py) throw new Error('refused');
    expect(parseCommand(sh.text.replace(/^#.*\n/gm, '')).flags['--model-path']).toBe(model);
    expect(py.text).toContain(JSON.stringify(model));
  });

  it('knows usual spellings', () => {
    expect(configKindOf('megatron')).toBe('megatron-core');
    expect(configKindOf('fsdp2')).toBe('accelerate');
    expect(configKindOf('constructor')).toBeNull();
  });
});
