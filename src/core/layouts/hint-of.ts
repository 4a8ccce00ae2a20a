import type { Layer } from './layer.ts';

/** What speaks for experts in a layer where none are known. */
export interface Hint {
  /** Where it stands below the layer. */
  readonly container: string;
  readonly router: readonly string[];
  readonly reason: string;
}

const ATTENTION = /attn|attention/i;

/**
 * A router, or a name that speaks of experts, in a layer without known experts; null where nothing does.
 *
 * `says` is what the config says of the layer: names alone are no sign where it says that the layer is dense.
 */
export function hintOf(layer: Layer, says: boolean | null): Hint | null {
  for (const [container, tensors] of layer.routers) {
    if (ATTENTION.test(container) || layer.words.has(container)) continue;
    const matrix = tensors.find(({ shape }) => shape.length === 2 && (shape[0] ?? 0) > 1);
    if (!matrix) continue;
    const what = `${matrix.name} [${matrix.shape.join(', ')}] looks like a router among ${matrix.shape[0]} experts`;
    const router = tensors.map(({ name }) => name);
    return { container, router, reason: `${what}, but no name beside it is known here as an expert’s.${seen(layer)}` };
  }
  const [name] = layer.hints;
  if (name === undefined || says === false) return null;
  return {
    container: '',
    router: [],
    reason: `${name} mentions experts, but is not a known name of an expert’s tensor.`,
  };
}

function seen({ seen, hints }: Layer): string {
  const names = [...new Set([...seen, ...hints])];
  return names.length === 0 ? ' The layer’s MLP has no other tensors.' : ` The layer has: ${names.join(', ')}.`;
}
