/** Bytes per parameter, by what they hold. */
export interface Regime {
  /** Their sum: what `--optimizer-bytes` names. */
  readonly bytes: number;
  readonly weights: number;
  readonly gradients: number;
  readonly optimizer: number;
  readonly title: string;
  /** Who trains like this. */
  readonly who: string;
}

/** The ways to hold weights, gradients and Adam's two moments that are in use. */
export const REGIMES: readonly Regime[] = [
  {
    bytes: 6,
    weights: 2,
    gradients: 2,
    optimizer: 2,
    title: 'bf16 with 8-bit Adam',
    who: 'bitsandbytes adamw_bnb_8bit, torchao AdamW8bit',
  },
  {
    bytes: 8,
    weights: 2,
    gradients: 2,
    optimizer: 4,
    title: 'pure bf16',
    who: 'AdamW on a model that was loaded in bf16 and stays in bf16: transformers’ Trainer without mixed precision, TRL’s expert-parallel examples',
  },
  {
    bytes: 10,
    weights: 2,
    gradients: 0,
    optimizer: 8,
    title: 'bf16 weights, fp32 moments, no gradients counted',
    who: 'the model card’s 2.3 TB: what stays in memory between steps',
  },
  {
    bytes: 12,
    weights: 2,
    gradients: 2,
    optimizer: 8,
    title: 'bf16 weights and gradients, fp32 moments',
    who: 'AdamW with fp32 states on bf16 weights, with gradients',
  },
  {
    bytes: 16,
    weights: 4,
    gradients: 4,
    optimizer: 8,
    title: 'fp32 weights, gradients and moments, bf16 copies for computing',
    who: 'accelerate’s FSDP2 with mixed precision (it converts every trained parameter to fp32) and torchtitan; ZeRO needs as much: 2 + 2 + 12',
  },
  {
    bytes: 18,
    weights: 2,
    gradients: 4,
    optimizer: 12,
    title: 'bf16 weights, fp32 gradients, fp32 master and moments',
    who: 'Megatron-Core; with its distributed optimizer 6 + 12/DP',
  },
];

/** ZeRO: bf16 weights and gradients, fp32 master and moments. */
export const ZERO_REGIME: Regime = {
  bytes: 16,
  weights: 2,
  gradients: 2,
  optimizer: 12,
  title: 'bf16 weights and gradients, fp32 master and moments',
  who: 'DeepSpeed ZeRO',
};

/** Bytes per parameter that a program trains with. */
export interface UsualRegime {
  readonly regime: Regime;
  /** The lowest bytes per parameter that are usual. */
  readonly least: number;
  /** The assumption that is printed where the bytes were not given. */
  readonly said: string;
}

export function regimeOf(bytes: number): Regime | undefined {
  return REGIMES.find((regime) => regime.bytes === bytes);
}

/** The default of a program; `least` is given where fewer bytes are usual too. */
export function usualRegime(bytes: number, why: string, least = bytes): UsualRegime {
  const said = `${least === bytes ? bytes : `${least} to ${bytes}`} bytes per parameter: ${why}`;
  return { regime: regimeOf(bytes) ?? ZERO_REGIME, least, said };
}
