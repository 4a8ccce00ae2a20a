/** How experts lie in tensors; ids as in the architecture page's table. */
export type Family =
  | 'per-expert'
  | 'stacked'
  | 'gate-up'
  | 'gate-up-transposed'
  | 'gate-up-interleaved'
  | 'flat'
  | 'unknown';

/** One matrix of an expert. `gate-up` is both in one tensor. A non-gated expert has `up` and `down` alone. */
export type Projection = 'gate' | 'up' | 'down';
export type StoredProjection = Projection | 'gate-up';

/** How gate and up share a tensor: gate's half first, up's half first, or gate and up alternating. */
export type Fusion = 'none' | 'concatenated' | 'up-first' | 'interleaved';

/**
 * How a dialect writes a part of a projection after its stem.
 *
 * `dot`: `gate_proj.weight`, `gate_proj.bias`. `underscore`: the weight has no suffix, `gate_up_proj_bias`.
 * `suffix`: `w13_weight`.
 */
export type PartStyle = 'dot' | 'underscore' | 'suffix';

/** Names below the group's prefix, `{i}` where the expert's number stands. */
export type Stems = Readonly<Partial<Record<StoredProjection, string>>>;

/**
 * What tells that a layer is stored in a dialect, beside names that fit.
 *
 * `names`: nothing else is needed. `architecture`: its row must list the dialect, because the same names mean something
 * else elsewhere. `assumption`: nothing in the files tells it, so a reader has to say so.
 */
export type ToldBy = 'names' | 'architecture' | 'assumption';

/**
 * One dialect: how a family spells its tensor names.
 *
 * `orientation` and `fusion` are those of its stacked weights; `downOrientation` where the down projection lies otherwise.
 */
export interface DialectRow {
  readonly family: Exclude<Family, 'unknown'>;
  readonly dialect: string;
  readonly stems: Stems;
  /** Other spellings of the same stems, which are read and never written. */
  readonly also?: readonly Stems[];
  readonly style: PartStyle;
  readonly orientation: 'out-in' | 'in-out';
  readonly downOrientation?: 'out-in' | 'in-out';
  readonly fusion: Fusion;
  /** Absent: `names`. */
  readonly toldBy?: ToldBy;
  /** The last segment before the stems, where the dialect stands under that one alone. */
  readonly container?: string;
  /** The weights are MXFP4 `blocks` with `scales`. */
  readonly blocks?: true;
  /** With `blocks`: the layout that the numbers have once they are unpacked, inputs first. */
  readonly unpacked?: string;
  /** Who writes it: evidence in a message that offers several readings. */
  readonly by: string;
}

const BARE = { gate: 'gate_proj', up: 'up_proj', down: 'down_proj' } as const;
const STACKED = { gate: 'experts.gate_proj', up: 'experts.up_proj', down: 'experts.down_proj' } as const;
const FUSED = { 'gate-up': 'experts.gate_up_proj', down: 'experts.down_proj' } as const;
const LINEAR = { 'gate-up': 'input_linear', down: 'output_linear' } as const;
const ENGINE = { 'gate-up': 'experts.w13', down: 'experts.w2' } as const;
const WORDS = { gate: 'experts.{i}.gate', up: 'experts.{i}.up', down: 'experts.{i}.down' } as const;

/** Matrices with outputs as rows, gate and up apart. */
const SPLIT = { orientation: 'out-in', fusion: 'none' } as const;
/** Gate's rows, then up's. */
const JOINED = { orientation: 'out-in', fusion: 'concatenated' } as const;
/** Gate's columns, then up's. */
const TURNED = { orientation: 'in-out', fusion: 'concatenated' } as const;

/**
 * Every known dialect, one row each. Patterns of names, targets and messages are derived from here.
 *
 * Experts apart are also read with the number last (`experts.gate_proj.3.weight`), and matrices stacked in one tensor also
 * with a `flat` row of their own where all experts' rows stand in one matrix.
 */
export const DIALECT_ROWS = [
  {
    family: 'per-expert',
    dialect: 'projections',
    stems: { gate: 'experts.{i}.gate_proj', up: 'experts.{i}.up_proj', down: 'experts.{i}.down_proj' },
    style: 'dot',
    ...SPLIT,
    by: 'most checkpoints on the Hub',
  },
  {
    family: 'per-expert',
    dialect: 'w123',
    stems: { gate: 'experts.{i}.w1', up: 'experts.{i}.w3', down: 'experts.{i}.w2' },
    style: 'dot',
    ...SPLIT,
    by: 'Mixtral and what follows it',
  },
  {
    family: 'per-expert',
    dialect: 'joint',
    stems: { 'gate-up': 'experts.{i}.gate_up_proj', down: 'experts.{i}.down_proj' },
    also: [{ 'gate-up': 'experts.gate_up_projs.{i}', down: 'experts.down_projs.{i}' }],
    style: 'dot',
    ...JOINED,
    by: 'mbridge and unsloth',
  },
  {
    family: 'per-expert',
    dialect: 'joint-up-first',
    stems: { 'gate-up': 'experts.{i}.gate_and_up_proj', down: 'experts.{i}.down_proj' },
    style: 'dot',
    orientation: 'out-in',
    fusion: 'up-first',
    by: 'the first HunYuan models (vLLM and mlx-lm split them as up, gate)',
  },
  { family: 'per-expert', dialect: 'words', stems: WORDS, style: 'dot', ...SPLIT, by: 'SmallThinker' },
  {
    family: 'per-expert',
    dialect: 'weight-words',
    stems: { gate: 'experts.weight_gate.{i}', up: 'experts.weight_up.{i}', down: 'experts.weight_down.{i}' },
    style: 'underscore',
    ...SPLIT,
    by: 'LLaMA-MoE',
  },
  {
    family: 'per-expert',
    dialect: 'linear',
    stems: { gate: 'moe.{i}.linear', up: 'moe.{i}.linear_v', down: 'moe.{i}.linear_1' },
    style: 'dot',
    ...SPLIT,
    by: 'Grok-1',
  },
  {
    family: 'per-expert',
    dialect: 'moe-mlp',
    stems: { up: 'moe.mlp.{i}.fc1', down: 'moe.mlp.{i}.fc2' },
    style: 'dot',
    ...SPLIT,
    by: 'Phixtral',
  },
  {
    family: 'per-expert',
    dialect: 'expert-wi-wo',
    stems: { up: 'experts.expert_{i}.wi', down: 'experts.expert_{i}.wo' },
    style: 'dot',
    ...SPLIT,
    by: 'Switch Transformers',
  },
  {
    family: 'per-expert',
    dialect: 'expert-fc12',
    stems: { up: 'experts.expert_{i}.fc1', down: 'experts.expert_{i}.fc2' },
    style: 'dot',
    ...SPLIT,
    by: 'NLLB-MoE',
  },
  {
    family: 'stacked',
    dialect: 'plain',
    stems: STACKED,
    style: 'underscore',
    ...SPLIT,
    by: 'VeOmni, and forks of transformers 4',
  },
  { family: 'stacked', dialect: 'weight', stems: STACKED, style: 'dot', ...SPLIT, by: 'MLX for some models' },
  { family: 'stacked', dialect: 'bare', stems: BARE, style: 'dot', ...SPLIT, by: 'transformers-qwen3-moe-fused' },
  {
    family: 'stacked',
    dialect: 'switch-mlp',
    stems: { gate: 'switch_mlp.gate_proj', up: 'switch_mlp.up_proj', down: 'switch_mlp.down_proj' },
    also: [{ up: 'switch_mlp.fc1', down: 'switch_mlp.fc2' }],
    style: 'dot',
    ...SPLIT,
    by: 'mlx-lm',
  },
  { family: 'stacked', dialect: 'moe', stems: BARE, style: 'dot', ...SPLIT, container: 'moe', by: 'Step' },
  {
    family: 'stacked',
    dialect: 'w123',
    stems: { gate: 'experts.w1', up: 'experts.w3', down: 'experts.w2' },
    style: 'underscore',
    ...SPLIT,
    by: 'the trainer prime-rl',
  },
  { family: 'gate-up', dialect: 'plain', stems: FUSED, style: 'underscore', ...JOINED, by: 'transformers 5' },
  { family: 'gate-up', dialect: 'weight', stems: FUSED, style: 'dot', ...JOINED, by: 'converters of other layouts' },
  {
    family: 'gate-up',
    dialect: 'input-output-linear',
    stems: LINEAR,
    style: 'dot',
    ...JOINED,
    by: 'Granite and JetMoE',
  },
  {
    family: 'gate-up',
    dialect: 'mxfp4',
    stems: FUSED,
    style: 'underscore',
    ...JOINED,
    toldBy: 'assumption',
    blocks: true,
    unpacked: 'gate-up-transposed/plain',
    by: 'a quantiser that keeps gate’s rows before up’s',
  },
  {
    family: 'gate-up',
    dialect: 'w13',
    stems: ENGINE,
    style: 'suffix',
    ...JOINED,
    toldBy: 'assumption',
    by: 'vLLM and SGLang as they load a model, gate’s rows first',
  },
  {
    family: 'gate-up',
    dialect: 'w31',
    stems: ENGINE,
    style: 'suffix',
    orientation: 'out-in',
    fusion: 'up-first',
    toldBy: 'assumption',
    by: 'vLLM after it arranged the weights for FlashInfer (swap_w13_to_w31), up’s rows first',
  },
  { family: 'gate-up-transposed', dialect: 'plain', stems: FUSED, style: 'underscore', ...TURNED, by: 'Llama 4' },
  {
    family: 'gate-up-transposed',
    dialect: 'weight',
    stems: FUSED,
    style: 'dot',
    ...TURNED,
    by: 'converters of other layouts',
  },
  {
    family: 'gate-up-transposed',
    dialect: 'fc12',
    stems: { 'gate-up': 'experts.fc1', down: 'experts.fc2' },
    style: 'dot',
    ...TURNED,
    toldBy: 'architecture',
    by: 'Aria',
  },
  {
    family: 'gate-up-interleaved',
    dialect: 'gpt-oss',
    stems: FUSED,
    style: 'underscore',
    orientation: 'in-out',
    fusion: 'interleaved',
    toldBy: 'architecture',
    by: 'gpt-oss',
  },
  {
    family: 'gate-up-interleaved',
    dialect: 'gpt-oss-mxfp4',
    stems: FUSED,
    style: 'underscore',
    orientation: 'out-in',
    fusion: 'interleaved',
    toldBy: 'architecture',
    blocks: true,
    unpacked: 'gate-up-interleaved/gpt-oss',
    by: 'gpt-oss',
  },
  {
    family: 'gate-up-interleaved',
    dialect: 'inkling',
    stems: ENGINE,
    style: 'suffix',
    orientation: 'out-in',
    fusion: 'interleaved',
    toldBy: 'architecture',
    by: 'Inkling',
  },
  {
    family: 'flat',
    dialect: 'dbrx',
    stems: { gate: 'experts.mlp.w1', up: 'experts.mlp.v1', down: 'experts.mlp.w2' },
    style: 'underscore',
    orientation: 'out-in',
    downOrientation: 'in-out',
    fusion: 'none',
    by: 'MegaBlocks and DBRX',
  },
  {
    family: 'flat',
    dialect: 'plain',
    stems: STACKED,
    style: 'underscore',
    ...SPLIT,
    by: 'quantisers that flatten stacks',
  },
  { family: 'flat', dialect: 'weight', stems: STACKED, style: 'dot', ...SPLIT, by: 'quantisers that flatten stacks' },
  { family: 'flat', dialect: 'bare', stems: BARE, style: 'dot', ...SPLIT, by: 'quantisers that flatten stacks' },
  {
    family: 'flat',
    dialect: 'w123',
    stems: { gate: 'experts.w1', up: 'experts.w3', down: 'experts.w2' },
    style: 'underscore',
    ...SPLIT,
    by: 'quantisers that flatten stacks',
  },
  {
    family: 'flat',
    dialect: 'gate-up',
    stems: FUSED,
    style: 'underscore',
    ...JOINED,
    by: 'quantisers that flatten stacks',
  },
  {
    family: 'flat',
    dialect: 'gate-up-weight',
    stems: FUSED,
    style: 'dot',
    ...JOINED,
    by: 'quantisers that flatten stacks',
  },
  {
    family: 'flat',
    dialect: 'input-output-linear',
    stems: LINEAR,
    style: 'dot',
    ...JOINED,
    by: 'llm-compressor before 0.12 (vllm-project/llm-compressor#3093)',
  },
] as const satisfies readonly DialectRow[];

/** How a family spells its tensor names. */
export type Dialect = (typeof DIALECT_ROWS)[number]['dialect'];
