import { useEffect } from 'react';
import { visible } from '../../../core/index.ts';
import { useJob } from '../../jobs/job-store.ts';
import { titleSign } from '../../jobs/seen/signs.ts';
import { useAddress } from '../../state/address-store.ts';

/** Keeps the title of the tab: how far the conversion of this page is, and what is open. It draws nothing. */
export function Title() {
  const name = useAddress(
    ({ repo, job, local, sample, compat }) => repo ?? (job === null ? (local ?? sample ?? compat) : `job:${job}`),
  );
  const sign = useJob(titleSign);
  useEffect(() => {
    document.title = `${sign}${name === null ? '' : `${visible(name)} · `}moe-loom`;
  }, [name, sign]);
  return null;
}
