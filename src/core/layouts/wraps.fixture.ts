import { WRAPPERS } from './wrappers.ts';

/** A tensor's name with every kind of wrapper that may stand in it: before it, below its layer, around its experts. */
export const WRAPS: Readonly<Record<string, (name: string) => string>> = {
  none: (name) => name,
  ...Object.fromEntries(WRAPPERS.map(({ word }) => [word, (name: string) => `${word}.${name}`])),
  'below the layer': (name) => name.replace(/(layers\.\d+\.|block\.\d+\.)/, '$1_checkpoint_wrapped_module.'),
  'around the experts': (name) => name.replace('.experts.', '.experts._fsdp_wrapped_module.'),
  'around an expert': (name) => name.replace(/(\.experts\.\d+\.)/, '$1_checkpoint_wrapped_module.'),
  several: (name) => `_orig_mod.module.${name.replace(/(layers\.\d+\.)/, '$1_fsdp_wrapped_module.')}`,
};
