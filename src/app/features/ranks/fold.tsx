import type { ReactNode } from 'react';
import { addressStore, useAddress } from '../../state/address-store.ts';
import { RANK_PARTS, type RankPart } from '../../state/seen/place.ts';
import { movePlace } from '../../state/seen/use-look.ts';

/** Open until the address says otherwise: what most readers look for. */
const USUAL: readonly RankPart[] = ['warnings', 'rank', 'mesh', 'export'];

interface FoldProps {
  readonly part: RankPart;
  /** The section's name for assistive technology. */
  readonly label: string;
  readonly title: ReactNode;
  readonly className?: string;
  readonly children: ReactNode;
}

/** A section of the side panel that folds to its title. The address holds which ones are open. */
export function Fold({ part, label, title, className, children }: FoldProps) {
  const open = useAddress(({ place }) => (place.rankParts ?? USUAL).includes(part));
  return (
    <section aria-label={label} className={className}>
      <h2>
        <button type="button" className="fold" aria-expanded={open} onClick={() => toggle(part)}>
          <svg className="fold-sign" viewBox="0 0 12 12" aria-hidden="true">
            <path d="M4 2l4 4-4 4" />
          </svg>
          <span>{title}</span>
        </button>
      </h2>
      {open && children}
    </section>
  );
}

function toggle(part: RankPart): void {
  const open = addressStore.getState().address.place.rankParts ?? USUAL;
  movePlace({ rankParts: RANK_PARTS.filter((each) => open.includes(each) !== (each === part)) });
}
