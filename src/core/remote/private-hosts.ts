/**
 * What a host is that is not on the public internet, for a sentence: `this computer` or `a server inside your own
 * network`; null for any other. By RFC 6761, 6762, 1918, 6598, 3927, 4193 and 4291; names are not looked up.
 */
export function describePrivateHost(hostname: string): string | null {
  const host = hostname
    .toLowerCase()
    .replace(/^\[|\]$/g, '')
    .replace(/\.$/, '');
  if (host === 'localhost' || host.endsWith('.localhost') || host === '::1' || /^127(\.\d+){3}$/.test(host))
    return 'this computer';
  return isInsideNetwork(host) ? 'a server inside your own network' : null;
}

function isInsideNetwork(host: string): boolean {
  const v4 = /^(?:::ffff:)?(\d+)\.(\d+)\.\d+\.\d+$/.exec(host);
  if (v4) {
    const [a, b] = [Number(v4[1]), Number(v4[2])];
    if (a === 10 || a === 0 || (a === 192 && b === 168) || (a === 169 && b === 254)) return true;
    return (a === 172 && b >= 16 && b < 32) || (a === 100 && b >= 64 && b < 128);
  }
  if (host.includes(':')) return /^(f[cd]|fe[89ab]|::)/.test(host);
  return !host.includes('.') || /\.(local|internal|intranet|lan|home|corp|private|home\.arpa|test)$/.test(host);
}
