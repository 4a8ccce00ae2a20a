import { timesToDivide } from '../frameworks/deal.ts';
import { planPlacement } from '../placement.ts';
import type { FrameworkId, ModelFacts, PlacementError } from '../types.ts';
import type { ModelShape } from './shape.ts';

/** Programs whose memory is modelled; those of the rank preview, and two that place no experts of their own. */
export const MEMORY_FRAMEWORKS = [
  'fsdp2',
  'transformers-5',
  'transformers-4.57',
  'torchtitan',
  'megatron-core',
  'deepspeed',
  'deepspeed-moe',
  'vllm',
  'sglang',
] as const;
export type MemoryFramework = (typeof MEMORY_FRAMEWORKS)[number];

/** How a framework is called, with what of it is modelled. */
export const MEMORY_TITLES: Readonly<Record<MemoryFramework, string>> = {
  fsdp2: 'FSDP2 (accelerate, TRL), experts folded',
  'transformers-5': 'transformers 5 (DistributedConfig)',
  'transformers-4.57': 'transformers 4.57 (the fork), FSDP2',
  torchtitan: 'torchtitan',
  'megatron-core': 'Megatron-Core, distributed optimizer',
  deepspeed: 'DeepSpeed ZeRO',
  'deepspeed-moe': 'DeepSpeed-MoE, ZeRO-2',
  vllm: 'vLLM (serving)',
  sglang: 'SGLang (serving)',
};

export function isMemoryFramework(text: string): text is MemoryFramework {
  return (MEMORY_FRAMEWORKS as readonly string[]).includes(text);
}

export const OFFLOADS = ['none', 'optimizer', 'all'] as const;
export type Offload = (typeof OFFLOADS)[number];

export function isOffload(text: string): text is Offload {
  return (OFFLOADS as readonly string[]).includes(text);
}

/** What a run is asked for; what is absent is chosen and said aloud. */
export interface MemorySetup {
  readonly framework?: MemoryFramework | undefined;
  readonly gpus?: number | undefined;
  readonly dp?: number | undefined;
  readonly cp?: number | undefined;
  readonly tp?: number | undefined;
  readonly pp?: number | undefined;
  readonly ep?: number | undefined;
  readonly etp?: number | undefined;
  /** Tokens of a sequence. */
  readonly context?: number | undefined;
  /** Sequences of a micro batch; sequences served at once where a model is served. */
  readonly batch?: number | undefined;
  readonly optimizerBytes?: number | undefined;
  /** What is no routed expert: cut over every rank, or held whole by each expert-parallel rank. */
  readonly dense?: 'sharded' | 'replicated' | undefined;
  readonly zero?: 0 | 1 | 2 | 3 | undefined;
  readonly offload?: Offload | undefined;
  readonly checkpointing?: boolean | undefined;
  readonly chunkedLoss?: boolean | undefined;
  /** Tokens of the hottest expert-parallel rank over the mean. */
  readonly imbalance?: number | undefined;
  /** Memory of a GPU that programs can use, in GiB. */
  readonly capacityGib?: number | undefined;
}

/** Sizes of every parallel group; they come out at `gpus`. */
export interface MemoryMesh {
  readonly gpus: number;
  readonly dp: number;
  readonly cp: number;
  readonly tp: number;
  readonly pp: number;
  readonly ep: number;
  readonly etp: number;
  /** Ranks that share the same experts. */
  readonly edp: number;
  /** Decoder layers of each pipeline stage. */
  readonly stages: readonly number[];
}

export function isServing(framework: MemoryFramework): boolean {
  return framework === 'vllm' || framework === 'sglang';
}

/** What placement rules ask of a model, from its shape. */
export function factsOf(shape: ModelShape): ModelFacts {
  const first = shape.layers - shape.moeLayers;
  return {
    modelType: shape.modelType,
    className: shape.className,
    moeLayers: Array.from({ length: shape.moeLayers }, (_, at) => ({
      prefix: `model.layers.${first + at}.mlp`,
      index: first + at,
      experts: shape.experts,
    })),
    layers: shape.layers,
    heads: shape.heads,
    kvHeads: shape.kvHeads,
    headDim: shape.headDim,
    hidden: shape.hidden,
    intermediate: shape.intermediate,
    topK: shape.topK,
    expertGroups: shape.expertGroups,
  };
}

/** The mesh of a set-up, or why there is none: the framework's own message where it has one. */
export function meshOfSetup(setup: MemorySetup, shape: ModelShape): MemoryMesh | PlacementError {
  const framework = setup.framework ?? 'fsdp2';
  for (const name of ['gpus', 'dp', 'cp', 'tp', 'pp', 'ep', 'etp', 'context', 'batch'] as const) {
    const value = setup[name];
    if (value !== undefined && !(Number.isSafeInteger(value) && value >= 1))
      return { error: `${name} is a whole number from 1, not ${value}.` };
  }
  if ((setup.ep ?? 1) > 1 && shape.experts === 0) return { error: 'This model has no routed experts: ep is 1.' };
  const sizes = sizesOf(framework, setup);
  const wrong = faultOf(framework, sizes, setup, shape);
  return wrong === null ? { ...sizes, stages: stagesOf(framework, sizes, shape) } : { error: wrong };
}

type Sizes = Omit<MemoryMesh, 'stages'>;

/** Which axes a framework multiplies to its world; expert parallelism is one of them, or folded into them. */
function sizesOf(framework: MemoryFramework, setup: MemorySetup): Sizes {
  const { cp = 1, tp = 1, pp = 1, ep = 1, etp = 1 } = setup;
  switch (framework) {
    case 'transformers-5': {
      const dp = setup.dp ?? rest(setup.gpus ?? ep * pp, ep * pp);
      return { gpus: dp * ep * pp, dp, cp, tp, pp, ep, etp: 1, edp: dp };
    }
    case 'sglang': {
      const ranks = setup.tp ?? rest(setup.gpus ?? ep * pp, pp);
      return { gpus: ranks * pp, dp: setup.dp ?? 1, cp, tp: ranks, pp, ep, etp: ranks / ep, edp: 1 };
    }
    case 'vllm': {
      const dp = setup.dp ?? rest(setup.gpus ?? ep * pp, cp * tp * pp);
      const together = dp * cp * tp;
      const on = ep > 1;
      return { gpus: together * pp, dp, cp, tp, pp, ep: on ? ep : 1, etp: on ? 1 : tp, edp: on ? 1 : dp };
    }
    default: {
      const least = cp * tp * pp * timesToDivide(cp * tp, ep * etp);
      const dp = setup.dp ?? rest(setup.gpus ?? least, cp * tp * pp);
      const gpus = dp * cp * tp * pp;
      return { gpus, dp, cp, tp, pp, ep, etp, edp: gpus / (ep * etp * pp) };
    }
  }
}

function rest(product: number, known: number): number {
  return Math.max(Math.floor(product / known), 1);
}

function faultOf(framework: MemoryFramework, sizes: Sizes, setup: MemorySetup, shape: ModelShape): string | null {
  const { gpus, dp, cp, tp, pp, ep, etp } = sizes;
  if (setup.gpus !== undefined && setup.gpus !== gpus) return `${product(framework, sizes)} is not ${setup.gpus} GPUs.`;
  const foreign = foreignAxis(framework, sizes);
  if (foreign !== null) return foreign;
  if (shape.layers < pp) return `${shape.layers} layers do not fill ${pp} pipeline stages.`;
  const id = placementId(framework);
  if (id !== null && shape.experts > 0 && (ep > 1 || !isServing(framework))) {
    const degrees = framework === 'transformers-5' ? { ep, dp, pp } : { ep, tp, pp, cp, dp, etp };
    const dense = framework === 'vllm' || framework === 'sglang' ? { ...degrees, etp: undefined } : degrees;
    const sglang = framework === 'sglang' ? { ...dense, dp: undefined } : dense;
    const placement = planPlacement({ framework: id, ...sglang }, factsOf(shape));
    if ('error' in placement) return placement.error;
  }
  if (framework === 'fsdp2' || framework === 'transformers-4.57') return foldedFault(sizes, shape);
  if (shape.heads % tp !== 0) return `${shape.heads} attention heads do not divide by tp ${tp}.`;
  return null;
}

function product(framework: MemoryFramework, { dp, cp, tp, pp, ep }: Sizes): string {
  if (framework === 'transformers-5') return `pp_size × fsdp_size × tp_size (the experts’) = ${pp} × ${dp} × ${ep}`;
  if (framework === 'sglang') return `tp × pp = ${tp} × ${pp}`;
  return `dp × cp × tp × pp = ${dp} × ${cp} × ${tp} × ${pp}`;
}

/** Axes that a framework does not have. */
function foreignAxis(framework: MemoryFramework, { cp, tp, pp }: Sizes): string | null {
  const none: Readonly<Partial<Record<MemoryFramework, readonly ('cp' | 'tp' | 'pp')[]>>> = {
    fsdp2: ['pp'],
    'transformers-4.57': ['pp'],
    'transformers-5': ['cp', 'tp'],
    deepspeed: ['pp', 'tp'],
    'deepspeed-moe': ['cp', 'tp', 'pp'],
    sglang: ['cp'],
  };
  const name = none[framework]?.find((axis) => ({ cp, tp, pp })[axis] > 1);
  if (name === undefined) return null;
  const why = framework === 'transformers-5' && name === 'tp' ? ' (its tp axis is the experts’: use ep)' : '';
  return `${MEMORY_TITLES[framework]} has no ${name} beside the others here${why}.`;
}

/** Expert parallelism folded over every rank, as the card's fork does it over FSDP2's mesh. */
function foldedFault({ gpus, ep, tp }: Sizes, shape: ModelShape): string | null {
  if (ep > 1 && shape.experts % ep !== 0)
    return `Global number of experts must be divisible by number of devices: ${shape.experts} % ${ep} != 0`;
  if (gpus % ep !== 0) return `ep ${ep} does not divide ${gpus} GPUs.`;
  if (shape.heads % tp !== 0) return `${shape.heads} attention heads do not divide by tp ${tp}.`;
  return null;
}

function placementId(framework: MemoryFramework): FrameworkId | null {
  switch (framework) {
    case 'fsdp2':
    case 'transformers-4.57':
    case 'deepspeed':
      return null;
    default:
      return framework;
  }
}

function stagesOf(framework: MemoryFramework, { pp }: Sizes, shape: ModelShape): readonly number[] {
  const each = Math.floor(shape.layers / pp);
  const more = shape.layers % pp;
  if (framework === 'megatron-core' && more > 0 && (shape.layers + 2) % pp === 0) {
    // Embedding and loss count as a layer each.
    const full = (shape.layers + 2) / pp;
    return Array.from({ length: pp }, (_, at) => (at === 0 || at === pp - 1 ? full - 1 : full));
  }
  return Array.from({ length: pp }, (_, at) => each + (at < more ? 1 : 0));
}
