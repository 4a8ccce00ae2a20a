import type { ExpertMap } from '../../../../core/index.ts';
import type { Cell } from '../../../grid/geometry.ts';
import { formatNumber, matricesOf } from './statistics.ts';
import { useValues } from './values-store.ts';

/** The measured values of the pinned expert, matrix by matrix. */
export function CellValues({ map, cell }: { readonly map: ExpertMap; readonly cell: Cell }) {
  const measured = useValues((state) => state.measured);
  const prefix = map.rows[cell.row]?.prefix ?? '';
  const matrices = matricesOf(measured, prefix, cell.column, null);
  if (matrices.length === 0) return null;
  return (
    <table className="cell-values" aria-label="Measured values">
      <thead>
        <tr>
          <th scope="col">Values</th>
          {matrices.map(({ projection }) => (
            <th key={projection} scope="col" className="number">
              {projection}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {(
          [
            ['RMS', 'rms'],
            ['Largest', 'maxAbs'],
            ['Mean', 'mean'],
            ['Zeros', 'zeros'],
            ['NaN', 'nan'],
            ['Inf', 'infinite'],
          ] as const
        ).map(([name, field]) => (
          <tr key={field}>
            <th scope="row">{name}</th>
            {matrices.map((matrix) => (
              <td key={matrix.projection} className="number mono" title={String(matrix[field])}>
                {formatNumber(matrix[field])}
              </td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}
