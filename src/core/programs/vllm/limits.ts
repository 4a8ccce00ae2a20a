import { cutBlocks, quantisedExperts } from '../../loads/quantised-experts.ts';
import type { LoadInput } from '../../loads/sparse-layers.ts';
import type { Response } from '../../loads/types.ts';
import { from } from '../claims.ts';

const READ = '2026-11';

/** What vLLM does not take of quantised experts that are sound. */
export function vllmLimits(input: LoadInput): Response | null {
  const experts = quantisedExperts(input);
  const [cut] = cutBlocks(experts);
  if (cut) {
    const { name, rows, columns, block } = cut;
    return {
      verdict: 'refuses',
      says: `${name} is ${rows} × ${columns}, which blocks of ${block.join(' × ')} do not divide: it stops with “is not divisible by weight quantization block_n”.`,
      evidence: from('source', 'vLLM 1436674b, fp8.py: output and input sizes against the block', READ),
    };
  }
  const ordered = experts.find(({ parts }) => parts.has('weight_g_idx'));
  if (ordered)
    return {
      verdict: 'refuses',
      says: `${ordered.name} and others have their inputs in an order (actorder): it stops with “WNA16MoE is not supported with actorder=group/dynamic.”`,
      evidence: from('source', 'vLLM 8a95a688, compressed_tensors_moe.py', READ),
    };
  return null;
}
