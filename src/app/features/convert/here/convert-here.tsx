import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { PlanSummary } from '../../../../../workers/inspect/protocol.ts';
import {
  LoomError,
  parseServedConversion,
  SERVED,
  type ServedConversion,
  type ServedNote,
  type ServedWish,
} from '../../../../core/index.ts';
import { Shown } from '../../../parts/shown.tsx';
import { servedHub, servedNote } from '../../../state/access/served.ts';
import { go, useAddress } from '../../../state/address-store.ts';
import { EMPTY } from '../../../state/follow-address.ts';
import { Meter } from '../meter.tsx';
import type { TargetOrder } from '../use-plan.ts';

export interface ConvertHereProps {
  readonly order: TargetOrder;
  readonly plan: PlanSummary;
}

const KEY = ['served-conversion'];
const POLL_MS = 500;

/** The same conversion by the command that serves this page, on its machine. Nothing on other pages. */
export function ConvertHere(props: ConvertHereProps) {
  const note = servedNote();
  const endpoint = useAddress((address) => address.endpoint);
  const repo = useAddress((address) => address.repo);
  const isServed = note !== null && repo !== null && endpoint === servedHub();
  return isServed ? <Panel {...props} note={note} repo={repo} /> : null;
}

interface PanelProps extends ConvertHereProps {
  readonly note: ServedNote;
  readonly repo: string;
}

function Panel({ order, plan, note, repo }: PanelProps) {
  return (
    <section className="panel" aria-label={`Convert on ${note.machine}`}>
      <h2>
        Convert on <span className="mono">{note.machine}</span>
      </h2>
      {note.writesTo === null ? (
        <p>
          The command that serves this page may not write yet. Start it again with{' '}
          <code>--convert-to &lt;folder&gt;</code>, and it converts into that folder itself: nothing then passes through
          this browser.
        </p>
      ) : (
        <Work order={order} plan={plan} folder={note.writesTo} repo={repo} />
      )}
    </section>
  );
}

interface WorkProps extends ConvertHereProps {
  readonly folder: string;
  readonly repo: string;
}

function Work({ order, plan, folder, repo }: WorkProps) {
  const client = useQueryClient();
  const [typed, setTyped] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const assume = useAddress((address) => address.convert.assume);
  const { data: state, error } = useQuery({
    queryKey: KEY,
    queryFn: () => ask(SERVED.conversion),
    staleTime: 0,
    refetchInterval: ({ state: { data } }) => (data?.status === 'running' ? POLL_MS : false),
  });
  const name = typed ?? `${repo.split('/').at(-1) ?? 'result'}-${order.target}`;
  const send = async (path: string, wish?: ServedWish) => {
    setProblem(null);
    try {
      client.setQueryData(KEY, await ask(path, wish ?? {}));
      await client.invalidateQueries({ queryKey: KEY });
    } catch (failure) {
      setProblem(failure instanceof Error ? failure.message : String(failure));
    }
  };
  const begin = () => void send(SERVED.conversion, { ...wishOf(order, assume), repo, name });
  const running = state?.status === 'running';
  const shown = problem ?? error?.message ?? null;
  return (
    <>
      <p>
        The command writes into <code>{folder}</code> on its machine. Nothing passes through this browser.
      </p>
      <div className="row here-start">
        <label className="field-label">
          Name of the folder
          <input
            className="field mono"
            value={name}
            disabled={running}
            onChange={(event) => setTyped(event.target.value)}
          />
        </label>
        <button
          type="button"
          className="button"
          disabled={running || plan.refusals.length > 0 || order.problem !== null}
          onClick={begin}
        >
          Convert there
        </button>
      </div>
      {shown !== null && (
        <p className="callout bad" role="alert">
          <Shown text={shown} />
        </p>
      )}
      {state && state.status !== 'none' && <State state={state} onStop={() => void send(SERVED.stop)} repo={repo} />}
    </>
  );
}

const WORDS: Readonly<Record<ServedConversion['status'], string>> = {
  none: '',
  running: 'Converting to',
  done: 'Converted to',
  failed: 'Failed:',
  stopped: 'Stopped:',
};

interface StateProps {
  readonly state: ServedConversion;
  readonly onStop: () => void;
  readonly repo: string;
}

function State({ state, onStop, repo }: StateProps) {
  const { status, target, out, bytesTotal, repo: result } = state;
  const endpoint = servedHub();
  return (
    <>
      <p role="status">
        {WORDS[status]} <code>{target}</code> in <code>{out}</code>: {state.shardsDone} of {state.shardsTotal} shards.
      </p>
      {(status === 'running' || status === 'stopped') && (
        <div className="meters">
          <Meter name="Written" done={state.bytesDone} total={bytesTotal} />
          <Meter name="Proven" done={state.bytesProven} total={bytesTotal} />
        </div>
      )}
      {state.message !== '' && (
        <p className={status === 'failed' ? 'callout bad' : 'callout'}>
          <Shown text={state.message} />
        </p>
      )}
      <div className="row">
        {status === 'running' && (
          <button type="button" className="button" onClick={onStop}>
            Stop
          </button>
        )}
        {result !== null && (
          <>
            <button
              type="button"
              className="button primary"
              onClick={() => go({ ...EMPTY, repo: result, endpoint, view: 'map' })}
            >
              Open the result
            </button>
            <a className="button" href={`?${compareQuery(repo, result, endpoint)}`}>
              Compare with the source
            </a>
          </>
        )}
      </div>
    </>
  );
}

function compareQuery(repo: string, result: string, endpoint: string | null): URLSearchParams {
  return new URLSearchParams({ repo, endpoint: endpoint ?? '', view: 'compare', with: result });
}

function wishOf({ target, options }: TargetOrder, assume: string | null): Omit<ServedWish, 'repo' | 'name'> {
  return {
    target,
    dtype: options.dtype ?? null,
    layers: options.layers ? [...options.layers] : null,
    keepRest: options.keepRest ?? false,
    keepMtp: options.keepMtp ?? false,
    maxShardBytes: options.maxShardBytes ?? null,
    assume,
  };
}

/** Asks the server of this page how the conversion stands; with a body, for a change. @throws LoomError with the server's sentence. */
async function ask(path: string, body?: object): Promise<ServedConversion> {
  const told = body && { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
  const response = await fetch(path, { cache: 'no-store', ...told }).catch((cause: unknown) => {
    throw new LoomError('network', 'The command that serves this page does not answer: it was ended.', {}, cause);
  });
  if (!response.ok) throw new LoomError('http-status', (await response.text()).trim());
  return parseServedConversion(await response.json());
}
