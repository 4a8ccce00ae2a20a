import { absenceOfExperts } from '../layouts/absence.ts';
import type { Architecture } from '../layouts/architecture-row.ts';
import { withoutConsequences } from '../layouts/consequences.ts';
import { layoutId } from '../layouts/dialects.ts';
import type { CheckpointLayout, Defect, LayerGroup } from '../layouts/types.ts';
import { type CountReading, countAnswer } from './count.ts';
import { compareNames, expectedIn } from './direct.ts';
import { expertNames, modelClass } from './expert-names.ts';
import { sortNames } from './names.ts';
import { isGood } from './predict.ts';
import { type LoadInput, sparseLayers, stackOf } from './sparse-layers.ts';
import { type Answer, type Evidence, type LoadsFacet, type NameReport, NO_NAMES, type Verdict } from './types.ts';
import { isSpelled, ownsStack, standsIn } from './whole-names.ts';

/** The layout in which a program stores a model type: `family/dialect`, and the segment before the experts. */
export type OwnLayout = (row: Architecture) => { readonly layout: string; readonly container: string };

/**
 * What is known of a program and some layouts. The first claim that fits a layer group decides for it.
 *
 * `layouts`: ids as `family/dialect`, `family`, `hub` (what the model type's files on the Hub have), `*`, or the
 * program's own. `types`: model types, `apart` for those whose files on the Hub hold one matrix per expert, or `*`.
 */
export interface Claim {
  readonly layouts: readonly (string | OwnLayout)[];
  readonly types: readonly string[];
  readonly verdict: Verdict;
  readonly evidence: Evidence;
  readonly needs?: readonly string[];
  /** Holds only where the model's first layer has no experts. */
  readonly when?: 'first-layer-dense';
  /** True when it holds for quantised experts too. */
  readonly quantised?: boolean;
}

/** What is known of a program that is judged by claims. */
export interface ClaimTable extends Omit<LoadsFacet, 'ask' | 'source' | 'date'> {
  readonly claims: readonly [Claim, ...Claim[]];
  /**
   * The layout whose names its model has, for model types where these are compared one by one.
   *
   * `layout`: `family/dialect`, the program's own, or `runtime` for a serving engine's w13 and w2. `absent`: what becomes
   * of layers whose experts are not there at all.
   */
  readonly holds?: {
    readonly layout: string | OwnLayout;
    readonly types: readonly string[];
    readonly absent: Verdict;
  };
  /** Absent: it reads the number of experts under the keys of transformers 4 and 5. */
  readonly count?: CountReading;
}

/** The claims about a program, with its id. */
interface Consumer extends Pick<ClaimTable, 'claims'> {
  readonly id: string;
  readonly holds: ClaimTable['holds'] | undefined;
}

/** A facet that answers by a table of claims. Its source and date are those of the first claim. */
export function byClaims({ claims, holds, count, ...facet }: ClaimTable): LoadsFacet {
  const { source, date } = claims[0].evidence;
  const ask: LoadsFacet['ask'] = (input, id) => {
    const answer = askClaims({ id, claims, holds }, input);
    return count ? countAnswer(count, input, answer) : answer;
  };
  return { ...facet, source, date, ask };
}

const DATE = '2026-11-22';
/** The worst first: a checkpoint is no better than its worst layer. */
const ORDER: readonly Verdict[] = ['refuses', 'partial', 'wrong-values', 'unknown', 'loads-converting', 'loads'];

interface Found {
  readonly verdict: Verdict;
  readonly evidence: Evidence;
  readonly needs: readonly string[];
  readonly inference?: string;
}

/** What a program makes of a checkpoint's experts, by the claims about it. */
function askClaims(consumer: Consumer, input: LoadInput): Answer {
  const groups = input.layout.groups.filter((group) => group.kind === 'moe' && group.expertTensors.length > 0);
  if (groups.length === 0) return { ...NO_NAMES, ...unknown(consumer, nothingHere(input)) };
  const answers = groups.map((group) => claimFor(consumer, input, group));
  const [worst] = [...answers].sort((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict));
  const known = worst ?? unknown(consumer, '');
  const found = absence(consumer, input, groups, known) ?? known;
  const names = heldNames(consumer, input, found);
  return { ...names, ...found };
}

/** Findings about files are not asked here: the verdict is unknown either way. */
function nothingHere({ checkpoint, layout }: LoadInput): string {
  const { known, message } = absenceOfExperts({ ...checkpoint, findings: [] }, layout);
  return known ? 'The checkpoint has no routed experts, so the program cannot load them wrongly.' : message;
}

function unknown({ id }: Consumer, need: string): Found {
  return {
    verdict: 'unknown',
    evidence: { kind: 'unverified', source: `it is not known what ${id} does with this`, date: DATE },
    needs: need === '' ? [] : [need],
  };
}

function claimFor(consumer: Consumer, input: LoadInput, group: LayerGroup): Found {
  if (group.layout?.family === 'unknown') return unknown(consumer, readingNeed(group));
  const [defect] = group.defects;
  if (defect) return unknown(consumer, isExplained(input, group) ? '' : needOf(defect));
  const quantised = group.members.some(({ part }) => part !== 'weight' && part !== 'bias');
  const odd = misplaced(input, group);
  const claim = consumer.claims.find(
    (each) => fits(each, input, group) && (!quantised || each.quantised === true) && (odd === null || !isGood(each)),
  );
  if (claim) {
    const needs = [...(claim.needs ?? []), ...(odd === null ? [] : [odd])];
    return { verdict: claim.verdict, evidence: claim.evidence, needs, ...taken(consumer, claim, input) };
  }
  if (odd !== null) return unknown(consumer, odd);
  return unknown(
    consumer,
    quantised ? 'Support for quantised experts in this layout. It is not known whether the program has it.' : '',
  );
}

function readingNeed({ defects }: LayerGroup): string {
  const readings = defects.flatMap((defect) => defect.readings ?? []).map(({ layout }) => layoutId(layout));
  if (readings.length === 0) return 'Experts in a layout that this program knows.';
  return `One reading of the experts’ names: they fit ${readings.join(' or ')}, and the files do not decide. Choose the layout in the view Convert, or with --assume.`;
}

/** True where a finding about the files says it already: the files' own need comes before this one. */
function isExplained({ checkpoint, layout }: LoadInput, group: LayerGroup): boolean {
  const { findings = [], indexFile = null, absent } = checkpoint;
  const known = EXPLAINED.get(layout);
  if (known) return known.has(group);
  const { perGroup } = withoutConsequences({ findings, indexFile, ...(absent ? { absent } : {}) }, layout);
  const explained = new Set(layout.groups.filter((_, at) => perGroup[at]?.length === 0));
  EXPLAINED.set(layout, explained);
  return explained.has(group);
}

/** A layout is a value, and every program asks of each of its layers. */
const EXPLAINED = new WeakMap<CheckpointLayout, ReadonlySet<LayerGroup>>();

function needOf({ tag, message }: Defect): string {
  return tag === 'orientation-ambiguous' ? `Known orientation: ${message}` : `Whole experts: ${message}`;
}

/** A rule for names was read; that there is a model for the type was not. */
function taken({ id }: Consumer, claim: Claim, { layout }: LoadInput): Pick<Found, 'inference'> {
  const named = claim.types.some((type) => type === layout.modelType);
  if (named || !isGood(claim)) return {};
  return {
    inference: `That ${id} has a model for ${layout.modelType ?? 'this type'}: its rule for names is known, not its list of models.`,
  };
}

function fits(claim: Claim, input: LoadInput, group: LayerGroup): boolean {
  const { row, layout } = input;
  const apart = row?.disk[0]?.family === 'per-expert';
  const types = new Set(['*', ...(apart ? ['apart'] : []), ...(layout.modelType === null ? [] : [layout.modelType])]);
  const sparse = layout.groups.some((each) => each.kind === 'moe' && each.index === 0);
  if (claim.when === 'first-layer-dense' && sparse) return false;
  return claim.types.some((type) => types.has(type)) && claim.layouts.some((id) => isLayout(id, input, group));
}

function isLayout(id: string | OwnLayout, { row }: LoadInput, { layout, prefix }: LayerGroup): boolean {
  const own = `${layout?.family}/${layout?.dialect}`;
  if (typeof id === 'function') {
    const wanted = row && id(row);
    return wanted?.layout === own && endsIn(prefix, wanted.container);
  }
  if (id === '*' || id === layout?.family || id === own) return true;
  return id === 'hub' && row !== undefined && row.disk.some((each) => `${each.family}/${each.dialect}` === own);
}

/**
 * Why experts are not where the model has them, whatever the layout: another container than the model type's on the Hub
 * (or in memory, in that layout), a stack that its class does not own, a number in another place. Null where they are.
 */
function misplaced(input: LoadInput, group: LayerGroup): string | null {
  const { row } = input;
  const { layout, prefix, index, members } = group;
  if (!row || index === null) return null;
  const { memory } = row;
  const held = memory?.family === layout?.family && memory?.dialect === layout?.dialect;
  const there = standsIn(group, held ? [row.container, row.memoryContainer] : [row.container]);
  if (!there) return `Experts under the names of the model type, not under ${prefix}.`;
  const stack = stackOf(group);
  if (!ownsStack(input, stack))
    return `Layers where ${modelClass(input) ?? 'the class'} expects them, not under ${stack}: the program compares whole names.`;
  if (isSpelled(group)) return null;
  return `The names that the model uses: in ${members[0]?.template} the expert’s number is in another place.`;
}

function endsIn(prefix: string, container: string): boolean {
  return container === '' || prefix.endsWith(`.${container}`);
}

/** Layers that the config gives experts and the checkpoint does not. */
function absence(consumer: Consumer, input: LoadInput, groups: readonly LayerGroup[], worst: Found): Found | null {
  const held = new Set(groups.map((group) => `${stackOf(group)} ${group.index}`));
  const absent = sparseLayers(input).filter(({ stack, index }) => !held.has(`${stack} ${index}`));
  if (absent.length === 0 || worst.verdict === 'refuses') return null;
  const list = absent.map(({ index }) => index).slice(0, SHOWN_LAYERS);
  const more = absent.length > list.length ? ' …' : '';
  const need = `The experts of all layers: those of ${list.join(', ')}${more} are missing.`;
  const verdict = holdsNames(consumer, input) ? consumer.holds?.absent : undefined;
  if (verdict === undefined || verdict === 'unknown') return unknown(consumer, need);
  return { ...worst, verdict, needs: [...worst.needs, need] };
}

const SHOWN_LAYERS = 8;

function holdsNames({ holds }: Consumer, { layout }: LoadInput): boolean {
  return holds?.types.some((type) => type === layout.modelType) ?? false;
}

/** Names that a program which compares them one by one would report; none where it rearranges what it reads. */
function heldNames(consumer: Consumer, input: LoadInput, { verdict }: Found): NameReport {
  if ((verdict !== 'partial' && verdict !== 'refuses') || !holdsNames(consumer, input)) return NO_NAMES;
  const { row, layout } = input;
  const held = consumer.holds?.layout;
  if (held === undefined) return NO_NAMES;
  if (held === 'runtime')
    return { missing: runtimeNames(layout.groups), unexpected: sortNames(expertNames(input)), mismatched: [] };
  const own = typeof held === 'string' ? { layout: held, container: undefined } : row && held(row);
  const expected = own ? expectedIn(input, own.layout, own.container) : null;
  return expected ? compareNames(input, expected) : NO_NAMES;
}

/** A serving engine's parameters for the experts. Source: vLLM, fused_moe/layer.py (w13_weight, w2_weight). */
function runtimeNames(groups: readonly LayerGroup[]): string[] {
  const sparse = groups.filter((group) => group.kind === 'moe');
  return sparse.flatMap(({ prefix }) => [`${prefix}.experts.w13_weight`, `${prefix}.experts.w2_weight`]);
}
