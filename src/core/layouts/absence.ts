import type { Checkpoint } from '../checkpoint/types.ts';
import { architectureOf, isMoeLayer } from './architecture-rules.ts';
import { blockCount, type Config, expertConfig, expertCount, isConfig } from './config-keys.ts';
import { speaksOfExperts } from './hints.ts';
import { nameLayers, stackNames, stackOf } from './layer-names.ts';
import { layerEnd } from './tensor-place.ts';
import type { CheckpointLayout } from './types.ts';
import { incompleteBy } from './usable.ts';

type Readable = Pick<Checkpoint, 'tensors' | 'config' | 'findings'>;

/** Parts of a layer that are no MLP: no example of what is not recognised. */
const NO_EXPERT = /attn|attention|norm|embed/i;
/** Experts of one neuron each, whose weights are rows of embeddings. Source: transformers 5.17, models/doge. */
const NEURONS = /(^|\.)(down|up)_embed\.weight$/;

/** What is known where no routed experts were found: that there are none, or why that is not known. In sentences. */
export interface Absence {
  readonly known: boolean;
  readonly message: string;
}

/**
 * Why no routed experts were found.
 *
 * That there are none is known when every file was read, no name speaks of experts and the config promises none; without a
 * config, when the layers' MLPs are recognised. Ask only about a layout without counted experts.
 */
export function absenceOfExperts({ tensors, config, findings }: Readable, layout: CheckpointLayout): Absence {
  const adapter = findings.find(({ tag }) => tag === 'lora-adapter');
  if (adapter) return unknown(adapter.message);
  const stored = unknownExperts(layout);
  if (stored !== null) return unknown(stored);
  const gap = unreadPart(findings);
  if (gap !== null)
    return unknown(
      `No routed experts were found, but not every file could be read, so it is not known whether there are any. ${gap} Complete the checkpoint and try again.`,
    );
  const names = [...tensors.keys()];
  const neurons = names.find((name) => NEURONS.test(name));
  if (neurons !== undefined)
    return {
      known: true,
      message: `The experts here are single neurons, rows of embeddings such as ${neurons}: there is no stack of feed-forward experts.`,
    };
  const promise = allDense(config, layout.modelType) ? null : promisedExperts(config);
  const named = names.find(speaksOfExperts);
  if (promise !== null || named !== undefined) {
    const example = named ?? names.find((name) => layerEnd(name) > 0 && !NO_EXPERT.test(name)) ?? names[0];
    const head = promise === null ? 'No tensor' : `The config says ${promise}, but no tensor`;
    return unknown(
      `${head} has the name of a routed expert’s tensor in this program’s tables, so it is not known where the experts are.${like(example)} Rename the tensors as transformers saves them.`,
    );
  }
  if (config === null && layout.groups.length === 0)
    return unknown(
      `Whether this checkpoint has routed experts is not known: there is no config.json, and no layer is recognised.${like(names[0])} Add the model’s config.json.`,
    );
  return { known: true, message: 'There are no routed experts in this checkpoint.' };
}

/** The finding that says which part of a checkpoint is not here or was not read; null where all of it was. */
export function unreadPart(findings: Readable['findings']): string | null {
  return incompleteBy(findings)?.message ?? null;
}

function unknown(message: string): Absence {
  return { known: false, message };
}

function like(name: string | undefined): string {
  return name === undefined ? '' : ` An example is ${name}.`;
}

function unknownExperts({ groups }: CheckpointLayout): string | null {
  const unread = groups.filter((group) => group.kind === 'moe');
  const [first] = unread;
  if (!first) return null;
  const stack = stackOf(first);
  const own = unread.filter((group) => stackOf(group) === stack);
  const name = nameLayers(own, stackNames(unread).get(stack) ?? null);
  if (first.defects.some(({ readings }) => readings))
    return `The experts of ${name} cannot be identified. ${first.reason}`;
  return `The experts of ${name} are stored in a way that is not known to this program. ${first.reason ?? ''} If the config names no model type, or another one, give the model type as an assumption.`;
}

/** True where the rules of the architecture make every layer of the config a dense one (`mlp_only_layers` names them all, say). */
function allDense(config: Config | null, modelType: string | null): boolean {
  const row = architectureOf(modelType);
  const layers = blockCount(config) ?? 0;
  if (config === null || row === undefined || layers === 0) return false;
  return Array.from({ length: layers }, (_, layer) => isMoeLayer(row, expertConfig(config), layer)).every(
    (says) => says === false,
  );
}

/** What in a config promises experts, as words; null where nothing does, or where it says that there are none. */
function promisedExperts(config: Config | null): string | null {
  if (config === null) return null;
  const count = expertCount(config);
  if (count !== null) return count > 1 ? `${count} experts` : null;
  return expertNumber(config, 0);
}

/** Configs nest three deep at most; what is below is not a model's. */
const DEPTH = 4;

function expertNumber(config: Config, depth: number): string | null {
  for (const [key, value] of Object.entries(config)) {
    if (/experts?($|_)/i.test(key) && !/shared/i.test(key) && typeof value === 'number' && value > 1)
      return `${key} ${value}`;
    const inner = isConfig(value) && depth < DEPTH ? expertNumber(value, depth + 1) : null;
    if (inner) return inner;
  }
  return null;
}
