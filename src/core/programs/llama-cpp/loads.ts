import { shell } from '../../embed/emitted.ts';
import { byClaims } from '../../loads/claims.ts';
import { APART, FACTS, from, OTHERS, QWEN } from '../claims.ts';

const GGUF = from('source', 'llama.cpp, conversion/qwen.py', FACTS);

const INDEXED = from(
  'source',
  'llama.cpp, conversion/base.py, index_tensors: names of the index against those of the files',
  FACTS,
);

/** What is known of how convert_hf_to_gguf.py loads a checkpoint. */
export const llamaCppLoads = byClaims({
  version: 'convert_hf_to_gguf, 2026',
  cures: ['per-expert', 'gate-up'],
  proof: {
    reason:
      'convert_hf_to_gguf.py is its own proof: it ends with an error when experts are left over; then compare perplexities.',
  },
  usage: { language: 'sh', code: () => shell`python convert_hf_to_gguf.py FOLDER --outfile model.gguf` },
  minds: {
    'shard-missing': {
      verdict: 'refuses',
      says: `It ends with “Missing or incomplete model files”.`,
      evidence: INDEXED,
    },
    'index-stale': {
      verdict: 'refuses',
      says: `It ends with “Mismatch between weight map and model parts for tensor names”.`,
      evidence: INDEXED,
    },
  },
  claims: [
    {
      layouts: ['per-expert/projections', 'per-expert/w123'],
      types: APART,
      verdict: 'loads-converting',
      evidence: from('source', 'llama.cpp, conversion/*.py: experts are stacked in numeric order', FACTS),
    },
    { layouts: ['gate-up/plain', 'gate-up/weight'], types: QWEN, verdict: 'loads-converting', evidence: GGUF },
    {
      layouts: ['stacked/plain', 'stacked/weight'],
      types: QWEN,
      verdict: 'refuses',
      evidence: GGUF,
      needs: ['Names that it collects. It waits for three tensors per expert and stops with unprocessed experts.'],
    },
    {
      layouts: ['stacked/bare'],
      types: QWEN,
      verdict: 'partial',
      evidence: GGUF,
      needs: [
        'Names with an experts segment. Without it, the program reads them as a dense MLP, possibly without an error.',
      ],
    },
    {
      layouts: ['stacked/switch-mlp'],
      types: OTHERS,
      verdict: 'refuses',
      evidence: from('reported', 'llama.cpp#24502: MLX files cannot be made into GGUF', FACTS),
    },
    {
      layouts: ['gate-up-interleaved/gpt-oss-mxfp4'],
      types: ['gpt_oss'],
      verdict: 'loads-converting',
      quantised: true,
      evidence: from('source', 'llama.cpp, conversion/gpt_oss.py: blocks are repacked', FACTS),
    },
  ],
});
