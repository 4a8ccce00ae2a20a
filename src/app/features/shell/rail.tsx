import { useJob } from '../../jobs/job-store.ts';
import { late } from '../../parts/late.tsx';
import { VIEW_NAMES, VIEWS, type View } from '../../state/address.ts';
import { addressStore, go, hrefOf, useAddress } from '../../state/address-store.ts';

const RailJob = late(async () => (await import('../../jobs/seen/rail-job.tsx')).RailJob);

/** The views, in the order of the work, and the conversion of this page below them. */
export function Rail() {
  const view = useAddress((address) => address.view);
  const address = useAddress((all) => all);
  const hasJob = useJob((job) => job.status !== 'none');
  const open = (event: React.MouseEvent, to: View) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    if (addressStore.getState().address.view !== to) go({ view: to });
  };
  return (
    <nav className="rail" aria-label="Views">
      <ul>
        {VIEWS.map((to) => (
          <li key={to}>
            <a
              href={hrefOf(address, { view: to })}
              aria-current={to === view ? 'page' : undefined}
              onClick={(event) => open(event, to)}
            >
              {VIEW_NAMES[to]}
            </a>
          </li>
        ))}
      </ul>
      {hasJob && <RailJob />}
    </nav>
  );
}
