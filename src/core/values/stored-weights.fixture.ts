import { safetensorsBytes } from '../testing.fixture.ts';

/** How made-up experts are stored, and how much of trained weights they have. */
export interface Stored {
  readonly experts?: number;
  readonly intermediate?: number;
  readonly hidden?: number;
  /** `w13`: as engines name them; `fused`: `gate_up_proj` and `down_proj`. */
  readonly names: 'w13' | 'fused';
  readonly fusion: 'concatenated' | 'up-first' | 'interleaved';
  readonly gateUp?: 'out-in' | 'in-out';
  readonly down?: 'out-in' | 'in-out';
  /** Standard deviation of a channel's own scale, in logarithms; 0 for weights as they are before training. */
  readonly trained: number;
  readonly biases?: boolean;
  readonly seed?: number;
  readonly config?: Readonly<Record<string, unknown>>;
}

/** Standard normal numbers. */
export function createNormal(seed: number): () => number {
  let state = seed >>> 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform());
}

/**
 * Files of a checkpoint of three layers with one matrix of gate and up. Each channel of an expert has a scale of its own,
 * which its gate row, its up row and its down column share in part; nothing else is like trained weights.
 */
export function storedWeights(stored: Stored): Record<string, string | Uint8Array> {
  const { experts = 4, intermediate = 128, hidden = 96, names, trained, seed = 1 } = stored;
  const { fusion, gateUp = 'out-in', down = 'out-in', biases = false, config } = stored;
  const normal = createNormal(seed);
  const joint = new Float32Array(experts * 2 * intermediate * hidden);
  const single = new Float32Array(experts * intermediate * hidden);
  const row = (half: number, channel: number) => {
    if (fusion === 'interleaved') return 2 * channel + half;
    return (fusion === 'up-first' ? 1 - half : half) * intermediate + channel;
  };
  for (let expert = 0; expert < experts; expert++) {
    for (let channel = 0; channel < intermediate; channel++) {
      const own = normal();
      const scale = () => 0.02 * Math.exp(trained * (0.8 * own + 0.6 * normal()));
      for (const half of [0, 1]) {
        const [size, at] = [scale(), row(half, channel)];
        for (let h = 0; h < hidden; h++) {
          const place = gateUp === 'out-in' ? at * hidden + h : h * 2 * intermediate + at;
          joint[expert * 2 * intermediate * hidden + place] = size * normal();
        }
      }
      const size = scale();
      for (let h = 0; h < hidden; h++) {
        const place = down === 'out-in' ? h * intermediate + channel : channel * hidden + h;
        single[expert * intermediate * hidden + place] = size * normal();
      }
    }
  }
  const [first, second] =
    names === 'w13' ? ['experts.w13_weight', 'experts.w2_weight'] : ['experts.gate_up_proj', 'experts.down_proj'];
  const tensors = [0, 1, 2].flatMap((layer) => {
    const at = `model.layers.${layer}.mlp`;
    const f32 = (name: string, shape: number[], bytes: Float32Array) => ({
      name: `${at}.${name}`,
      dtype: 'F32' as const,
      shape,
      bytes: new Uint8Array(bytes.buffer),
    });
    return [
      f32('gate.weight', [experts, hidden], new Float32Array(experts * hidden)),
      f32(first ?? '', [experts, ...turn(gateUp, 2 * intermediate, hidden)], joint),
      f32(second ?? '', [experts, ...turn(down, hidden, intermediate)], single),
      ...(biases
        ? [
            f32(`${first}_bias`, [experts, 2 * intermediate], new Float32Array(experts * 2 * intermediate)),
            f32(`${second}_bias`, [experts, hidden], new Float32Array(experts * hidden)),
          ]
        : []),
    ];
  });
  const sizes = {
    num_experts: experts,
    hidden_size: hidden,
    moe_intermediate_size: intermediate,
    num_hidden_layers: 3,
  };
  return {
    'model.safetensors': safetensorsBytes(tensors),
    'config.json': JSON.stringify({ ...sizes, num_experts_per_tok: 2, ...config }),
  };
}

function turn(way: 'out-in' | 'in-out', rows: number, columns: number): number[] {
  return way === 'out-in' ? [rows, columns] : [columns, rows];
}
