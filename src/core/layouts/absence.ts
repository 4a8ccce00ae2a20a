import type { Checkpoint } from '../checkpoint/types.ts';
import { type Config, expertCount, isConfig } from './config-keys.ts';
import { nameLayers, stackNames, stackOf } from './layer-words.ts';
import type { CheckpointLayout } from './types.ts';

type Readable = Pick<Checkpoint, 'tensors' | 'config' | 'findings'>;

/** Findings after which nobody knows what else the checkpoint holds. */
const INCOMPLETE: ReadonlySet<string> = new Set([
  'shard-missing',
  'shard-invalid',
  'shard-unread',
  'file-unread',
  'lfs-pointer',
  'index-invalid',
  'index-tensor-missing',
  'partial',
]);
const ABOUT_EXPERTS = /expert|(^|[._])moe([._]|$)|_exps([._]|$)/i;
const SHARED = /shared_?(expert|mlp)|share_expert/i;

/**
 * Why no routed experts were found, in sentences; that there are none is said only where it is known.
 *
 * It is known when every file was read, no name speaks of experts, and the config promises none (or, without a config, the
 * layers' MLPs are recognised). Ask only about a layout without counted experts.
 */
export function absenceOfExperts({ tensors, config, findings }: Readable, layout: CheckpointLayout): string {
  const adapter = findings.find(({ tag }) => tag === 'lora-adapter');
  if (adapter) return adapter.message;
  const unknown = layout.groups.filter((group) => group.kind === 'moe');
  const [first] = unknown;
  if (first) {
    const name = nameLayers(
      unknown.filter((group) => stackOf(group) === stackOf(first)),
      stackNames(unknown).get(stackOf(first)) ?? null,
    );
    return `The experts of ${name} are stored in a way that is not known here. ${first.reason ?? ''} If the config names no model type, or another one, give the model type as an assumption.`;
  }
  const gap = findings.find(({ tag }) => INCOMPLETE.has(tag));
  if (gap)
    return `No routed experts were found, but not every file could be read, so it is not known whether there are any. ${gap.message} Complete the checkpoint and try again.`;
  const promise = promisedExperts(config);
  const named = [...tensors.keys()].find((name) => ABOUT_EXPERTS.test(name) && !SHARED.test(name));
  if (promise !== null || named !== undefined) {
    const says = promise === null ? '' : `The config says ${promise.key} ${promise.count}, but `;
    const example = named ?? tensors.keys().next().value;
    return `${says}${says === '' ? 'N' : 'n'}o tensor has a name that is known here as a routed expert’s, so it is not known where the experts are. ${example === undefined ? '' : `One name is ${example}. `}Convert the checkpoint to names that transformers writes.`;
  }
  if (config === null && layout.groups.length === 0) {
    const example = tensors.keys().next().value;
    return `Whether this checkpoint has routed experts is not known: there is no config.json, and no name is recognised${example === undefined ? '' : ` (one is ${example})`}. Add the config.json of the model.`;
  }
  return 'There are no routed experts in this checkpoint.';
}

/** The first number in a config that promises experts: their count where it is said, else any of more than one. */
function promisedExperts(config: Config | null): { readonly key: string; readonly count: number } | null {
  if (config === null) return null;
  const count = expertCount(config);
  if (count !== null) return count > 1 ? { key: 'experts', count } : null;
  return expertNumber(config, 0);
}

/** Configs nest three deep at most; what is below is not a model's. */
const DEPTH = 4;

function expertNumber(config: Config, depth: number): { readonly key: string; readonly count: number } | null {
  for (const [key, value] of Object.entries(config)) {
    if (/experts?($|_)/i.test(key) && !/shared/i.test(key) && typeof value === 'number' && value > 1)
      return { key, count: value };
    const inner = isConfig(value) && depth < DEPTH ? expertNumber(value, depth + 1) : null;
    if (inner) return inner;
  }
  return null;
}
