import { rowOfLayer } from '../../../core/index.ts';
import { go } from '../../state/address-store.ts';
import { useInspection } from '../../state/inspection.ts';

interface PlaceButtonsProps {
  readonly layer: number | null;
  /** Null for tensors that belong to no one expert. */
  readonly expert: number | null;
}

/** The ways from a tensor to its cell of the map, and to the rank that holds its expert. */
export function PlaceButtons({ layer, expert }: PlaceButtonsProps) {
  const experts = useInspection((state) => {
    const rows = state.map?.rows ?? [];
    const row = rows[rowOfLayer(rows, layer)];
    return row ? (row.experts ?? 0) : null;
  });
  if (layer === null || experts === null) return null;
  return (
    <>
      <button type="button" className="button small" onClick={() => go({ view: 'map', layer, expert })}>
        Show in map
      </button>
      {expert !== null && expert < experts && (
        <button type="button" className="button small" onClick={() => go({ view: 'ranks', layer, expert })}>
          Open at rank
        </button>
      )}
    </>
  );
}
