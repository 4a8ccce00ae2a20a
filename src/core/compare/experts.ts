import { dialectOf } from '../layouts/dialects.ts';
import { isSharedByAll } from '../layouts/sizes.ts';
import type { LayerGroup } from '../layouts/types.ts';
import { isJoined, jointOfPart, matrixView, memberFor } from '../layouts/view.ts';
import { bitsOf, bytesOf, elementsOf } from '../safetensors/dtype.ts';
import { bundlesOf, type Content, type GroupPair, type Side } from '../verify/pairs.ts';
import { loneEntry, pairedEntry } from './entry.ts';
import { stepsBetween } from './steps.ts';
import type { Entry, Piece, SlotOf } from './types.ts';

/** Names of the tensors of each side that entries contain. */
export interface Seen {
  readonly left: Set<string>;
  readonly right: Set<string>;
}

/** Every matrix of every expert of a layer: gate and up of each expert, then all down matrices. */
export function expertEntries(pair: GroupPair, group: number, left: Side, right: Side, seen: Seen): Entry[] {
  const entries: Entry[] = [];
  const experts = Math.max(pair.left.experts ?? 0, pair.right.experts ?? 0);
  for (const bundle of bundlesOf(pair.contents)) {
    const takers = bundle.map((content) => takerOf(pair, content, group, left, right));
    for (let expert = 0; expert < experts; expert++) {
      for (const take of takers) {
        const entry = take(expert);
        if (!entry) continue;
        if (entry.left) seen.left.add(entry.left.tensor.name);
        if (entry.right) seen.right.add(entry.right.tensor.name);
        entries.push(entry);
      }
    }
  }
  return entries;
}

/** Makes the entries of one content; null for an expert whose bytes the previous content covers on both sides. */
function takerOf(pair: GroupPair, content: Content, group: number, left: Side, right: Side) {
  const steps = stepsBetween(pair.left, pair.right, content);
  const pieces = { left: pieceMaker(pair.left, content, left), right: pieceMaker(pair.right, content, right) };
  return (expert: number): Entry | null => {
    const slot: SlotOf = { group, expert, projection: content.projection, part: content.part };
    const [mine, other] = [pieces.left(expert), pieces.right(expert)];
    if (mine && other) {
      if (mine.bytes === 0 && other.bytes === 0 && content.projection === 'up') return null;
      const turned = pair.turned.has(other.tensor.name);
      const misfit = turned
        ? `${other.tensor.name} of shape [${other.tensor.shape.join(', ')}] fits no layout; its dimensions look swapped`
        : null;
      return pairedEntry(mine, other, { slot, steps, misfit });
    }
    if (mine && mine.bytes > 0) return loneEntry(mine, 'left', slot, null);
    return other && other.bytes > 0 ? loneEntry(other, 'right', slot, null) : null;
  };
}

/** Makes pieces of one content. Two views of {@link matrixView} are enough for all experts, because bases are evenly spaced. */
function pieceMaker(group: LayerGroup, content: Content, { checkpoint }: Side): (expert: number) => Piece | null {
  const { projection, part } = content;
  const member = memberFor(group, projection, part);
  const first = matrixView(group, projection, 0, part);
  if (!member || !first) return () => null;
  const spec = dialectOf(group.layout);
  const apart = spec?.family === 'per-expert';
  const joined = projection !== 'down' && isJoined(group, part);
  const shared = joined && jointOfPart(group, part) !== 'rows';
  const whole = bytesOf(member.dtype, elementsOf(member.shape));
  const own = (first.rows * first.columns * bitsOf(first.dtype)) / 8;
  const experts = group.experts ?? 0;
  const common = spec !== undefined && isSharedByAll(member, spec, experts);
  if (!apart && !common && own * experts * (joined && !shared ? 2 : 1) !== whole) return () => null;
  const spacing = (matrixView(group, projection, 1, part)?.base ?? first.base) - first.base;
  const { dtype, rows, columns, rowStride, columnStride } = first;
  const [head = '', ...rest] = member.template.split('{i}');
  const nameOf = rest.length === 1 ? (expert: number) => `${head}${expert}${rest[0]}` : () => member.template;
  return (expert) => {
    const tensor = expert < experts ? checkpoint.tensors.get(nameOf(expert)) : undefined;
    if (!tensor) return null;
    const size = tensor.end - tensor.start;
    const counted = (shared && projection === 'up') || (common && expert > 0) ? 0 : own;
    if (apart && (tensor.dtype !== first.dtype || size !== whole)) {
      return { tensor, view: null, bytes: joined && projection === 'up' ? 0 : size };
    }
    const base = first.base + expert * spacing;
    const view = { tensor: tensor.name, dtype, base, rows, columns, rowStride, columnStride };
    return { tensor, view, bytes: counted };
  };
}
