/** Names of terms by colour. A term has the same colour in every bar, and terms that share a colour are never in one bar. */
const COLOURED: readonly (readonly string[])[] = [
  ['weights', 'expert weights', 'frozen weights'],
  ['gradients', 'other weights'],
  ['optimizer states', 'KV cache'],
  ['saved activations', 'forward pass'],
  ['loss', 'layer in backward', 'optimizer temporaries'],
  ['gathered embedding and head', 'sampling'],
  ['gathers', 'CUDA graphs'],
  ['allocator'],
  ['layer gradients', 'buckets', 'fetched from the host'],
  ['runtime'],
  ['embedding and head gradients', 'adapters'],
  ['adapter activations'],
  ['merged experts'],
];

function termNumber(name: string): number {
  return Math.max(
    COLOURED.findIndex((names) => names.includes(name)),
    0,
  );
}

const TERM_COLOURS = [
  '#0072b2',
  '#56b4e9',
  '#009e73',
  '#e69f00',
  '#d55e00',
  '#cc79a7',
  '#b8a800',
  '#8b8b8b',
  '#7a5cc2',
  '#44aa99',
  '#332288',
  '#aa4499',
  '#882255',
] as const;

/** A term's colour. */
export function termColour(name: string): string {
  return TERM_COLOURS[termNumber(name)] ?? '#8b8b8b';
}
