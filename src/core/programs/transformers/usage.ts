import { python } from '../../embed/emitted.ts';
import { pythonString } from '../../embed/python.ts';
import type { UsageSnippet } from '../../loads/types.ts';

/** Loading with transformers, of either version. */
export const USAGE: UsageSnippet = {
  language: 'python',
  code: (repo, className) => python`from transformers import ${className}

model, info = ${className}.from_pretrained(${pythonString(repo)}, dtype="auto", output_loading_info=True)
assert not info["missing_keys"], info  # what is missing would be at random
`,
};
