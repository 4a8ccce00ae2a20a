import type { Checkpoint, Finding } from '../checkpoint/types.ts';
import { isCodesName, splitName } from '../quantised/names.ts';
import { plural } from '../units.ts';
import { withoutConsequences } from './consequences.ts';
import { nameLayers, stackNames, stackOf } from './layer-names.ts';
import type { CheckpointLayout, Defect, LayerGroup } from './types.ts';
import { incompleteBy, unusableFinding } from './usable.ts';

/** One thing that is the matter, however many layers show it. `error`: the checkpoint cannot be used as it is. */
export interface Cause {
  readonly tag: Finding['tag'] | Defect['tag'];
  readonly message: string;
  readonly severity: Finding['severity'];
}

/** What of a checkpoint says which parts of it are not here. */
type Files = Pick<Checkpoint, 'findings' | 'absent'> & Partial<Pick<Checkpoint, 'indexFile'>>;

/** Questions that an assumption answers; nothing is known to be wrong with the files. */
const OPEN: ReadonlySet<string> = new Set(['orientation-ambiguous', 'layout-ambiguous', 'layout-unknown']);
/** What one should know; the files can be used as they are. */
const TOLD: ReadonlySet<string> = new Set([
  'names-wrapped',
  'expert-unused',
  'mtp-absent',
  'mtp-unpromised',
  'mtp-layout-differs',
  'mtp-shard-missing',
  'ignore-too-wide',
  'format-unread',
]);
/** Defects that a part that is not here explains. */
const EXPLAINED: ReadonlySet<string> = new Set(['expert-missing', 'config-mismatch', 'layout-unknown']);

/** What a layer says of a number that a sentence about all layers says too. */
const COUNTED = /^This layer has \d+ experts, the config says \d+\.$/;

/** The severity of a defect of a layer's experts. */
export function defectSeverity({ tag }: Pick<Defect, 'tag'>): Finding['severity'] {
  return OPEN.has(tag) || TOLD.has(tag) ? 'warning' : 'error';
}

/** A defect across layers: two layouts side by side are odd, and each can be read. */
function acrossSeverity(defect: Defect): Finding['severity'] {
  return defect.tag === 'families-mixed' ? 'warning' : defectSeverity(defect);
}

/**
 * What is the matter with a checkpoint: its findings, then the defects of its layers, one for each cause.
 *
 * Defects that differ in the layer or the expert alone are one. Where a part of the checkpoint is not here, what is
 * missing in its layers is no cause of its own; where names cannot be trusted, no defect is.
 */
export function causesOf(checkpoint: Files, whole: CheckpointLayout): Cause[] {
  const { findings } = checkpoint;
  const own = findings.map(({ tag, message, severity }) => ({ tag, message, severity }));
  if (unusableFinding(checkpoint)) return own;
  const causal = withoutConsequences({ ...checkpoint, indexFile: checkpoint.indexFile ?? null }, whole);
  const groups = whole.groups.map((group, at) => ({ ...group, defects: causal.perGroup[at] ?? [] }));
  const counts = incompleteBy(findings) ? ({ tag }: Defect) => !EXPLAINED.has(tag) : () => true;
  const across = causal.defects.filter(counts);
  const told = across.some(({ tag }) => tag === 'config-mismatch');
  const scales = across.some(({ tag }) => tag === 'expert-scale-missing');
  const inLayers = (defect: Defect) =>
    counts(defect) && !(told && COUNTED.test(defect.message)) && !(scales && isMissingScale(defect));
  return [...own, ...mergeNumbers(across), ...layerCauses(groups, inLayers)];
}

/** A companion of quantised numbers that a layer lacks: said of all layers together, with what it means. */
function isMissingScale({ tag, message }: Defect): boolean {
  const [, name] = MISSING.exec(message) ?? [];
  return tag === 'expert-missing' && name !== undefined && !isCodesName(splitName(name).part);
}

const MISSING = /^(\S+) is missing\.$/;

/** The errors among them. */
export function errorsOf(checkpoint: Files, layout: CheckpointLayout): Cause[] {
  return causesOf(checkpoint, layout).filter(({ severity }) => severity === 'error');
}

/** Defects of layers, each with every layer and expert that it is about. */
function layerCauses(groups: readonly LayerGroup[], counts: (defect: Defect) => boolean): Cause[] {
  const names = stackNames(groups);
  const alike = new Map<string, { readonly first: Defect; readonly groups: LayerGroup[]; readonly experts: string }>();
  for (const group of groups) {
    for (const [key, { first, experts }] of ofGroup(group, counts)) {
      const words = expertWords(experts);
      const whole = `${stackOf(group)} ${key} ${words}`;
      const known = alike.get(whole) ?? { first, groups: [], experts: words };
      known.groups.push(group);
      alike.set(whole, known);
    }
  }
  return Array.from(alike.values(), ({ first, groups: all, experts }) => {
    const rest = all.slice(1);
    const layers = rest.length === 0 ? '' : nameLayers(rest, (all[0] && names.get(stackOf(all[0]))) ?? null);
    const more = [experts, layers].filter((words) => words !== '').join(', and for ');
    const prefix = all[0]?.prefix ?? '';
    const lead = first.message.includes(prefix) ? '' : `${prefix}: `;
    return { tag: first.tag, message: withMore(lead + first.message, more), severity: defectSeverity(first) };
  });
}

interface Alike {
  readonly first: Defect;
  readonly experts: number[];
}

/** A group's defects by what they say, layer and expert left out. */
function ofGroup(group: LayerGroup, counts: (defect: Defect) => boolean): ReadonlyMap<string, Alike> {
  const found = new Map<string, Alike>();
  for (const defect of group.defects.filter(counts)) {
    const said = defect.message.replaceAll(group.prefix, '{layer}').replace(EXPERT, '$1{expert}');
    const key = `${defect.tag} ${said}`;
    const known = found.get(key);
    const expert = defect.expert ?? numberOf(EXPERT.exec(defect.message)?.[2]);
    if (!known) found.set(key, { first: defect, experts: [] });
    else if (expert !== null) known.experts.push(expert);
  }
  return found;
}

const EXPERT = /(\b[Ee]xperts?[ .])(\d+)/;
const LAYER = /(\blayer )(\d+)/;

function numberOf(text: string | undefined): number | null {
  return text === undefined ? null : Number(text);
}

function expertWords(experts: readonly number[]): string {
  if (experts.length === 0) return '';
  return nameLayers(
    experts.map((index) => ({ prefix: '', index })),
    null,
  ).replace('layer', 'expert');
}

/** Defects across layers that differ in the layer's number alone. */
function mergeNumbers(defects: readonly Defect[]): Cause[] {
  const alike = new Map<string, Defect[]>();
  for (const defect of defects) {
    const key = defect.message.replace(LAYER, '$1{layer}');
    alike.set(key, [...(alike.get(key) ?? []), defect]);
  }
  return [...alike.values()].flatMap(([first, ...rest]) => {
    if (!first) return [];
    const groups = rest.flatMap(({ message }) => {
      const index = numberOf(LAYER.exec(message)?.[2]);
      return index === null ? [] : [{ prefix: '', index }];
    });
    const more = groups.length === 0 ? '' : nameLayers(groups, null);
    return [{ tag: first.tag, message: withMore(first.message, more), severity: acrossSeverity(first) }];
  });
}

function withMore(message: string, more: string): string {
  return more === '' ? message : `${message} The same goes for ${more}.`;
}

/** What was found, in a sentence that stands below a picture of the checkpoint. */
export function foundWords(causes: readonly Pick<Cause, 'severity'>[]): string {
  const errors = causes.filter(({ severity }) => severity === 'error').length;
  if (errors > 0) return `${plural(errors, 'error')} found.`;
  return causes.length === 0
    ? 'No problem found: headers, index and config agree.'
    : `No error, ${plural(causes.length, 'note')}.`;
}
