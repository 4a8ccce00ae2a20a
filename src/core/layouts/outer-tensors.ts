import type { Architecture } from './architecture-row.ts';
import { type Config, expertConfig, readKey } from './config-keys.ts';

/** Words for the input embedding, among the last two segments before `weight`. */
const EMBEDDING =
  /(^|\.)(embed_tokens|tok_embeddings|word_embeddings|wte|embed|embeddings|embed_in|shared|codec_embedding|token_embd)(\.weight|\.\w*weight\w*)?$/;
/** Words for the norm after the last layer. */
const FINAL_NORM =
  /(^|\.)(norm|norm_f|ln_f|final_norm|final_layernorm|final_layer_norm|layer_norm|embedding_norm|lm_head\.ln)\.(weight|scale)$/;
const HEAD = /(^|\.)(lm_head|output|head|unembed|embed_out|output_layer|codec_head)\.([\w.]*\.)?\w*weight\w*$/;
/** Parts of a model that see, hear or speak. */
const SENSES =
  /(^|\.)(visual|vision\w*|vit\w*|image\w*|audio\w*|speech\w*|sam_model|mm_projector|multi_modal_projector|projector|code2wav|token2wav)(\.|$)/;
const MTP = /(^|\.)mtp\w*(\.|$)/;
/** Classes with an output head. */
const WITH_HEAD = /(ForCausalLM|ForConditionalGeneration|LMHeadModel)$/;

/**
 * Model types of which the class decides whether the head is the embedding where no config does. Source: the configs that
 * transformers 5.17 writes for a class of each, fixtures/architectures.
 */
const TIED: ReadonlySet<string> = new Set(
  'kimi_k25 ernie4_5_moe ernie4_5_vl_moe jetmoe cohere2_moe gemma4 gemma4_text diffusion_gemma diffusion_gemma_text switch_transformers nllb-moe youtu'.split(
    ' ',
  ),
);

/** True for a name, or the stack of a name's layer, of a vision, audio or speech part. */
export function isOfSenses(name: string): boolean {
  return SENSES.test(name);
}

/** What a tensor outside the layers is by its name, where that says so. */
export function outerKind(name: string): 'norm' | 'embedding' | 'head' | null {
  if (FINAL_NORM.test(name)) return 'norm';
  if (EMBEDDING.test(name)) return 'embedding';
  return HEAD.test(name) ? 'head' : null;
}

/** What the language model's tensors and stacks are not. */
function isBeside(name: string): boolean {
  return SENSES.test(name) || MTP.test(name);
}

/** What stands outside the layers of a model and is not here, in words. */
export function missingOutside(
  outside: readonly string[],
  roots: readonly string[],
  config: Config,
  row: Architecture,
): string[] {
  const own = outside.filter((name) => !isBeside(name));
  const language = roots.filter((root) => !isBeside(root));
  const root = language[0] ?? 'model.';
  return [
    ...(own.some((name) => EMBEDDING.test(name))
      ? []
      : [`the input embedding (\`${root}embed_tokens.weight\` or a similar name)`]),
    ...language
      .filter((each) => !own.some((name) => FINAL_NORM.test(name) && isUnder(name, each)))
      .map((each) => `the norm after the last layer (\`${each}norm.weight\` or a similar name)`),
    ...(needsHead(config, row) && !own.some((name) => HEAD.test(name)) ? ['the output head (`lm_head.weight`)'] : []),
  ];
}

/** Right below the root, or a head's own norm. */
function isUnder(name: string, root: string): boolean {
  return name.includes('lm_head.ln.') || (name.startsWith(root) && name.slice(root.length).split('.').length === 2);
}

/** True where a class with a head of its own is known to be meant. */
function needsHead(config: Config, row: Architecture): boolean {
  const classes: unknown = config.architectures;
  const named: unknown = Array.isArray(classes) ? classes[0] : undefined;
  if (typeof named === 'string' && !WITH_HEAD.test(named)) return false;
  return isTied(config, row) === false;
}

/** Whether the output head is the input embedding: by the config, its text part, then the class; null where neither says it. */
function isTied(config: Config, row: Architecture): boolean | null {
  for (const part of [config, expertConfig(config), readKey(config, 'text_config')]) {
    const tied = typeof part === 'object' && part !== null ? readKey(part as Config, 'tie_word_embeddings') : undefined;
    if (typeof tied === 'boolean') return tied;
  }
  if (row.modelTypes.some((type) => TIED.has(type))) return true;
  return row.confirmed && !row.remote ? false : null;
}
