import { isMoeLayer } from '../layouts/architecture-rules.ts';
import { expertConfig, layerCount, MAX_LAYERS } from '../layouts/config-keys.ts';
import { layerEnd } from '../layouts/tensor-place.ts';
import { containerOf } from './direct.ts';
import { type LoadInput, stackOf } from './sparse-layers.ts';
import { joinStack } from './stacks.ts';

/**
 * Which experts a checkpoint lacks whatever the program, as a sentence; null where none are known to be absent.
 *
 * A layer with a router has experts. A model type with experts has some, unless its config says of every layer that it
 * has none. This holds where the config leaves out which layers have experts, so that a program's rules miss nothing.
 */
export function absentExperts(input: LoadInput): string | null {
  const groups = input.layout.groups.filter((group) => group.expertTensors.length > 0);
  if (groups.length === 0 && input.row && !saysDense(input))
    return 'Experts under known names: this checkpoint has none.';
  const held = new Set(groups.map((group) => joinStack(stackOf(group), group.index)));
  const bare = routedLayers(input).find((layer) => !held.has(layer));
  return bare === undefined
    ? null
    : `The experts of all layers: ${bare} has a router but no experts under known names.`;
}

/** True when the config says of every layer that it has no experts. */
function saysDense({ checkpoint: { config }, row }: LoadInput): boolean {
  const count = layerCount(config);
  if (!row || !config || count === null || count > MAX_LAYERS) return false;
  const part = expertConfig(config);
  return Array.from({ length: count }, (_, index) => isMoeLayer(row, part, index)).every((says) => says === false);
}

/** Layers with a router where the experts' container stands: `model.layers.0`. */
function routedLayers(input: LoadInput): string[] {
  const { row, checkpoint } = input;
  const containers = [...new Set([containerOf(input), row?.container ?? '', row?.memoryContainer ?? ''])];
  const starts = containers.map((container) => (container === '' ? '.router.' : `.${container}.`));
  const layers: string[] = [];
  for (const name of checkpoint.tensors.keys()) {
    if (!name.endsWith('weight') || !/[._](gate|router)\./.test(name)) continue;
    const layer = name.slice(0, layerEnd(name));
    const rest = name.slice(layer.length);
    const start = starts.find((each) => rest.startsWith(each));
    if (layer !== '' && start !== undefined && isRouter(rest.slice(start.length), start)) layers.push(layer);
  }
  return layers;
}

function isRouter(rest: string, start: string): boolean {
  return start === '.router.' || /^(gate|router)\./.test(rest);
}
