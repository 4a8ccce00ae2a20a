import { degree, fitInto } from '../../ranks/deal.ts';
import { meshInRuns, placeRanks } from '../../ranks/mesh.ts';
import { countOf, wordOf } from '../../ranks/settings.ts';
import type { PlacementError, PlacementOptions, PlacementRules, SetUp, Sizes } from '../../ranks/types.ts';
import { besideTraining, type TrainingSizes } from '../megatron/training-side.ts';
import { placement as sglang } from '../sglang/placement.ts';
import { placement as vllm } from '../vllm/placement.ts';

const ENGINES: Readonly<Record<string, PlacementRules>> = { vllm, sglang };

/** verl's own default of tensor_model_parallel_size. */
const USUAL_TP = 2;

export function engineName(options: PlacementOptions): string {
  return wordOf(options, 'engine', 'vllm');
}

function rulesOf(options: PlacementOptions): PlacementRules {
  return ENGINES[engineName(options)] ?? vllm;
}

/** Sizes of one rollout replica, those that are not given as verl has them; where `ep` is named, tensor parallelism follows it. */
export function rolloutSizes(options: PlacementOptions): {
  readonly tp: number;
  readonly dp: number;
  readonly ep: number;
} {
  const [dp, ep] = [degree(options, 'dp'), degree(options, 'ep')];
  return { tp: options.tp ?? (options.ep === undefined ? USUAL_TP : fitInto(ep, dp)), dp, ep };
}

/** What verl starts its engine with: SGLang's tensor parallelism is that of verl times its data parallelism. */
function engineOptions(options: PlacementOptions): PlacementOptions {
  const { tp, dp, ep } = rolloutSizes(options);
  const { strategy, pp } = options;
  return rulesOf(options) === sglang
    ? { strategy, tp: tp * dp, ep, pp }
    : { strategy, tp, dp, ep, pp, own: { enable_expert_parallel: ep > 1 } };
}

function engineSetUp(setUp: SetUp): SetUp {
  const { strategy } = setUp.options;
  return { ...setUp, options: { ...engineOptions(setUp.options), strategy } };
}

/** GPUs of the run: as said, or as the trainer's nodes have them; absent: those of one replica. */
function worldOf(options: PlacementOptions): number | undefined {
  const [each, nodes] = [countOf(options, 'n_gpus_per_node', 0), countOf(options, 'nnodes', 0)];
  return options.world ?? (each > 0 || nodes > 0 ? Math.max(each, 1) * Math.max(nodes, 1) : undefined);
}

/** Sizes of the training side by verl's names; expert parallelism as in the rollout where none is named. */
export function trainingSizes(options: PlacementOptions): TrainingSizes {
  const named = (name: string, otherwise = 1) => countOf(options, `megatron.${name}`, otherwise);
  return {
    tp: named('tensor_model_parallel_size'),
    pp: named('pipeline_model_parallel_size'),
    cp: named('context_parallel_size'),
    ep: named('expert_model_parallel_size', degree(options, 'ep')),
    etp: named('expert_tensor_parallel_size'),
  };
}

/** verl's rollout: the engine's own rules, after verl's own checks. */
export const placement: PlacementRules = {
  version: 'b178a3c (2026-01-29), over the engine’s own rules',
  source:
    'verl-project/verl, verl/workers/config/rollout.py, verl/workers/rollout/vllm_rollout and sglang_rollout, verl/workers/megatron_workers.py',
  date: '2026-11-29',
  strategies: ['linear'],
  redundant: false,
  loading: 'everything',
  exchange: vllm.exchange,
  cuts: vllm.cuts,
  inputs: { tp: 'Tensor', dp: 'Data' },
  settings: {
    engine: { kind: 'word', words: { vllm: true, sglang: true }, title: 'actor_rollout_ref.rollout.name' },
    name: { kind: 'word', as: 'engine', words: { vllm: true, sglang: true }, title: 'actor_rollout_ref.rollout.name' },
    tensor_model_parallel_size: { kind: 'count', of: 'tp', title: 'Tensor-parallel size of the rollout' },
    data_parallel_size: { kind: 'count', of: 'dp', title: 'Data-parallel size of the rollout' },
    expert_parallel_size: { kind: 'count', of: 'ep', title: 'Expert-parallel size of the rollout' },
    pipeline_model_parallel_size: { kind: 'count', of: 'pp', title: 'Pipeline-parallel size of the rollout' },
    n_gpus_per_node: { kind: 'count', title: 'trainer.n_gpus_per_node' },
    nnodes: { kind: 'count', title: 'trainer.nnodes' },
    'megatron.tensor_model_parallel_size': { kind: 'count', title: 'Tensor-parallel size of training' },
    'megatron.pipeline_model_parallel_size': { kind: 'count', title: 'Pipeline-parallel size of training' },
    'megatron.context_parallel_size': { kind: 'count', title: 'Context-parallel size of training' },
    'megatron.expert_model_parallel_size': { kind: 'count', title: 'Expert-parallel size of training' },
    'megatron.expert_tensor_parallel_size': {
      kind: 'count',
      title: 'Tensor-parallel size inside experts, of training',
    },
  },
  inferred: ['tp'],
  sizes(options, facts): Sizes | PlacementError {
    const { tp, dp, ep } = rolloutSizes(options);
    if (ep > 1 && ep !== tp * dp)
      return {
        error: 'expert_parallel_size must be equal to tensor_model_parallel_size * data_parallel_size',
      };
    if (degree(options, 'pp') > 1)
      return {
        error: `Current rollout self.name='${engineName(options)}' not implemented pipeline_model_parallel_size > 1 yet.`,
      };
    const other = (['cp', 'etp'] as const).find((name) => degree(options, name) > 1);
    if (other) return { error: `verl’s rollout has no ${other}; leave it at 1.` };
    const world = worldOf(options);
    if (world !== undefined && world % (tp * dp) !== 0)
      return { error: `rollout world_size: ${world} is not divisible by infer_world_size: ${tp * dp}` };
    return rulesOf(options).sizes(engineOptions(options), facts);
  },
  mesh(sizes, options) {
    const engine = rulesOf(options).mesh(sizes, engineOptions(options));
    const world = worldOf(options) ?? engine.world;
    if (world === engine.world) return engine;
    const starts = Array.from({ length: world / engine.world }, (_, replica) => replica * engine.world);
    return meshInRuns(engine, world, starts);
  },
  limit: (setUp) => rulesOf(setUp.options).limit(engineSetUp(setUp)),
  settle(setUp) {
    const { strategy } = setUp.options;
    return rulesOf(setUp.options).settle?.(engineSetUp(setUp)) ?? { strategy, warnings: [] };
  },
  // SGLang refuses experts that do not divide, and deals the others as vLLM does.
  ...(vllm.linear ? { linear: vllm.linear } : {}),
  densePlan: vllm.densePlan,
  stages: (layers, pp, options) => rulesOf(options).stages(layers, pp, engineOptions(options)),
  warnings(setUp) {
    const { options, facts, mesh, sizes } = setUp;
    const ranks = placeRanks(mesh, vllm.cuts);
    const layers = facts.moeLayers.map((layer) => ({ ...layer, slots: vllm.linear?.(layer.experts, sizes.ep) ?? [] }));
    const replicas = mesh.runs?.starts.length ?? 1;
    return [
      ...(rulesOf(options).warnings?.(engineSetUp(setUp)) ?? []),
      ...(replicas > 1 ? [`${replicas} rollout replicas: each holds the whole model.`] : []),
      ...(rulesOf(options) === sglang && sizes.ep > 1
        ? ['SGLang supports an expert-parallel size below its tensor-parallel size, but verl does not.']
        : []),
      ...besideTraining(
        { ranks, layers, stages: [facts.layers], cuts: vllm.cuts },
        mesh.world,
        trainingSizes(options),
        facts,
      ),
      'verl gathers each whole weight from the training ranks and gives it to the engine, which keeps its own experts.',
    ];
  },
  loadingWarnings: () => [
    'By default, verl’s engines start with dummy weights (load_format) and get the real weights from the training ranks.',
  ],
};
