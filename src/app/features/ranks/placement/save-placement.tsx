import type { PlacedPicture } from '../../../../../workers/ranks/protocol.ts';
import { cellsPicture, formatInteger, frameworkOf, type Picture, plural } from '../../../../core/index.ts';
import { SaveButtons } from '../../../pictures/save-buttons.tsx';
import { useHolder } from '../../../placement/rank-choices.ts';
import { useInspection } from '../../../state/inspection.ts';
import { formatFactor, formatIntervals } from '../rank-format.ts';
import { placementCells } from './placement-cells.ts';

interface SavePlacementProps {
  readonly placed: PlacedPicture;
  readonly framework: string;
}

/** Saves the placement as it is coloured: which rank holds which expert. */
export function SavePlacement({ placed, framework }: SavePlacementProps) {
  const identity = useInspection((state) => state.summary?.identity ?? '');
  const holder = useHolder(placed);
  const title = frameworkOf(framework)?.title ?? framework;
  const { mesh, imbalance, experts } = placed;
  const picture = (): Picture =>
    cellsPicture(placementCells(placed, `Experts by rank: ${title}, ${plural(mesh.world, 'rank')}`, holder));
  const verdict = `Imbalance of experts ${formatFactor(imbalance)}. Rank 0 holds experts ${formatIntervals(experts[0] ?? [])}.`;
  const chosen = holder && `Framed: layer ${holder.layer}, expert ${holder.expert}, held by rank ${holder.rank}.`;
  return (
    <SaveButtons
      picture={picture}
      notes={[identity, `${title}, EP ${formatInteger(placed.ep)}. ${verdict}`, ...(chosen ? [chosen] : [])]}
      name={[identity, 'ranks', framework, `ep-${placed.ep}`]}
      what="the placement"
    />
  );
}
