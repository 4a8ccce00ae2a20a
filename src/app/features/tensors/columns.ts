import {
  formatBytes,
  formatInteger,
  formatShape,
  TENSOR_ROLES,
  type TensorColumn,
  type TensorRow,
} from '../../../core/index.ts';

export const COLUMNS: readonly {
  readonly id: TensorColumn;
  readonly name: string;
  readonly number: boolean;
  readonly text: (row: TensorRow) => string;
}[] = [
  { id: 'name', name: 'Name', number: false, text: (row) => row.name },
  { id: 'role', name: 'Role', number: false, text: (row) => TENSOR_ROLES[row.role].label },
  { id: 'dtype', name: 'Dtype', number: false, text: (row) => row.dtype },
  { id: 'shape', name: 'Shape', number: true, text: shapeOf },
  { id: 'bytes', name: 'Bytes', number: true, text: (row) => formatBytes(row.end - row.start) },
  { id: 'file', name: 'Shard', number: false, text: (row) => row.file },
  {
    id: 'start',
    name: 'Bytes of the file',
    number: true,
    text: (row) => `${formatInteger(row.start)}–${formatInteger(row.end)}`,
  },
];

export function shapeOf({ shape }: Pick<TensorRow, 'shape'>): string {
  return formatShape(shape);
}
