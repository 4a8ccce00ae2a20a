import type { Checkpoint } from '../checkpoint/types.ts';
import { architectureOf } from '../layouts/architecture-rules.ts';
import { dialectOf, orientationOf } from '../layouts/dialects.ts';
import type { CheckpointLayout, LayerGroup, MatrixView, Projection } from '../layouts/types.ts';
import { matrixView } from '../layouts/view.ts';
import type { LoadingProgram, MemoryPlace, ProgramVerdict } from '../loads/types.ts';

/** Where one matrix of one expert stands in a loaded model, for a script to cut it out. */
export interface ModelSlice {
  readonly tensor: string;
  /** Dim 0 of the tensor; null when the tensor holds this expert alone. */
  readonly expert: number | null;
  /** Experts in a tensor that has them one below the other; null when dim 0 counts them. */
  readonly flat: number | null;
  readonly turned: boolean;
  /** 0 gate, 1 up of rows that hold both, else null. */
  readonly half: 0 | 1 | null;
  readonly alternating: boolean;
}

/** One expert's matrix: where it is in the files, and where the model should have the same bytes. */
export interface ExpertSample {
  readonly projection: Projection;
  readonly expert: number;
  readonly layer: number | null;
  readonly view: MatrixView;
  readonly slice: ModelSlice;
}

/** Dtypes that a program keeps when it is asked to; of others it may make something else. */
const HASHED: ReadonlySet<string> = new Set(['BF16', 'F16', 'F32', 'F64']);

type Readable = Pick<Checkpoint, 'tensors' | 'config'>;

/** A sample with what its bytes hash to: sha256 of the canonical matrix, rows = outputs, in the checkpoint's own dtype. */
export interface HashedSample extends ExpertSample {
  readonly sha256: string;
}

/**
 * A few experts that show whether the right ones are in the right places: the first and the last expert of the first and
 * the last layer, every projection, without those that the program is predicted not to load.
 *
 * Nothing for programs whose names in memory are not known here. Hash the bytes of `view` (see `canonicalBytes`).
 */
export function samplesOf(
  { loads }: LoadingProgram,
  checkpoint: Readable,
  layout: CheckpointLayout,
  predicted: Pick<ProgramVerdict, 'missing' | 'mismatched' | 'verdict'>,
): ExpertSample[] {
  if (predicted.verdict === 'refuses' || predicted.verdict === 'unknown') return [];
  const absent = new Set([...predicted.missing, ...predicted.mismatched]);
  const groups = layout.groups.filter((group) => group.kind === 'moe' && group.defects.length === 0);
  const chosen = [...new Set([groups[0], groups.at(-1)])].filter((group) => group !== undefined);
  return chosen
    .flatMap((group) => {
      const input = { checkpoint, layout, row: architectureOf(layout.modelType) };
      return samplesOfGroup(group, loads.memoryPlace ? { place: loads.memoryPlace(input, group) } : null);
    })
    .filter(({ slice }) => !absent.has(slice.tensor));
}

/** `memory`: null where the program keeps the checkpoint's names; without a place where those are not known. */
function samplesOfGroup(group: LayerGroup, memory: { readonly place: MemoryPlace | null } | null): ExpertSample[] {
  const experts = [...new Set([0, (group.experts ?? 1) - 1])];
  return experts.flatMap((expert) =>
    (['gate', 'up', 'down'] as const).flatMap((projection): ExpertSample[] => {
      const view = matrixView(group, projection, expert);
      const slice = memory
        ? memory.place && memorySlice(group, projection, expert, memory.place)
        : ownSlice(group, projection, expert);
      return view && slice && HASHED.has(view.dtype) ? [{ projection, expert, layer: group.index, view, slice }] : [];
    }),
  );
}

/** Where the program stores it in memory, for programs whose names in memory differ from the checkpoint's. */
function memorySlice(
  group: LayerGroup,
  projection: Projection,
  expert: number,
  { spec, prefix }: MemoryPlace,
): ModelSlice | null {
  const joined = spec.stems['gate-up'];
  const gated = group.members.some((member) => member.projection === 'gate' || member.projection === 'gate-up');
  const own = spec.stems[projection] ?? (gated ? undefined : joined?.replace('gate_up_proj', 'up_proj'));
  const stem = own ?? joined;
  if (stem === undefined || spec.family === 'per-expert') return null;
  const suffix = spec.style === 'dot' ? '.weight' : spec.style === 'suffix' ? '_weight' : '';
  return {
    tensor: `${prefix}.${stem}${suffix}`,
    expert,
    flat: spec.family === 'flat' ? group.experts : null,
    turned: orientationOf(spec, own === undefined ? 'gate-up' : projection) === 'in-out',
    half: own !== undefined || projection === 'down' ? null : projection === 'gate' ? 0 : 1,
    alternating: spec.fusion === 'interleaved',
  };
}

/** Where a program holds it that keeps what is in the files. */
function ownSlice(group: LayerGroup, projection: Projection, expert: number): ModelSlice | null {
  const spec = dialectOf(group.layout);
  const member =
    group.members.find((each) => each.projection === projection && each.part === 'weight') ??
    group.members.find((each) => each.projection === 'gate-up' && each.part === 'weight');
  if (!spec || !member) return null;
  return {
    tensor: member.template.replaceAll('{i}', String(expert)),
    expert: member.template.includes('{i}') ? null : expert,
    flat: spec.family === 'flat' ? group.experts : null,
    turned: orientationOf(spec, member.projection) === 'in-out',
    half:
      member.projection === 'gate-up' ? (projection === (group.fusion === 'up-first' ? 'up' : 'gate') ? 0 : 1) : null,
    alternating: group.fusion === 'interleaved',
  };
}

/** The elements that a view's matrix lies between, to read from its tensor: [first, one past the last]. */
export function viewRange({ base, rows, columns, rowStride, columnStride }: MatrixView): readonly [number, number] {
  return [base, base + (rows - 1) * rowStride + (columns - 1) * columnStride + 1];
}

/** A view's matrix row by row. `bytes` are those of `viewRange`, `itemBytes` the size of one element. */
export function canonicalBytes(bytes: Uint8Array, view: MatrixView, itemBytes: number): Uint8Array {
  const { rows, columns, rowStride, columnStride } = view;
  const out = new Uint8Array(rows * columns * itemBytes);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const from = (row * rowStride + column * columnStride) * itemBytes;
      out.set(bytes.subarray(from, from + itemBytes), (row * columns + column) * itemBytes);
    }
  }
  return out;
}
