import type { Projection } from '../../layouts/types.ts';
import type { MistakeKind } from './mistakes.ts';
import { type MoveClass, type Moves, moveClasses, readMoves, textOrder } from './moves.ts';
import { layerMistake, type Named, type Region, regionsOf, slotDamage } from './name.ts';
import { type Explanation, isExplained, type LayerFindings, type Origin } from './search.ts';
import { joined, layerName, listed, type Subject } from './sentence-parts.ts';
import { keyOf } from './tables.ts';

/** Names everything that was found out of one layer. */
export function nameLayer(layer: LayerFindings): Named[] {
  const damaged = layer.explanations.filter((each) => each.damage !== null);
  return [
    ...nameTransforms(layer),
    ...nameMoves(layer),
    ...nameFar(layer),
    ...nameZeros(layer),
    ...damaged.flatMap((each) => (each.damage ? [slotDamage(layer, each.pair, each.damage)] : [])),
    ...nameForeign(layer),
  ];
}

function nameTransforms(layer: LayerFindings): Named[] {
  const kinds = new Map<MistakeKind, Explanation[]>();
  for (const each of layer.explanations) {
    const kind = transformKind(each, layer.explanations);
    if (kind) kinds.set(kind, [...(kinds.get(kind) ?? []), each]);
  }
  return [...kinds].flatMap(([kind, explanations]) =>
    regionsOf(explanations).map((region) => nameTransform(kind, layer, region)),
  );
}

function transformKind(explanation: Explanation, all: readonly Explanation[]): MistakeKind | null {
  switch (explanation.transform) {
    case 'swapped':
      return isSwapped(explanation, all) ? 'gate-up-swapped' : 'projection-misplaced';
    case 'interleaved':
      return 'gate-up-interleaved';
    case 'deinterleaved':
      return 'gate-up-concatenated';
    case 'transposed':
    case 'turned':
      return 'matrix-transposed';
    case 'exchanged':
    case 'cut':
      return 'wrong-dimension';
    case 'none':
    case null:
      return null;
  }
}

/** Gate represents up and up for gate, of the same part and expert. */
function isSwapped({ pair: { slot } }: Explanation, all: readonly Explanation[]): boolean {
  return all.some(
    ({ pair: { slot: other }, transform }) =>
      transform === 'swapped' &&
      other.expert === slot.expert &&
      other.part === slot.part &&
      other.projection !== slot.projection,
  );
}

function nameTransform(kind: MistakeKind, layer: LayerFindings, region: Region): Named {
  const tell = ({ text, many }: Subject, experts: string) => {
    switch (kind) {
      case 'gate-up-swapped':
        return `gate and up are swapped in ${experts}`;
      case 'gate-up-interleaved':
        return `gate and up alternate row by row, where they should follow each other, in ${experts}`;
      case 'gate-up-concatenated':
        return `gate and up are divided as if their rows alternated, or follow each other where they should alternate, in ${experts}`;
      case 'projection-misplaced': {
        const [there] = region.projections;
        return `${there === 'gate' ? 'up' : 'gate'} is stored instead of ${there} too in ${experts}`;
      }
      case 'wrong-dimension':
        return `halves of the inputs stand where gate and up should, in ${experts}`;
      default:
        return `${text} ${many ? 'are' : 'is'} transposed`;
    }
  };
  return layerMistake(kind, layer, region, tell, ({ pair: { slot } }) => transformPhrase(kind, slot.projection));
}

function transformPhrase(kind: MistakeKind, projection: Projection): string {
  const other = projection === 'gate' ? 'up' : 'gate';
  switch (kind) {
    case 'gate-up-swapped':
      return `holds ${other} instead of ${projection} (gate and up swapped)`;
    case 'projection-misplaced':
      return `holds ${other} instead of ${projection}`;
    case 'gate-up-interleaved':
      return 'holds gate and up alternating';
    case 'gate-up-concatenated':
      return 'holds gate and up wrongly divided';
    case 'wrong-dimension':
      return 'holds half of the inputs of gate and up';
    default:
      return 'is transposed';
  }
}

function nameMoves(layer: LayerFindings): Named[] {
  const classes = moveClasses(layer.candidates ?? []);
  return classes.flatMap((each) => {
    const keys = new Set(each.contents.flatMap((at) => layer.group.contents[at] ?? []).map(keyOf));
    const moved = layer.explanations.filter(({ pair: { slot } }) => {
      const from = each.from[slot.expert];
      return keys.has(keyOf(slot)) && from !== undefined && from !== null && from !== slot.expert;
    });
    return nameClass(layer, each, readMoves(each), moved);
  });
}

function nameClass(layer: LayerFindings, { from }: MoveClass, moves: Moves, moved: readonly Explanation[]): Named[] {
  const at = (places: readonly number[]) => regionsOf(moved.filter((each) => places.includes(each.pair.slot.expert)));
  const phrase = ({ pair: { slot } }: Explanation) =>
    `holds expert ${from[slot.expert]}'s matrix in expert ${slot.expert}'s place`;
  const named = at(moves.permuted).map((region) => namePermuted(layer, region, from, moves.order));
  for (const source of new Set(moves.doubled.map((each) => each.from))) {
    const group = moves.doubled.filter((each) => each.from === source);
    const holders = joined((group[0]?.holders ?? []).map(String));
    named.push(
      ...at(group.map((each) => each.place)).map((region) =>
        layerMistake(
          'experts-equal',
          layer,
          region,
          ({ text, many }) =>
            `${text} ${many ? 'hold' : 'holds'} expert ${source}'s values, so that experts ${holders} are equal; in the original they are not`,
          phrase,
        ),
      ),
    );
  }
  for (const { place, from: source } of moves.misplaced) {
    named.push(
      ...at([place]).map((region) =>
        layerMistake(
          'expert-misplaced',
          layer,
          region,
          ({ text, many }) => `${text} ${many ? 'hold' : 'holds'} expert ${source}'s values`,
          phrase,
        ),
      ),
    );
  }
  return named;
}

function namePermuted(
  layer: LayerFindings,
  region: Region,
  from: readonly (number | null)[],
  order: Moves['order'],
): Named {
  const kind = order === 'text' ? 'experts-in-text-order' : 'experts-permuted';
  const pairs = region.experts.map((place) => `place ${place} holds expert ${from[place]}`);
  const suffix = order === 'text' ? ' (experts in text order)' : '';
  return layerMistake(
    kind,
    layer,
    region,
    ({ text }) => {
      const what = text.startsWith('the ') ? `${text.replace(/ of .*/, '')} of the experts` : 'the experts';
      if (order === 'text') {
        const first = textOrder(from.length).slice(0, 5).join(', ');
        return `${what} stand in the order of their numbers as text (${first} …): ${listed(pairs)}`;
      }
      if (order === 'reverse-text')
        return `${what} stand as if an order by text had been undone that was not there: ${listed(pairs)}`;
      return region.experts.length === 2
        ? `${what} ${region.experts.join(' and ')} are exchanged`
        : `${what} stand in another order: ${listed(pairs)}`;
    },
    ({ pair: { slot } }) => `holds expert ${from[slot.expert]}'s matrix in expert ${slot.expert}'s place${suffix}`,
  );
}

function nameFar(layer: LayerFindings): Named[] {
  const far = layer.explanations.filter((each) => each.origin !== null);
  const prefixes = [...new Set(far.map((each) => each.origin?.prefix))];
  return prefixes.flatMap((prefix) =>
    regionsOf(far.filter((each) => each.origin?.prefix === prefix)).map((region) => nameFarRegion(layer, region)),
  );
}

function nameFarRegion(layer: LayerFindings, region: Region): Named {
  const origin = region.explanations[0]?.origin as Origin;
  const home = layerName(origin);
  const pairs = region.experts.map((place) => {
    const from = region.explanations.find((each) => each.pair.slot.expert === place)?.origin?.expert;
    return `${place} (expert ${from} there)`;
  });
  return layerMistake(
    'expert-from-another-layer',
    layer,
    region,
    ({ text, many }) => `${text} ${many ? 'hold' : 'holds'} values of ${home}: ${listed(pairs)}`,
    (each) => `holds expert ${each.origin?.expert}'s ${each.origin?.projection} of ${home}`,
  );
}

function nameZeros(layer: LayerFindings): Named[] {
  return regionsOf(layer.explanations.filter((each) => each.zeros)).map((region) =>
    layerMistake(
      'zeros',
      layer,
      region,
      ({ text, many }) => `${text} ${many ? 'are' : 'is'} all zero`,
      () => 'is all zero',
    ),
  );
}

function nameForeign(layer: LayerFindings): Named[] {
  const foreign = layer.explanations.filter((each) => !isExplained(each));
  return regionsOf(foreign).map((region) =>
    layerMistake(
      'expert-foreign',
      layer,
      region,
      ({ text, many }) =>
        `${text} ${many ? 'hold' : 'holds'} values that are in no layer of the original${equalAmong(layer, region)}`,
      () => 'holds values that are in no layer of the original',
    ),
  );
}

/** Foreign experts that are equal to each other. */
function equalAmong({ tables }: LayerFindings, region: Region): string {
  const sets = new Map<string, number[]>();
  for (const expert of region.experts) {
    const own = region.explanations.filter((each) => each.pair.slot.expert === expert);
    const key = own.map(({ pair: { slot } }) => tables?.right.get(keyOf(slot))?.[expert]?.hash).join();
    sets.set(key, [...(sets.get(key) ?? []), expert]);
  }
  const equal = [...sets.values()].filter((experts) => experts.length > 1);
  return equal.map((experts) => `; experts ${joined(experts.map(String))} are equal`).join('');
}
