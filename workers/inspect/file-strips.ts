import {
  type Checkpoint,
  type LayerDrawer,
  LoomError,
  ROLES,
  type Role,
  type Shape,
  type Strips,
} from '../../src/core/index.ts';
import { withTransfer } from '../link/transfer.ts';

/** Every file as a strip of tensors; names are asked for one by one. */
export type FileStrips = Omit<Strips, 'names' | 'part' | 'parts'>;

/** What one tensor of {@link FileStrips} is. */
export interface StripTensor {
  /** Its place in the columns. */
  readonly at: number;
  readonly name: string;
  readonly dtype: string;
  readonly shape: Shape;
  readonly role: Role;
}

/** A copy of the strips, which leaves with its arrays moved. */
export function fileStrips(drawer: Pick<LayerDrawer, 'strips'>): FileStrips {
  const { files, start, end, role, group, expert, cut } = drawer.strips();
  const columns = {
    start: start.slice(),
    end: end.slice(),
    role: role.slice(),
    group: group.slice(),
    expert: expert.slice(),
    cut: cut.slice(),
  };
  return withTransfer(
    { files, ...columns },
    Object.values(columns).map(({ buffer }) => buffer),
  );
}

export function stripTensor(
  drawer: Pick<LayerDrawer, 'strips'>,
  { tensors }: Pick<Checkpoint, 'tensors'>,
  at: number,
): StripTensor {
  const { names, role } = drawer.strips();
  const tensor = tensors.get(names[at] ?? '');
  if (!tensor) throw new LoomError('internal', `There is no tensor ${at}.`);
  const { name, dtype, shape } = tensor;
  return { at, name, dtype, shape, role: ROLES[role[at] ?? 0] ?? 'other' };
}
