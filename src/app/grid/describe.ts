import {
  type BesideKind,
  besideOf,
  type ExpertMap,
  filesOfCell,
  formatBytes,
  type MapRow,
  NO_DTYPE,
  plural,
  visible,
} from '../../core/index.ts';
import type { CellPicture } from './expert-grid-props.ts';
import type { Cell } from './geometry.ts';

const STATES = ['not there', 'not read yet', 'present', 'defect'] as const;

/** One cell in words, what its picture says of it last: what a screen reader says, and the first line of its tooltip. */
export function describeCell(map: ExpertMap, { row, column }: Cell, words: CellPicture['words'] = null): string {
  const facts = map.rows[row];
  if (!facts) return '';
  const kind = besideOf(column);
  if (kind) return `${nameOf(facts)}, ${besideWords(facts, kind)}`;
  if (!facts.experts) return `${nameOf(facts)}, dense, no experts`;
  if (column >= facts.experts) return `${nameOf(facts)}, no expert ${column}`;
  const at = row * map.columns + column;
  const parts = [nameOf(facts), `expert ${column}`, STATES[map.state[at] ?? 0] ?? ''];
  const files = fileNames(map, at);
  const dtype = map.dtype[at] ?? NO_DTYPE;
  if (dtype !== NO_DTYPE) parts.push(map.dtypes[dtype] ?? '');
  if ((map.bytes[at] ?? 0) > 0) parts.push(formatBytes(map.bytes[at] ?? 0));
  if (files.length > 0) parts.push(files.join(' and '));
  if (words) parts.push(words({ row, column }));
  return parts.join(', ');
}

/** What stands beside the experts, in words. */
export const BESIDE_WORDS: Readonly<Record<BesideKind, string>> = {
  router: 'router',
  shared: 'shared experts',
  attention: 'attention',
};

/** `router, 1 tensor`. */
export function besideWords(facts: MapRow, kind: BesideKind): string {
  return facts[kind] === 0 ? `no ${BESIDE_WORDS[kind]}` : `${BESIDE_WORDS[kind]}, ${plural(facts[kind], 'tensor')}`;
}

/** The files that hold a cell's tensors. */
export function fileNames(map: ExpertMap, at: number): readonly string[] {
  return filesOfCell(map.files, at).map((file) => visible(map.shards[file] ?? ''));
}

/** `Layer 3`, `MTP layer 61`. */
export function nameOf({ kind, index, prefix }: MapRow): string {
  const name = index === null ? visible(prefix) || 'Experts' : `layer ${index}`;
  const text = kind === 'mtp' ? `MTP ${name}` : name;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** How a layer's experts are stored, in the words of the architecture page. */
export function layoutOf({ kind, family, dialect, defects }: MapRow): string {
  if (kind === 'dense') return 'dense';
  if (family === null) return defects.length > 0 ? 'missing' : 'not read yet';
  return dialect === null ? family : `${family} · ${dialect}`;
}
