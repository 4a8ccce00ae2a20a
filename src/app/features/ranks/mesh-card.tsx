import type { PlacedPicture } from '../../../../workers/ranks/protocol.ts';
import { formatInteger, plural } from '../../../core/index.ts';
import { useShownRank } from '../../placement/rank-choices.ts';
import { Fold } from './fold.tsx';

/** The axes of the mesh with their sizes, and the coordinates of the shown rank. */
export function MeshCard({ placed }: { readonly placed: PlacedPicture }) {
  const { mesh, axes, coords, grids, stages } = placed;
  const shown = useShownRank(mesh.world);
  return (
    <Fold part="mesh" label="Mesh" title={`Mesh of ${plural(mesh.world, 'rank')}`}>
      <table className="facts-table">
        <thead>
          <tr>
            <th scope="col">Axis</th>
            <th scope="col" className="number">
              Size
            </th>
            <th scope="col" className="number">
              {shown === null ? 'Rank' : `Rank ${shown}`}
            </th>
          </tr>
        </thead>
        <tbody>
          {axes.map((name, at) => (
            <tr key={name}>
              <th scope="row" className="mono">
                {name}
              </th>
              <td className="number mono">{formatInteger(mesh.dims[name] ?? 1)}</td>
              <td className="number mono">{shown === null ? '–' : coords[shown * axes.length + at]}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {grids.map((grid, at) => (
        <p key={grid.map((axis) => axis.name).join()} className="quiet small">
          {grids.length === 1 ? 'Order' : at === 0 ? 'Dense order' : 'Expert order'}:{' '}
          <span className="mono">{grid.map(({ name, size }) => `${name} ${size}`).join(' × ')}</span>. The last axis
          changes fastest.
        </p>
      ))}
      {stages.length > 1 && (
        <p className="quiet small">
          Layers per stage: <span className="mono">{stages.join(', ')}</span>.
        </p>
      )}
    </Fold>
  );
}
