import type { LayerGroup } from '../types.ts';
import type { Claim, Consumer } from './consumers.ts';
import { compareNames, expectedIn } from './direct.ts';
import { expertNames } from './expert-names.ts';
import { sortNames } from './names.ts';
import { type LoadInput, sparseLayers, stackOf } from './sparse-layers.ts';
import { type Answer, type Evidence, type NameReport, NO_NAMES, type Verdict } from './types.ts';

const DATE = '2026-11-22';
/** The worst first: a checkpoint is no better than its worst layer. */
const ORDER: readonly Verdict[] = ['refuses', 'partial', 'unknown', 'loads-converting', 'loads'];

interface Found {
  readonly verdict: Verdict;
  readonly evidence: Evidence;
  readonly needs: readonly string[];
}

/** What a consumer makes of a checkpoint's experts, by the claims about it. */
export function askClaims(consumer: Consumer, input: LoadInput): Answer {
  const groups = input.layout.groups.filter((group) => group.kind === 'moe');
  if (groups.length === 0)
    return { ...NO_NAMES, ...unknown(consumer, 'There are no routed experts here that it could read wrongly.') };
  const answers = groups.map((group) => claimFor(consumer, input, group));
  const [worst] = [...answers].sort((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict));
  const known = worst ?? unknown(consumer, '');
  const found = absence(consumer, input, groups, known) ?? known;
  const names = heldNames(consumer, input, found);
  return { ...names, verdict: found.verdict, evidence: found.evidence, needs: found.needs };
}

function unknown({ id }: Consumer, need: string): Found {
  return {
    verdict: 'unknown',
    evidence: { kind: 'unverified', source: `nothing is known of ${id} and this`, date: DATE },
    needs: need === '' ? [] : [need],
  };
}

function claimFor(consumer: Consumer, input: LoadInput, group: LayerGroup): Found {
  if (group.layout?.family === 'unknown') return unknown(consumer, 'Experts in a layout that is known here.');
  const [defect] = group.defects;
  if (defect) return unknown(consumer, `Whole experts: ${defect.message}`);
  const quantised = group.members.some(({ part }) => part !== 'weight' && part !== 'bias');
  const claim = consumer.claims.find((each) => fits(each, input, group) && (!quantised || each.quantised === true));
  if (claim) return { verdict: claim.verdict, evidence: claim.evidence, needs: claim.needs ?? [] };
  return unknown(consumer, quantised ? 'Support for quantised experts in this layout, of which nothing is known.' : '');
}

function fits(claim: Claim, input: LoadInput, group: LayerGroup): boolean {
  const { row, layout } = input;
  const apart = row?.disk[0]?.family === 'per-expert';
  const types = new Set(['*', ...(apart ? ['apart'] : []), ...(layout.modelType === null ? [] : [layout.modelType])]);
  const sparse = layout.groups.some((each) => each.kind === 'moe' && each.index === 0);
  if (claim.when === 'first-layer-dense' && sparse) return false;
  return claim.types.some((type) => types.has(type)) && claim.layouts.some((id) => isLayout(id, input, group));
}

function isLayout(id: string, { row }: LoadInput, { layout, prefix }: LayerGroup): boolean {
  const own = `${layout?.family}/${layout?.dialect}`;
  if (id === '*' || id === layout?.family || id === own) return true;
  if (id === 'mlx') return row !== undefined && own === `stacked/${row.mlx}` && endsIn(prefix, row.container);
  return id === 'hub' && row !== undefined && row.disk.some((each) => `${each.family}/${each.dialect}` === own);
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
  const need = `The experts of all layers: those of ${list.join(', ')}${more} are not here.`;
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
  switch (consumer.holds?.layout) {
    case undefined:
      return NO_NAMES;
    case 'runtime':
      return { missing: runtimeNames(layout.groups), unexpected: sortNames(expertNames(input)), mismatched: [] };
    case 'mlx':
      return compare(input, `stacked/${row?.mlx}`, row?.container);
    default:
      return compare(input, consumer.holds?.layout ?? '', undefined);
  }
}

function compare(input: LoadInput, id: string, container: string | undefined): NameReport {
  const expected = expectedIn(input, id, container);
  return expected ? compareNames(input, expected) : NO_NAMES;
}

/** A serving engine's parameters for the experts. Source: facts on layouts, section 2, T9. */
function runtimeNames(groups: readonly LayerGroup[]): string[] {
  const sparse = groups.filter((group) => group.kind === 'moe');
  return sparse.flatMap(({ prefix }) => [`${prefix}.experts.w13_weight`, `${prefix}.experts.w2_weight`]);
}
