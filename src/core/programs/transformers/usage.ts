import type { UsageSnippet } from '../../loads/types.ts';

/** Loading with transformers, of either version. */
export const USAGE: UsageSnippet = {
  language: 'python',
  lines: (repo, className) => [
    `from transformers import ${className}`,
    '',
    `model, info = ${className}.from_pretrained("${repo}", dtype="auto", output_loading_info=True)`,
    'assert not info["missing_keys"], info  # what is missing would be at random',
  ],
};
