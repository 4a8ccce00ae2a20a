import { addressStore, go, hrefOf, useAddress } from '../../state/address-store.ts';
import { useJob } from '../job-store.ts';
import './rail-job.css';
import { type JobSign, paceSign, signOf } from './signs.ts';

const WORDS: Readonly<Record<JobSign['state'], string>> = {
  running: 'Converting',
  paused: 'Paused',
  done: 'Converted',
  failed: 'Failed',
};
const MARKS: Readonly<Record<JobSign['state'], string>> = { running: '', paused: '❚❚ ', done: '✓ ', failed: '✗ ' };

/** The conversion of this page, seen from every view: how far, how fast, and a link to it. */
export function RailJob() {
  const job = useJob();
  const address = useAddress((all) => all);
  const sign = signOf(job);
  if (sign === null) return null;
  const { state, percent } = sign;
  const ended = state === 'done' || state === 'failed';
  const open = (event: React.MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return;
    event.preventDefault();
    if (addressStore.getState().address.view !== 'convert') go({ view: 'convert' });
  };
  const pace = paceSign(job);
  return (
    <div className="rail-job" data-state={state}>
      <a href={hrefOf(address, { view: 'convert' })} onClick={open}>
        <span className="rail-job-state">
          <span aria-hidden="true">{MARKS[state]}</span>
          {WORDS[state]}
          {!ended && <span className="number"> {percent} %</span>}
        </span>
        {state === 'running' && <span className="rail-job-pace">{pace}</span>}
        {ended && <span className="rail-job-pace">{state === 'done' ? 'See the report' : 'See what happened'}</span>}
      </a>
      {!ended && (
        <progress
          className="meter"
          max={100}
          value={percent}
          aria-label={`Conversion to ${job.target}`}
          aria-valuetext={`${percent} %, ${pace}`}
        />
      )}
    </div>
  );
}
