import { useEffect } from 'react';
import { Shown } from '../../parts/shown.tsx';
import { addressStore, move, useAddress } from '../../state/address-store.ts';
import { useCarried } from '../../state/carried.ts';
import { usePacked } from '../../state/unpack-offered.ts';
import type { Order, usePlan } from './use-plan.ts';

/** Drops what an earlier checkpoint left in the address and this one cannot take: its target, its unpacking. */
export function useDropUnfit({ target, problem }: Order, { plan, current }: ReturnType<typeof usePlan>): void {
  const carried = useCarried();
  const unpack = useAddress((address) => address.unpack);
  const named = useAddress((address) => address.target);
  const packed = usePacked();
  const refusal = current && problem === null ? plan?.refusals[0]?.message : undefined;
  useEffect(() => {
    const drop = (what: string) =>
      useCarried.setState(({ dropped }) => ({ dropped: [...dropped.filter((each) => each !== what), what] }));
    if (carried.unpack && unpack !== null && !packed) {
      useCarried.setState({ unpack: false });
      move({ unpack: null });
      drop('Unpacking to bf16 was not kept: this checkpoint has no FP8 or MXFP4 weights.');
    } else if (carried.target !== null && carried.target === named && named === target && refusal !== undefined) {
      const { convert } = addressStore.getState().address;
      useCarried.setState({ target: null });
      move({ target: null, convert: { ...convert, for: null } });
      drop(`The target ${named} was not kept: ${refusal}`);
    }
  }, [carried, unpack, packed, named, target, refusal]);
}

/** One line for each choice that was dropped with the change of the checkpoint. */
export function DroppedNote() {
  const dropped = useCarried((state) => state.dropped);
  if (dropped.length === 0) return null;
  return (
    <div className="callout warn" role="status">
      {dropped.map((each) => (
        <p key={each}>
          <Shown text={each} />
        </p>
      ))}
    </div>
  );
}
