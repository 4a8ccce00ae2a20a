import { describePrivateHost } from '../../../core/index.ts';
import { learnHost, type UnknownHost, useUnknownHost } from '../../state/access/known-hosts.ts';
import { go } from '../../state/address-store.ts';
import { reopen } from '../../state/follow-address.ts';

/** Asks before the first request to a Hub that a link names and nobody here has used. */
export function UnknownHostNotice({ asked }: { readonly asked: UnknownHost }) {
  const { endpoint, other, leave } = asked;
  const { host, hostname } = new URL(endpoint);
  const place = describePrivateHost(hostname);
  const yes = () => {
    learnHost(endpoint);
    useUnknownHost.setState({ asked: null });
    // Where the second checkpoint of a comparison was asked about, the first one is open.
    if (other === null) reopen();
  };
  const no = () => {
    useUnknownHost.setState({ asked: null });
    go(leave);
  };
  return (
    <section className="notice" role="alert" data-unknown-host={host}>
      <h1>
        Read from <span className="mono">{host}</span>?
      </h1>
      <p>
        This link names a server other than huggingface.co that was not used in this browser before. No request was sent
        to it yet. It will learn your network address and which model you open. No token is sent to it.
      </p>
      {place !== null && (
        <p>
          <strong className="mono">{host}</strong> is {place}: open it only if you know who runs a Hub there.
        </p>
      )}
      <div className="row">
        <button type="button" className="button primary" onClick={no}>
          Do not open
        </button>
        <button type="button" className="button" onClick={yes}>
          Open from {host}
        </button>
      </div>
    </section>
  );
}
