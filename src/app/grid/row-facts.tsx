import type { ExpertMap } from '../../core/index.ts';
import { layoutOf, nameOf } from './describe.ts';

/** What the tooltip says of a whole layer. */
export function RowFacts({ map, row }: { readonly map: ExpertMap; readonly row: number }) {
  const facts = map.rows[row];
  if (!facts) return null;
  return (
    <>
      <strong>{nameOf(facts)}</strong>
      <span>{layoutOf(facts)}</span>
      {facts.shared > 0 && <span className="quiet">{facts.shared} tensors of shared experts</span>}
      {facts.defects[0] && <span className="defect">{facts.defects[0].message}</span>}
      {facts.experts !== null && <span className="quiet">Click or drag to choose layers</span>}
    </>
  );
}
