import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Checkpoint, CheckpointTensor } from '../checkpoint/types.ts';
import { detectLayout } from '../layouts/detect.ts';
import { heldBytes } from '../ranks/bytes.ts';
import { chooseSetup } from '../ranks/memory/complete-setup.ts';
import { holdingsOf } from '../ranks/memory/holdings.ts';
import { placeSetup } from '../ranks/memory/place-setup.ts';
import { factsOf, meshOf, optionsOf } from '../ranks/memory/setup.ts';
import { shapeFromCheckpoint } from '../ranks/memory/shape-checkpoint.ts';
import { planPlacement } from '../ranks/placement.ts';
import { rankModel } from '../ranks/summary.ts';
import type { PlacementRules } from '../ranks/types.ts';
import type { FileOffset } from '../safetensors/types.ts';
import { PROGRAMS } from './all.ts';
import { CONFIGURED, configFor, configFramework } from './configuring.ts';
import { MEMORY_PROGRAMS } from './fitting.ts';
import { FRAMEWORKS, frameworkOf } from './placing.ts';
import { readBack } from './read-back.fixture.ts';

interface Model {
  readonly layers: number;
  readonly denseLayers: number;
  readonly experts: number;
  readonly kvHeads: number;
  readonly groups: number;
  /** Multi-head latent attention. */
  readonly latent?: boolean;
}

/** Heads and widths that every mesh below divides: what is not whole is the business of limits. */
const HEADS = 16;
const HEAD_DIM = 8;
const HIDDEN = 64;
const INTERMEDIATE = 128;
const VOCABULARY = 256;
const LATENT = { q_lora_rank: 32, kv_lora_rank: 32, qk_rope_head_dim: 32, qk_nope_head_dim: 8, v_head_dim: HEAD_DIM };

const anyModel: fc.Arbitrary<Model> = fc
  .record({
    layers: fc.integer({ min: 1, max: 23 }),
    denseLayers: fc.integer({ min: 0, max: 3 }),
    experts: fc.constantFrom(16, 32, 64),
    kvHeads: fc.constantFrom(8, 16),
    groups: fc.constantFrom(1, 4),
    latent: fc.boolean(),
  })
  .filter(({ layers, denseLayers }) => denseLayers < layers);

/**
 * Other models in each run of the tests, the smallest first for shrinking. To make one takes longer than all that is asked of it: every
 * program gets the same ones, with other set-ups.
 */
const models = fc.constantFrom(...fc.sample(anyModel, 200).sort((a, b) => a.layers - b.layers));

/** A size is left out every other time, so that programs with few axes place many set-ups, too. */
const size = (...values: number[]) => fc.option(fc.constantFrom(...values), { freq: 2, nil: undefined });

const meshes = fc.record({
  gpus: size(1, 2, 4, 8, 16),
  dp: size(1, 2, 4),
  cp: size(1, 2),
  tp: size(1, 2, 4, 8),
  pp: size(1, 2, 3, 4),
  ep: size(1, 2, 4, 8),
  etp: size(1, 2),
});

/** The backends that a program's options name. */
function backendsOf({ settings = {} }: PlacementRules): string[] {
  return Object.values(settings).flatMap(({ of, words = {} }) => (of === 'all2all' ? Object.keys(words) : []));
}

function checkpointOf({ layers, denseLayers, experts, kvHeads, groups, latent }: Model): Checkpoint {
  const tensors = new Map<string, CheckpointTensor>();
  let at = 0;
  const add = (name: string, ...shape: number[]) => {
    const end = at + 2 * shape.reduce((product, dim) => product * dim, 1);
    const [start, until] = [at as FileOffset, end as FileOffset];
    tensors.set(name, { name, dtype: 'BF16', shape, file: 'model.safetensors', start, end: until });
    at = end;
  };
  add('model.embed_tokens.weight', VOCABULARY, HIDDEN);
  for (let layer = 0; layer < layers; layer++) {
    const base = `model.layers.${layer}`;
    add(`${base}.input_layernorm.weight`, HIDDEN);
    if (latent) {
      add(`${base}.self_attn.q_a_proj.weight`, 32, HIDDEN);
      add(`${base}.self_attn.q_a_layernorm.weight`, 32);
      add(`${base}.self_attn.q_b_proj.weight`, HEADS * 40, 32);
      add(`${base}.self_attn.kv_a_proj_with_mqa.weight`, 64, HIDDEN);
      add(`${base}.self_attn.kv_a_layernorm.weight`, 32);
      add(`${base}.self_attn.kv_b_proj.weight`, HEADS * 16, 32);
    } else {
      add(`${base}.self_attn.q_proj.weight`, HEADS * HEAD_DIM, HIDDEN);
      add(`${base}.self_attn.k_proj.weight`, kvHeads * HEAD_DIM, HIDDEN);
      add(`${base}.self_attn.v_proj.weight`, kvHeads * HEAD_DIM, HIDDEN);
    }
    add(`${base}.self_attn.o_proj.weight`, HIDDEN, HEADS * HEAD_DIM);
    if (layer < denseLayers) {
      add(`${base}.mlp.gate_proj.weight`, INTERMEDIATE, HIDDEN);
      add(`${base}.mlp.up_proj.weight`, INTERMEDIATE, HIDDEN);
      add(`${base}.mlp.down_proj.weight`, HIDDEN, INTERMEDIATE);
      continue;
    }
    add(`${base}.mlp.gate.weight`, experts, HIDDEN);
    add(`${base}.mlp.experts.gate_up_proj`, experts, 2 * INTERMEDIATE, HIDDEN);
    add(`${base}.mlp.experts.down_proj`, experts, HIDDEN, INTERMEDIATE);
  }
  add('model.norm.weight', HIDDEN);
  add('lm_head.weight', VOCABULARY, HIDDEN);
  const config = {
    ...(latent
      ? { ...LATENT, model_type: 'deepseek_v3', architectures: ['DeepseekV3ForCausalLM'] }
      : { model_type: 'qwen3_moe', architectures: ['Qwen3MoeForCausalLM'] }),
    num_hidden_layers: layers,
    hidden_size: HIDDEN,
    intermediate_size: INTERMEDIATE,
    moe_intermediate_size: INTERMEDIATE,
    num_experts: experts,
    num_experts_per_tok: 2,
    num_attention_heads: HEADS,
    num_key_value_heads: kvHeads,
    head_dim: HEAD_DIM,
    vocab_size: VOCABULARY,
    n_group: groups,
    decoder_sparse_step: 1,
    mlp_only_layers: Array.from({ length: denseLayers }, (_, layer) => layer),
    tie_word_embeddings: false,
  };
  const shard = { file: 'model.safetensors', byteLength: at, dataStart: 0 as FileOffset, tensors: tensors.size };
  return {
    tensors,
    config,
    configText: JSON.stringify(config),
    shards: [{ ...shard, metadata: null }],
    files: [{ name: 'model.safetensors', byteLength: at }],
    findings: [],
    indexFile: null,
  } as unknown as Checkpoint;
}

function modelled(described: Model) {
  const checkpoint = checkpointOf(described);
  const layout = detectLayout(checkpoint);
  return { model: rankModel(checkpoint, layout), shape: shapeFromCheckpoint(checkpoint, layout) };
}

const made = new Map<Model, ReturnType<typeof modelled>>();

function modelledOnce(described: Model): ReturnType<typeof modelled> {
  const known = made.get(described) ?? modelled(described);
  made.set(described, known);
  return known;
}

describe('memory and ranks', () => {
  it.each(MEMORY_PROGRAMS.map((program) => [program.id, program] as const))(
    'agree on world, sizes, stages, layers and bytes: %s',
    (_, program) => {
      let placedOnes = 0;
      let meshed = 0;
      fc.assert(
        fc.property(models, meshes, (described, setup) => {
          const { model, shape } = modelledOnce(described);
          const options = program.memory.fill?.(optionsOf(setup)) ?? optionsOf(setup);
          const placement = planPlacement(program, options, model.facts);
          const counted = placeSetup(program, setup, shape);
          expect(factsOf(shape).moeLayers).toEqual(model.facts.moeLayers);
          if ('error' in placement || 'error' in counted) {
            expect(counted).toEqual(placement);
            return;
          }
          const mesh = meshOf(counted);
          placedOnes++;
          if (placement.mesh.world > 1) meshed++;
          expect(mesh.gpus).toBe(placement.mesh.world);
          expect(mesh.stages).toEqual(placement.stages);
          expect(mesh).toMatchObject(placement.sizes);
          const choices = chooseSetup(program, setup);
          if ('error' in choices) throw new Error(choices.error);
          const held = heldBytes(model.tensorIndex, placement);
          for (const { stage, dense, experts, moeLayers } of holdingsOf(program.memory, counted, shape, choices)) {
            const ranks = placement.ranks.filter((place) => place.stage.index === stage);
            const first = placement.stages.slice(0, stage).reduce((sum, count) => sum + count, 0);
            const here = model.facts.moeLayers.filter(
              ({ index }) => index !== null && index >= first && index < first + (placement.stages[stage] ?? 0),
            );
            expect(moeLayers).toBe(here.length);
            const most = Math.max(...ranks.map(({ rank }) => held[rank]?.total ?? 0));
            expect(2 * (dense.weights + experts.weights)).toBeCloseTo(most, 3);
          }
        }),
        { numRuns: 300 },
      );
      expect(
        [placedOnes, meshed].every((count) => count > 3),
        `${meshed} of ${placedOnes}`,
      ).toBe(true);
    },
  );
});

describe('pipeline stages', () => {
  const SIX = Array<number>(14).fill(6);

  // 94 layers on 16 stages: Qwen3-235B-A22B, worked out by hand from each program's own function.
  it.each([
    ['transformers-5', [...Array<number>(15).fill(5), 19]],
    ['vllm', [5, ...SIX, 5]],
    ['sglang', [5, 5, ...SIX]],
    ['megatron-core', [5, ...SIX, 5]],
    ['torchtitan', [5, ...SIX, 5]],
  ] as const)('of 94 layers on 16 stages in memory are those of %s', (id, stages) => {
    const program = MEMORY_PROGRAMS.find((each) => each.id === id);
    if (!program) throw new Error(id);
    const { shape } = modelled({ layers: 94, denseLayers: 0, experts: 16, kvHeads: 8, groups: 1 });
    const counted = placeSetup(program, { framework: id, pp: 16, tp: 1, etp: 1 }, shape);
    expect(counted).toMatchObject({ stages });
  });
});

describe('configurations', () => {
  it.each(CONFIGURED.map(({ id }) => id))('say the set-up that was placed: %s', (kind) => {
    const owner = frameworkOf(configFramework(kind));
    if (!owner) throw new Error(`${kind} belongs to no program that places`);
    const { strategies, redundant } = owner.placement;
    const more = fc.record({
      strategy: fc.constantFrom(undefined, ...strategies.filter((each) => ['linear', 'round-robin'].includes(each))),
      redundant: fc.constantFrom(...(redundant ? [0, 8] : [0])),
      all2all: fc.constantFrom(undefined, ...backendsOf(owner.placement)),
    });
    let said = 0;
    fc.assert(
      fc.property(models, meshes, more, (described, setup, rest) => {
        const { model, shape } = modelledOnce(described);
        // As the rank preview asks: without `ep` the program's own.
        const options = { ...optionsOf(setup), ep: setup.ep, ...rest };
        const placement = planPlacement(owner, options, model.facts);
        const file = configFor(kind, { model: 'org/name', shape, options });
        if ('error' in placement) {
          expect(file).toEqual(placement);
          return;
        }
        if ('error' in file) return;
        said++;
        const read = readBack(kind, file.text, { layers: shape.layers, expertGroups: shape.expertGroups });
        if (read === null) return;
        expect(placement.sizes).toMatchObject(read.sizes);
        if (read.stages) expect(read.stages).toEqual(placement.stages);
        if (read.redundant !== undefined) expect(read.redundant).toBe(placement.redundant);
        if (read.strategy !== undefined)
          expect(read.strategy).toBe(placement.redundant > 0 ? 'eplb' : placement.strategy);
      }),
      { numRuns: 300 },
    );
    expect(said).toBeGreaterThan(3);
  });
});

describe('every facet', () => {
  it.each(PROGRAMS.map((program) => [program.id, program] as const))(
    'names source, version and date: %s',
    (id, program) => {
      const { placement, memory, configuration, loads } = program;
      const facets = [placement, memory, configuration, loads].filter((facet) => facet !== undefined);
      expect(facets.length).toBeGreaterThan(0);
      for (const { source, version, date } of facets) {
        expect(source).not.toBe('');
        expect(date).toMatch(/^20\d\d-\d\d(-\d\d)?$/);
        if (id !== 'custom') expect(version).not.toBe('');
      }
    },
  );

  it('has a unique id', () => {
    expect(new Set(PROGRAMS.map(({ id }) => id)).size).toBe(PROGRAMS.length);
    expect(FRAMEWORKS.every(({ placement }) => placement.strategies.length > 0)).toBe(true);
  });
});
