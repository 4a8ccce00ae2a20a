import type { Architecture } from '../architecture-row.ts';
import { layout, row, SEEN } from './row.ts';

/** Encoder–decoders, whose two halves each have their layers. */
export const ENCODER_DECODER_TYPES: readonly Architecture[] = [
  row('switch_transformers', {
    experts: ['num_experts'],
    perToken: 1,
    intermediate: ['d_ff'],
    gated: false,
    disk: [layout('per-expert', 'expert-wi-wo')],
    memory: layout('per-expert', 'expert-wi-wo'),
    layers: [{ kind: 'halves', encoder: 'encoder_sparse_step', decoder: 'decoder_sparse_step', at: 'second' }],
    ...SEEN,
  }),
  row('nllb-moe', {
    experts: ['num_experts'],
    perToken: 2,
    intermediate: ['encoder_ffn_dim', 'decoder_ffn_dim'],
    container: 'ffn',
    gated: false,
    disk: [layout('per-expert', 'expert-fc12')],
    memory: layout('per-expert', 'expert-fc12'),
    layers: [{ kind: 'halves', encoder: 'encoder_sparse_step', decoder: 'decoder_sparse_step', at: 'last' }],
    ...SEEN,
  }),
];
