import type { CompanionValues } from '../checkpoint/read-companion-values.ts';
import type { Checkpoint } from '../checkpoint/types.ts';
import { absenceOfExperts } from '../layouts/absence.ts';
import { detectLayout } from '../layouts/detect.ts';
import { layoutId, unpackedAssumption } from '../layouts/dialects.ts';
import { asTarget, configChangesFor, renameTensor } from '../layouts/target.ts';
import type { Assumption, CheckpointLayout, LayerGroup } from '../layouts/types.ts';
import { bareName, unwrapNotes } from '../layouts/wrappers.ts';
import { checkpointRefusals, unneededAbsence, unneededNotes } from './checkpoint-refusals.ts';
import { editConfig } from './config-edit.ts';
import { indexText, peakOf } from './derived.ts';
import { onePerReason, refusalOf, unreadRefusal, withoutExplained } from './layer-refusals.ts';
import { carriedMetadata } from './metadata.ts';
import { operationsBetween } from './operations.ts';
import { convertedTensors, keptTensor, type OutputDraft } from './outputs.ts';
import { DEFAULT_SHARD_BYTES, packShards } from './packing.ts';
import { spansOf } from './parts.ts';
import { scopeFilter, scopeOf } from './scope.ts';
import { planSideFiles } from './side-files.ts';
import type { ConfigChange, ConversionPlan, GroupStep, Operation, Part, Refusal, Target } from './types.ts';
import { packedFormat, type UnpackedCheckpoint, unpackCheckpoint, unpackedWithin } from './unpack.ts';
import { unpackedConfigChanges } from './unpack-config.ts';
import { dequantizing, unpackedDraft } from './unpack-drafts.ts';
import { unpackNotes } from './unpack-notes.ts';
import { valueNotes } from './value-notes.ts';

export interface PlanOptions {
  /** Numbers of the layers to convert; all when absent. */
  readonly layers?: readonly number[] | undefined;
  /** With `layers`: every other tensor goes along unchanged. */
  readonly keepRest?: boolean | undefined;
  /** Layers of multi-token prediction stay as they are; without it they are converted with the others. */
  readonly keepMtp?: boolean | undefined;
  /** Bytes of tensors a shard may hold at most. */
  readonly maxShardBytes?: number | undefined;
  readonly assume?: Assumption | undefined;
  /** `bf16`: FP8 and MXFP4 weights become the numbers that they represent. Not lossless. */
  readonly dtype?: 'bf16' | undefined;
  /** Values that decide what headers leave open; a plan that lacks some is refused, and its refusals say which. */
  readonly values?: CompanionValues | undefined;
}

interface Conversion {
  readonly from: LayerGroup;
  readonly to: LayerGroup;
}

/**
 * What converting `checkpoint` to `target` would do, as a value: every output byte with the source bytes it comes from.
 *
 * Nothing is read. A plan that cannot be run has `refusals` and no shards.
 *
 * @example
 * ```ts
 * import { openCheckpoint } from 'moe-loom/layouts';
 * import { openFolder } from 'moe-loom/node';
 * import { planConversion } from 'moe-loom/plan';
 * const plan = planConversion(await openCheckpoint(await openFolder('model')), 'stacked');
 * console.log(plan.shards.length, plan.refusals.length); // → 1 0
 * ```
 */
export function planConversion(checkpoint: Checkpoint, target: Target, options: PlanOptions = {}): ConversionPlan {
  return options.dtype === 'bf16'
    ? planUnpacked(checkpoint, target, options)
    : planOf({ checkpoint, source: checkpoint, unpacked: null }, target, options);
}

/** What a plan is made from. */
interface Basis {
  /** The tensors that are converted. */
  readonly checkpoint: Checkpoint;
  /** The files as they are. */
  readonly source: Checkpoint;
  readonly unpacked: UnpackedCheckpoint | null;
}

function planUnpacked(source: Checkpoint, target: Target, options: PlanOptions): ConversionPlan {
  const all = unpackCheckpoint(source);
  const { checkpoint } = all;
  const refuse = (message: string) =>
    refusedPlan(source, target, options, [{ tag: 'dtype-unsupported', message } satisfies Refusal]);
  if (options.layers && options.keepRest)
    return refuse(
      'A model with both unpacked and packed layers does not load. Unpack all layers, or write only the unpacked layers.',
    );
  const { assume } = options;
  const stored = detectLayout(source, assume ? { assume } : {});
  const open = targetsOf(chooseGroups(stored, options.layers).groups.filter(isAmbiguous), target, null, {});
  if (open.refused.length > 0) return refusedPlan(source, target, options, open.refused);
  const inScope = scopeFilter(stored, options);
  for (const tensor of checkpoint.tensors.values()) {
    const format = inScope(tensor) ? packedFormat(tensor, source.tensors) : null;
    if (format !== null)
      return refuse(`${tensor.name} is packed as ${format}, which this program cannot unpack to bf16.`);
  }
  const unpacked = unpackedWithin(all, inScope);
  const plan = planOf({ checkpoint, source, unpacked }, target, { ...options, assume: unpackedAssumption(assume) });
  const none = 'No weights are quantised in FP8 or MXFP4: there is nothing to unpack.';
  return plan.refusals.length === 0 && unpacked.summary.tensors === 0 ? refuse(none) : plan;
}

/** Packed values do not tell how they lie, and once unpacked they would be taken for another layout. */
function isAmbiguous({ defects }: LayerGroup): boolean {
  return defects.some(({ tag }) => tag === 'layout-ambiguous');
}

function planOf(basis: Basis, target: Target, options: PlanOptions): ConversionPlan {
  const { checkpoint } = basis;
  const layout = detectLayout(checkpoint, options.assume ? { assume: options.assume } : {});
  const chosen = chooseGroups(layout, options.layers);
  const unneeded = unneededAbsence(checkpoint, layout, options, scopeFilter(layout, options));
  const refusals = [...checkpointRefusals(checkpoint, unneeded), ...chosen.refusals];
  const asked = refusals.length === 0 ? chosen.groups : withoutExplained(chosen.groups, checkpoint, layout);
  const { conversions, kept, refused, notes } = targetsOf(asked, target, layout.modelType, options);
  refusals.push(...refused);
  if (refusals.length === 0 && conversions.length === 0) refusals.push(nothingToConvert(checkpoint, layout));
  if (refusals.length > 0) return refusedPlan(checkpoint, target, options, decidable(refusals));
  const moved = { ...layout, groups: layout.groups.filter((group) => !kept.includes(group)) };
  const drafts = draftAll(basis, layout, moved, target, conversions, options);
  const collisions = nameCollisions(drafts);
  if (collisions.length > 0) return refusedPlan(checkpoint, target, options, collisions);
  const groups = steps(conversions, kept, target, basis);
  const assumed = assumedNotes(options.assume);
  return {
    ...assemblePlan(basis, layout, target, options, drafts),
    groups,
    ...(assumed.length > 0 ? { assumed } : {}),
    notes: [
      ...assumed,
      ...notes,
      ...unwrapNotes(checkpoint.tensors.keys()),
      ...unpackNotes(basis.unpacked),
      ...unneededNotes(unneeded),
    ],
  };
}

/** What is proven is proven of this reading alone. */
function assumedNotes({ layout, restsOn }: Assumption = {}): string[] {
  if (restsOn !== undefined) return [`The layout of the experts was chosen by their values, as requested. ${restsOn}`];
  if (!layout) return [];
  return [`The experts are read as ${layoutId(layout)} because you assumed it. The files do not say it.`];
}

/** What values could decide is not worth reading where something else stands in the way. */
function decidable(refusals: readonly Refusal[]): readonly Refusal[] {
  if (refusals.every((refusal) => refusal.needs)) return refusals;
  return refusals.map(({ needs, ...refusal }) => refusal);
}

function chooseGroups(
  layout: CheckpointLayout,
  layers: readonly number[] | undefined,
): { groups: readonly LayerGroup[]; refusals: Refusal[] } {
  const sparse = layout.groups.filter((group) => group.layout !== null);
  if (!layers) return { groups: sparse, refusals: [] };
  const wanted = new Set(layers);
  const known = new Set(layout.groups.map((group) => group.index));
  const unknown = layers.filter((layer) => !known.has(layer));
  const groups = sparse.filter((group) => group.index !== null && wanted.has(group.index));
  const refusals: Refusal[] = [];
  if (unknown.length > 0) refusals.push({ tag: 'layers-unknown', message: `There is no layer ${unknown.join(', ')}.` });
  else if (groups.length === 0)
    refusals.push({ tag: 'layers-dense', message: `None of the chosen layers (${layers.join(', ')}) has experts.` });
  return { groups, refusals };
}

function nothingToConvert(checkpoint: Checkpoint, layout: CheckpointLayout): Refusal {
  const { known, message } = absenceOfExperts(checkpoint, layout);
  return { tag: 'no-experts', message: known ? `${message} There is nothing to convert.` : message };
}

function targetsOf(
  groups: readonly LayerGroup[],
  target: Target,
  modelType: string | null,
  { values, keepMtp }: PlanOptions,
) {
  const conversions: Conversion[] = [];
  const kept: LayerGroup[] = [];
  const refused: Refusal[] = [];
  const notes = new Set<string>();
  for (const group of groups) {
    if (keepMtp && group.kind === 'mtp') {
      kept.push(group);
      notes.add(`${group.prefix} belongs to multi-token prediction and stays as it is.`);
      continue;
    }
    if (group.layout?.family === 'unknown' && group.kind !== 'mtp') {
      refused.push(unreadRefusal(group));
      continue;
    }
    const answer = refusalOf(group) ?? asTarget(group, target, modelType, values);
    if ('note' in answer && answer.note !== undefined) notes.add(answer.note);
    if ('group' in answer) conversions.push({ from: group, to: answer.group });
    else if (group.kind === 'mtp' && !answer.refusal.needs) {
      kept.push(group);
      const why = answer.refusal.message.replace(`${group.prefix}: `, '');
      notes.add(`${group.prefix} belongs to multi-token prediction and stays as it is: ${why}`);
    } else refused.push({ ...answer.refusal, group: group.prefix });
  }
  for (const note of valueNotes(conversions)) notes.add(note);
  return { conversions, kept, refused: onePerReason(refused, groups), notes: [...notes] };
}

/** Every output tensor, in the order in which its first byte stands in the source: reads stay as sequential as can be. */
function draftAll(
  { checkpoint, unpacked }: Basis,
  layout: CheckpointLayout,
  moved: CheckpointLayout,
  target: Target,
  conversions: readonly Conversion[],
  options: PlanOptions,
): OutputDraft[] {
  const consumed = new Set(conversions.flatMap(({ from }) => from.expertTensors));
  const expertsKept = new Set(layout.groups.flatMap((group) => group.expertTensors));
  const inScope = scopeFilter(layout, options);
  const keyed: { draft: OutputDraft; shard: number; start: number }[] = [];
  const shardNumbers = new Map(checkpoint.shards.map((shard, number) => [shard.file, number]));
  const add = (planned: OutputDraft) => {
    const draft = unpacked ? unpackedDraft(planned, unpacked) : planned;
    const span = firstSpan(draft.parts[0]);
    keyed.push({ draft, shard: shardNumbers.get(span?.file ?? '') ?? 0, start: span?.start ?? 0 });
  };
  const addKept = (name: string) => {
    const tensor = checkpoint.tensors.get(name);
    if (tensor) add(keptTensor(tensor, name, true));
  };
  for (const { from, to } of conversions) {
    if (from === to) for (const name of from.expertTensors) addKept(name);
    else {
      const change = { from, to, tensors: checkpoint.tensors, values: options.values };
      for (const draft of convertedTensors(change, operationsBetween(from, to))) add(draft);
    }
  }
  const renames = options.layers === undefined || !options.keepRest;
  for (const tensor of checkpoint.tensors.values()) {
    if (consumed.has(tensor.name) || !inScope(tensor)) continue;
    const isExpert = expertsKept.has(tensor.name);
    const name =
      isExpert || !renames ? bareName(tensor.name) : renameTensor(tensor.name, layout.modelType, target, moved);
    add(keptTensor(tensor, name, isExpert));
  }
  return keyed.sort((a, b) => a.shard - b.shard || a.start - b.start).map(({ draft }) => draft);
}

function firstSpan(part: Part | undefined) {
  if (part?.kind === 'bytes') return part.origin;
  return part && spansOf(part)[0];
}

function nameCollisions(drafts: readonly OutputDraft[]): Refusal[] {
  const seen = new Set<string>();
  for (const draft of drafts) {
    if (seen.has(draft.name))
      return [{ tag: 'name-collision', message: `Two tensors of the output would be called ${draft.name}.` }];
    seen.add(draft.name);
  }
  return [];
}

function steps(
  conversions: readonly Conversion[],
  kept: readonly LayerGroup[],
  target: Target,
  { checkpoint, unpacked }: Basis,
): GroupStep[] {
  const isPacked = (name: string) => unpacked?.packed.has(checkpoint.tensors.get(name)?.file ?? '') === true;
  const chain = (group: LayerGroup, operations: readonly Operation[]) =>
    group.expertTensors.some(isPacked) ? dequantizing(operations) : operations;
  return [
    ...conversions.map(
      ({ from, to }): GroupStep => ({
        prefix: from.prefix,
        index: from.index,
        kind: from.kind,
        from: from.layout?.family ?? 'unknown',
        to: target,
        operations: chain(from, operationsBetween(from, to)),
      }),
    ),
    ...kept.map(
      (group): GroupStep => ({
        prefix: group.prefix,
        index: group.index,
        kind: group.kind,
        from: group.layout?.family ?? 'unknown',
        to: null,
        operations: chain(group, ['Keep']),
      }),
    ),
  ];
}

function assemblePlan(
  { source: checkpoint, unpacked }: Basis,
  layout: CheckpointLayout,
  target: Target,
  options: PlanOptions,
  drafts: readonly OutputDraft[],
): ConversionPlan {
  const scope = scopeOf(options);
  const metadata = carriedMetadata(checkpoint);
  const entries = new Map(metadata.map(({ key, value }) => [key, value]));
  const shards = packShards(drafts, options.maxShardBytes ?? DEFAULT_SHARD_BYTES, entries);
  const bytes = drafts.reduce((sum, draft) => sum + draft.byteLength, 0);
  const changes: readonly ConfigChange[] =
    scope !== 'whole'
      ? []
      : [
          ...configChangesFor(checkpoint.config, layout.modelType, target),
          ...(unpacked ? unpackedConfigChanges(checkpoint.config) : []),
        ];
  const text = checkpoint.configText;
  const { configFile } = checkpoint;
  const side = planSideFiles(checkpoint.files, configFile);
  return {
    ...emptyPlan(checkpoint, target, options),
    shards,
    index: indexText({ shards, bytes, scope, layers: layersOf(options) }),
    configChanges: changes,
    config:
      text === null
        ? null
        : { ...(configFile ? { file: configFile } : {}), text: editConfig(text, changes), changed: changes.length > 0 },
    metadata,
    copies: side.copies.map((file) => ({ file: file.name, byteLength: file.byteLength })),
    skipped: side.skipped,
    unpacked: unpacked?.summary ?? null,
    tensors: drafts.length,
    bytes,
    peakPartBytes: peakOf(drafts),
  };
}

function layersOf({ layers }: PlanOptions): number[] | null {
  return layers ? [...layers].sort((a, b) => a - b) : null;
}

function emptyPlan(checkpoint: Checkpoint, target: Target, options: PlanOptions): ConversionPlan {
  return {
    source: checkpoint.identity,
    target,
    scope: scopeOf(options),
    layers: layersOf(options),
    shards: [],
    index: '',
    configChanges: [],
    config: null,
    metadata: [],
    copies: [],
    skipped: [],
    groups: [],
    notes: [],
    unpacked: null,
    tensors: 0,
    bytes: 0,
    peakPartBytes: 0,
    refusals: [],
  };
}

function refusedPlan(
  checkpoint: Checkpoint,
  target: Target,
  options: PlanOptions,
  refusals: readonly Refusal[],
): ConversionPlan {
  return { ...emptyPlan(checkpoint, target, options), refusals };
}
