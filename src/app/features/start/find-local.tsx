import { useState } from 'react';
import { SERVED } from '../../../core/index.ts';
import { servedNote } from '../../state/access/served.ts';

type Found = 'not-asked' | 'looking' | 'there' | 'not-there';

const ADDRESS = `http://127.0.0.1:${SERVED.port}/`;
const WAIT_MS = 3000;

/** For files on another machine: how to serve them, and whether that runs here. Nothing is asked before the press. */
export function FindLocal() {
  const [found, setFound] = useState<Found>('not-asked');
  if (servedNote() !== null) return null;
  const look = async () => {
    setFound('looking');
    setFound((await answers()) ? 'there' : 'not-there');
  };
  return (
    <section className="find-local" aria-labelledby="find-local">
      <h2 id="find-local">Files on another machine</h2>
      <p>
        Run <code>moe-loom open path/to/checkpoint</code> there, forward its port, and open the link that it prints.{' '}
        <button type="button" className="button small" disabled={found === 'looking'} onClick={() => void look()}>
          Look for one on this machine
        </button>
      </p>
      <p role="status" className="quiet">
        {found === 'looking' && `Asking ${ADDRESS} …`}
        {found === 'not-there' && `Nothing answers at ${ADDRESS}. It may use another port: open its link.`}
        {found === 'there' && (
          <>
            A server answers at <a href={ADDRESS}>{ADDRESS}</a>. If it is moe-loom, open the link that it printed: only
            that link lets this browser in.
          </>
        )}
      </p>
    </section>
  );
}

/** Whether anything answers there. What it says cannot be read by a page of another origin, and is not needed. */
async function answers(): Promise<boolean> {
  try {
    await fetch(ADDRESS, {
      mode: 'no-cors',
      cache: 'no-store',
      credentials: 'omit',
      signal: AbortSignal.timeout(WAIT_MS),
    });
    return true;
  } catch {
    return false;
  }
}
