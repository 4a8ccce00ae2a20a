import type { Block, Traits } from './blocks.ts';
import type { Part } from './shape.ts';

/** The sizes of a decoder as a config names them. */
export interface DecoderSizes {
  readonly layers: number;
  readonly sparseLayers: readonly number[];
  readonly moeLayers: number;
  readonly experts: number;
  readonly hidden: number;
  readonly intermediate: number;
  readonly sharedIntermediate: number;
  readonly denseIntermediate: number;
  readonly vocabulary: number;
  readonly tied: boolean;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  /** Multi-head latent attention, null for the usual kind. */
  readonly latent: {
    readonly queryRank: number | null;
    readonly rank: number;
    readonly rope: number;
    readonly nope: number;
    readonly value: number;
  } | null;
  /** Layers of multi-token prediction. */
  readonly predictionLayers: number;
}

/** Every tensor of the main model, as blocks of equal shape. */
export function decoderBlocks(sizes: DecoderSizes, traits: Traits): Block[] {
  const { layers, moeLayers, hidden, vocabulary, tied } = sizes;
  return [
    block('embed_tokens', 'embedding', vocabulary, hidden, 1),
    ...(tied ? [] : [block('lm_head', 'head', vocabulary, hidden, 1)]),
    ...attentionBlocks(sizes, traits, layers),
    ...moeBlocks(sizes, traits, moeLayers),
    ...mlpBlocks('mlp', 'mlp', hidden, sizes.denseIntermediate, layers - moeLayers),
    block('layernorm', 'norm', hidden, 0, layers * traits.layerNorms),
    block('final_norm', 'norm', hidden, 0, 1),
  ];
}

/** What multi-token prediction adds on the Hub: whole layers, their projections and norms; copies of embedding and head apart. */
export function predictionBlocks(sizes: DecoderSizes, traits: Traits): { layers: Block[]; copies: Block[] } {
  const { predictionLayers: count, hidden, vocabulary } = sizes;
  if (count === 0) return { layers: [], copies: [] };
  const layers = [
    ...attentionBlocks(sizes, traits, count),
    ...moeBlocks(sizes, traits, count),
    block('layernorm', 'norm', hidden, 0, count * traits.layerNorms),
    block('eh_proj', 'prediction', hidden, 2 * hidden, count),
    // enorm, hnorm and the norm before the shared head.
    block('prediction_norm', 'norm', hidden, 0, 3 * count),
  ];
  const copies = ['embed_tokens', 'shared_head.head'].map((name) =>
    block(name, 'prediction', vocabulary, hidden, count),
  );
  return { layers, copies };
}

function block(name: string, part: Part, rows: number, columns: number, copies: number): Block {
  return { name, part, rows, columns, copies };
}

function attentionBlocks(sizes: DecoderSizes, traits: Traits, layers: number): Block[] {
  const { hidden, heads, kvHeads, headDim, latent } = sizes;
  const part = 'attention';
  if (latent) return latentBlocks(sizes, layers);
  const [queries, keys] = [heads * headDim, kvHeads * headDim];
  const out = [
    block('q_proj', part, queries, hidden, layers),
    block('k_proj', part, keys, hidden, layers),
    block('v_proj', part, keys, hidden, layers),
    block('o_proj', part, hidden, queries, layers),
  ];
  if (traits.qkvBias) out.push(block('qkv_bias', part, queries + 2 * keys, 0, layers));
  if (traits.outputBias) out.push(block('o_bias', part, hidden, 0, layers));
  if (traits.sinks) out.push(block('sinks', part, heads, 0, layers));
  if (traits.headNorm !== 'none') {
    const width = traits.headNorm === 'head' ? 2 * headDim : queries + keys;
    out.push(block('qk_norm', 'norm', width, 0, layers));
  }
  return out;
}

function latentBlocks({ hidden, heads, latent }: DecoderSizes, layers: number): Block[] {
  if (!latent) return [];
  const { queryRank, rank, rope, nope, value } = latent;
  const part = 'attention';
  const queries = heads * (nope + rope);
  const down =
    queryRank === null
      ? [block('q_proj', part, queries, hidden, layers)]
      : [
          block('q_a_proj', part, queryRank, hidden, layers),
          block('q_a_layernorm', 'norm', queryRank, 0, layers),
          block('q_b_proj', part, queries, queryRank, layers),
        ];
  return [
    ...down,
    block('kv_a_proj_with_mqa', part, rank + rope, hidden, layers),
    block('kv_a_layernorm', 'norm', rank, 0, layers),
    block('kv_b_proj', part, heads * (nope + value), rank, layers),
    block('o_proj', part, hidden, heads * value, layers),
  ];
}

function moeBlocks(sizes: DecoderSizes, traits: Traits, layers: number): Block[] {
  const { experts, hidden, intermediate, sharedIntermediate } = sizes;
  if (layers === 0 || experts === 0) return [];
  const out = [
    ...mlpBlocks('experts', 'routed', hidden, intermediate, layers * experts),
    block('router', 'router', experts, hidden, layers),
    ...mlpBlocks('shared_experts', 'shared', hidden, sharedIntermediate, sharedIntermediate > 0 ? layers : 0),
  ];
  if (traits.expertBias) out.push(block('experts_bias', 'routed', 2 * intermediate + hidden, 0, layers * experts));
  if (traits.routerBias || traits.correctionBias) out.push(block('router_bias', 'router', experts, 0, layers));
  if (traits.sharedGate) out.push(block('shared_expert_gate', 'shared', 1, hidden, layers));
  return out;
}

function mlpBlocks(name: string, part: Part, hidden: number, intermediate: number, copies: number): Block[] {
  if (copies === 0) return [];
  return [
    block(`${name}.gate_proj`, part, intermediate, hidden, copies),
    block(`${name}.up_proj`, part, intermediate, hidden, copies),
    block(`${name}.down_proj`, part, hidden, intermediate, copies),
  ];
}
