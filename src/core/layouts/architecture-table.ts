import type { Architecture } from './architecture-row.ts';
import { ARIA_TYPES } from './families/aria.ts';
import { BAILING_TYPES } from './families/bailing.ts';
import { COHERE_TYPES } from './families/cohere.ts';
import { DEEPSEEK_TYPES } from './families/deepseek.ts';
import { ENCODER_DECODER_TYPES } from './families/encoder-decoder.ts';
import { ERNIE_TYPES } from './families/ernie.ts';
import { GEMMA_TYPES } from './families/gemma.ts';
import { GLM_TYPES } from './families/glm.ts';
import { GPT_OSS_TYPES } from './families/gpt-oss.ts';
import { GRANITE_TYPES } from './families/granite.ts';
import { HUNYUAN_TYPES } from './families/hunyuan.ts';
import { HYBRID_TYPES } from './families/hybrid.ts';
import { INKLING_TYPES } from './families/inkling.ts';
import { KIMI_TYPES } from './families/kimi.ts';
import { KOREAN_TYPES } from './families/korean.ts';
import { LLAMA_TYPES } from './families/llama.ts';
import { LONGCAT_TYPES } from './families/longcat.ts';
import { MINIMAX_TYPES } from './families/minimax.ts';
import { MISTRAL_TYPES } from './families/mistral.ts';
import { MIXTRAL_TYPES } from './families/mixtral.ts';
import { OLMOE_TYPES } from './families/olmoe.ts';
import { SINGLE_TYPES } from './families/one-of-a-kind.ts';
import { QWEN_TYPES } from './families/qwen.ts';
import { STEP_TYPES } from './families/step.ts';

/** Every known model type, one row each; a file a family in `families/`. Adding one: docs/add-an-architecture.md. */
export const ARCHITECTURES: readonly Architecture[] = [
  ...ARIA_TYPES,
  ...BAILING_TYPES,
  ...COHERE_TYPES,
  ...DEEPSEEK_TYPES,
  ...ENCODER_DECODER_TYPES,
  ...ERNIE_TYPES,
  ...GEMMA_TYPES,
  ...GLM_TYPES,
  ...GPT_OSS_TYPES,
  ...GRANITE_TYPES,
  ...HUNYUAN_TYPES,
  ...HYBRID_TYPES,
  ...INKLING_TYPES,
  ...KIMI_TYPES,
  ...KOREAN_TYPES,
  ...LLAMA_TYPES,
  ...LONGCAT_TYPES,
  ...MINIMAX_TYPES,
  ...MISTRAL_TYPES,
  ...MIXTRAL_TYPES,
  ...OLMOE_TYPES,
  ...SINGLE_TYPES,
  ...QWEN_TYPES,
  ...STEP_TYPES,
];
