import { useAddress } from '../../state/address-store.ts';

/** Which Hub the page reads from, where it is not huggingface.co: a link can name any. */
export function ForeignHub() {
  const endpoint = useAddress((address) => address.endpoint);
  if (endpoint === null) return null;
  const { host } = new URL(endpoint);
  return (
    <span className="foreign-hub" title={`The address of this page names ${endpoint}, which is not huggingface.co`}>
      <span>not huggingface.co:</span> <span className="mono">{host}</span>
    </span>
  );
}
