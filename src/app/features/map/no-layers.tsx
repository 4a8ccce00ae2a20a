import { Shown } from '../../parts/shown.tsx';
import { move } from '../../state/address-store.ts';
import { useInspection } from '../../state/inspection.ts';

/** Shown where the map would be if there were layers to draw. */
export function NoLayers() {
  const message = useInspection(({ summary }) => summary?.absence?.message ?? null);
  return (
    <div className="no-layers">
      <p>The map draws layers, and no tensor has a name that belongs to a layer. Tensors lists all of them.</p>
      {message !== null && (
        <p className="quiet">
          <Shown text={message} />
        </p>
      )}
      <button type="button" className="button" onClick={() => move({ view: 'tensors' })}>
        List the tensors
      </button>
    </div>
  );
}
