import type { CheckpointTensor } from '../../checkpoint/types.ts';
import type { Converter, LoadRules, Rename } from '../../layouts/families/loading.ts';
import type { Expected } from '../../loads/expected.ts';
import { sameShape, sortNames } from '../../loads/names.ts';
import type { NameReport } from '../../loads/types.ts';
import type { Shape } from '../../safetensors/types.ts';

/** What loading found, with whether anything was rearranged and what could not be. */
export interface LoadReport extends NameReport {
  readonly converted: boolean;
  /** The checkpoint's own names of what is unexpected. */
  readonly dropped: readonly string[];
  /** Names of tensors that cannot be put together: a half is absent, experts differ in shape. */
  readonly failed: readonly string[];
}

interface CompiledRename {
  readonly pattern: RegExp;
  readonly to: string;
}

interface CompiledConverter extends Converter {
  readonly patterns: readonly RegExp[];
}

/** How one model's names are read: compiled once for a checkpoint. */
export interface NameReader {
  readonly renames: readonly CompiledRename[];
  readonly converters: readonly CompiledConverter[];
  readonly ignored: readonly RegExp[];
  readonly base: string;
  /** Sizes are not compared when weights are quantised. */
  readonly checksShapes: boolean;
}

/** Compiles a model type's rules. `causal`: for its text-only class. */
export function createNameReader(rules: LoadRules, causal: boolean, quantised: boolean): NameReader {
  const renames: readonly Rename[] = [...(causal ? rules.causalRenames : []), ...rules.renames];
  return {
    renames: [
      ...(quantised ? [{ pattern: /^(.+)\.scale$/, to: '\\1.weight_scale_inv' }] : []),
      ...renames.map(({ from, to }) => ({ pattern: new RegExp(from), to })),
    ],
    converters: rules.converters.map((converter) => ({
      ...converter,
      patterns: converter.sources.map((source) => new RegExp(source.replaceAll('*.', '.*\\.'))),
    })),
    ignored: rules.ignored.map((pattern) => new RegExp(pattern)),
    base: rules.base,
    checksShapes: !quantised,
  };
}

interface Found {
  readonly name: string;
  readonly converter: CompiledConverter | null;
  readonly source: number;
}

/** A checkpoint's name in the model, before the base prefix is looked at. */
export function renamed(reader: NameReader, name: string): string {
  return reader.renames.reduce((current, { pattern, to }) => replaceMatch(current, pattern, to), name);
}

function replaceMatch(name: string, pattern: RegExp, to: string): string {
  const match = pattern.exec(name);
  if (!match) return name;
  const replacement = to.replace('\\1', match[1] ?? '');
  return name.replace(match[0], () => replacement);
}

function convertedName(reader: NameReader, name: string): Found {
  for (const converter of reader.converters) {
    for (const [source, pattern] of converter.patterns.entries()) {
      const match = pattern.exec(name);
      if (match) return { name: name.replace(match[0], () => converter.target), converter, source };
    }
  }
  return { name, converter: null, source: 0 };
}

function withBase(base: string, name: string, expected: Expected): string {
  const bare = name.slice(base.length + 1);
  if (name.startsWith(base) && expected.has(bare)) return bare;
  return expected.has(`${base}.${name}`) ? `${base}.${name}` : name;
}

/** What of the model a tensor is; a name that the model has stays, whatever the renamings make of it. */
function findTensor(reader: NameReader, name: string, expected: Expected): Found {
  const found = convertedName(reader, renamed(reader, name));
  const full = withBase(reader.base, found.name, expected);
  if (!expected.has(full) && expected.has(name)) return { name, converter: null, source: 0 };
  return { ...found, name: full };
}

/** The tensors that one model tensor is made of. */
interface Collected {
  converter: CompiledConverter | null;
  readonly lists: Map<number, Shape[]>;
  /** Tensors that carry the model's own name. */
  readonly direct: Shape[];
}

/**
 * What transformers 5 does with a checkpoint's tensors, by its own steps: rename, match one converter, look at the base
 * prefix, collect, convert, compare shapes.
 *
 * `isExpert` says which of the checkpoint's names are reported when the model lacks them. Source: `core_model_loading.py`
 * of 5.17.0, read 2026-11-22.
 */
export function loadNames(
  tensors: Iterable<CheckpointTensor>,
  expected: Expected,
  reader: NameReader,
  isExpert: (name: string) => boolean,
): LoadReport {
  const collected = new Map<string, Collected>();
  const unexpected = new Set<string>();
  const dropped: string[] = [];
  for (const tensor of tensors) {
    const found = findTensor(reader, tensor.name, expected);
    if (expected.has(found.name)) collect(collected, found, tensor.shape);
    else if (isExpert(tensor.name)) {
      unexpected.add(found.name);
      if (shown([found.name], reader).length > 0) dropped.push(tensor.name);
    }
  }
  return { ...judge(collected, expected, reader), dropped, unexpected: sortNames(shown(unexpected, reader)) };
}

function shown(names: Iterable<string>, { ignored }: NameReader): string[] {
  return [...names].filter((name) => !ignored.some((pattern) => pattern.test(name)));
}

function collect(collected: Map<string, Collected>, { name, converter, source }: Found, shape: Shape): void {
  const known = collected.get(name) ?? { converter: null, lists: new Map<number, Shape[]>(), direct: [] };
  collected.set(name, known);
  if (!converter) {
    known.direct.push(shape);
    return;
  }
  known.converter = converter;
  const list = known.lists.get(source);
  if (list) list.push(shape);
  else known.lists.set(source, [shape]);
}

function judge(collected: ReadonlyMap<string, Collected>, expected: Expected, { checksShapes }: NameReader) {
  const missing = [...expected.keys()].filter((name) => !collected.has(name));
  const mismatched: string[] = [];
  const failed: string[] = [];
  let converted = false;
  for (const [name, parts] of collected) {
    const wanted = expected.get(name) ?? null;
    const shape = builtShape(parts, wanted);
    if (parts.converter && parts.converter.operation !== 'turn') converted = true;
    if (parts.converter?.operation === 'turn' && turned(parts, wanted)) converted = true;
    if (shape === null) failed.push(name);
    else if (checksShapes && wanted !== null && !sameShape(shape, wanted)) mismatched.push(name);
  }
  return {
    missing: sortNames(missing),
    mismatched: sortNames([...mismatched, ...failed]),
    failed: sortNames(failed),
    converted,
  };
}

function turned({ lists }: Collected, wanted: Shape | null): boolean {
  const shape = lists.get(0)?.[0];
  return shape !== undefined && wanted !== null && !sameShape(shape, wanted);
}

/** The shape of what is put together; null when it cannot be. */
function builtShape({ converter, lists, direct }: Collected, wanted: Shape | null): Shape | null {
  const [first = []] = lists.values();
  const [shape = direct[0] ?? []] = first;
  if (!converter) return shape;
  if (converter.operation === 'same-shape') return shape;
  if (converter.operation === 'turn') return wanted && sameShape(shape, wanted) ? shape : swapLast(shape);
  if (converter.operation === 'join') return lists.size === 2 ? joined(shape, lists.get(1)?.[0] ?? []) : null;
  // a lone list beside a tensor of the model's own name is no list that transformers could stack
  if (direct.length > 0 && converter.sources.length === 1) return null;
  if (lists.size !== converter.sources.length || [...lists.values()].some((list) => !uniform(list))) return null;
  const stacked = [...lists.keys()].sort().map((key) => [lists.get(key)?.length ?? 0, ...(lists.get(key)?.[0] ?? [])]);
  const [gate = [], up] = stacked;
  return up ? joined(gate, up) : gate;
}

function uniform(list: readonly Shape[]): boolean {
  const [first = []] = list;
  return list.every((shape) => sameShape(shape, first));
}

function swapLast(shape: Shape): Shape {
  return [...shape.slice(0, -2), ...shape.slice(-2).reverse()];
}

/** Two shapes joined on dim 1; null where another dim differs. */
function joined(a: Shape, b: Shape): Shape | null {
  const fits = a.length === b.length && a.every((dim, at) => at === 1 || dim === b[at]);
  return fits ? a.map((dim, at) => (at === 1 ? dim + (b[1] ?? 0) : dim)) : null;
}
