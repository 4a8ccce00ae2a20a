import { describePrivateHost } from '../../../core/index.ts';
import { servedHub, servedNote } from '../../state/access/served.ts';
import { useAddress } from '../../state/address-store.ts';

/** Of a longer host the end is shown: that is whose it is. */
const LIMIT_HOST = 28;

/** Which Hub the page reads from, where it is not huggingface.co: a link can name any. */
export function ForeignHub() {
  const endpoint = useAddress((address) => address.endpoint);
  if (endpoint === null) return null;
  if (endpoint === servedHub()) return <ServedHub machine={servedNote()?.machine ?? ''} />;
  const { host, hostname } = new URL(endpoint);
  const place = describePrivateHost(hostname);
  const shown = host.length > LIMIT_HOST ? `…${host.slice(1 - LIMIT_HOST)}` : host;
  return (
    <span
      className="foreign-hub"
      title={`The address of this page names ${endpoint}, which is ${place === null ? '' : `${place}, `}not huggingface.co`}
    >
      <span className="foreign-words">not huggingface.co: </span>
      <span className="mono">{shown}</span>
    </span>
  );
}

/** The machine whose files `moe-loom open` serves with this page. */
function ServedHub({ machine }: { readonly machine: string }) {
  return (
    <span className="served-hub" title={`Read by moe-loom open on ${machine}`}>
      on <span className="mono">{machine}</span>
    </span>
  );
}
