import { useEffect, useState } from 'react';
import { isInForeignFrame } from '../../parts/framed.tsx';
import { Shown } from '../../parts/shown.tsx';
import { useRankChoices } from '../../placement/rank-choices.ts';
import { accountOf, useAccess } from '../../state/access/access.ts';
import { servedHub, servedNote } from '../../state/access/served.ts';
import { addressStore } from '../../state/address-store.ts';
import { HUB } from '../../state/follow-address.ts';
import { useOfferCommands } from '../../state/seen/commands.ts';
import { linkOf, notCarried } from '../../state/seen/link.ts';

/** How long a success that needs no reading is shown, in ms. */
const SAID_MS = 2000;
const TITLE = 'Copy link';
const COPY_BY_HAND = 'The browser did not allow copying. Copy the address from the address bar instead.';
const COPY_ELSEWHERE =
  'The browser did not allow copying inside another site. Open the page in its own tab and copy there.';

interface Said {
  readonly done: boolean;
  readonly missing: readonly string[];
}

/** Copies a link to what is seen, and says what the link does not carry. */
export function CopyLink() {
  const [said, setSaid] = useState<Said | null>(null);
  const copy = async () => setSaid({ done: await copied(), missing: missingNow() });
  useOfferCommands([TITLE], () => void copy());
  const isLong = said !== null && (!said.done || said.missing.length > 0);
  useEffect(() => {
    if (said === null || isLong) return;
    const timer = setTimeout(() => setSaid(null), SAID_MS);
    return () => clearTimeout(timer);
  }, [said, isLong]);
  return (
    <span className="copy-link">
      <button type="button" className="button small" onClick={() => void copy()}>
        {said?.done ? 'Copied' : TITLE}
      </button>
      <span className="hidden" role="status">
        {said?.done && 'The link was copied.'}
      </span>
      {isLong && (
        <div className="popover copy-link-said" role="status">
          <p>{said.done ? 'The link was copied.' : isInForeignFrame() ? COPY_ELSEWHERE : COPY_BY_HAND}</p>
          {said.missing.map((line) => (
            <p key={line}>
              <Shown text={line} />
            </p>
          ))}
          <button type="button" className="button small" onClick={() => setSaid(null)}>
            Close
          </button>
        </div>
      )}
    </span>
  );
}

async function copied(): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(linkOf(addressStore.getState().address, window.location));
    return true;
  } catch {
    return false;
  }
}

function missingNow(): string[] {
  const { address } = addressStore.getState();
  const { loads, map } = useRankChoices.getState();
  const token = address.repo !== null && accountOf(useAccess.getState().accounts, address.endpoint ?? HUB) !== null;
  const files = address.view === 'ranks' ? [loads, map].flatMap((file) => file?.name ?? []) : [];
  const machine =
    address.endpoint !== null && address.endpoint === servedHub() ? (servedNote()?.machine ?? null) : null;
  return notCarried(address, { token, files, machine });
}
