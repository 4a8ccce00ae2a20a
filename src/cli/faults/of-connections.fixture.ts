import type { Reply } from '../../../e2e/support/hub/exchange.ts';
import { convert, type FaultRow, type Place } from './row.fixture.ts';

const at = (address: 'secure' | 'noise' | 'dead') => (place: Place) => [
  'inspect',
  place.id,
  '--endpoint',
  place[address],
];
const throughProxy = (proxy: string, more: Record<string, string> = {}) => ({
  HTTP_PROXY: proxy,
  HTTPS_PROXY: proxy,
  ...more,
});
/** Leads every request one step further. */
const leadOn = (path: string) => {
  let step = 0;
  return ({ headers }: Reply) => {
    headers.Location = `${path}?step=${step++}`;
  };
};
/** A name that only a proxy knows. */
const BEHIND = 'hub.moe-loom.test';

/** No way to the server: names, ports, certificates, proxies, lines that break. */
export const CONNECTION_FAULTS: readonly FaultRow[] = [
  {
    name: 'a name that nobody knows (DNS)',
    args: ({ id }) => ['inspect', id, '--endpoint', 'http://hub.moe-loom.invalid'],
    exit: 2,
    says: [
      /the name hub\.moe-loom\.invalid is not known here \((ENOTFOUND|EAI_AGAIN)\)/,
      /set HTTPS_PROXY/,
      /\[network\]/,
    ],
    requests: 0,
  },
  {
    name: 'a port where nobody listens',
    args: at('dead'),
    exit: 2,
    says: [({ dead }) => `${new URL(dead).host} takes no connection (ECONNREFUSED)`, /\[network\]/],
    requests: 0,
  },
  {
    name: 'the file host is down',
    strikes: [
      {
        at: 'files',
        with: ({ dead }) => ({ status: 302, headers: { Location: `${dead}/blob?Signature=s` }, body: '' }),
        after: 2,
      },
    ],
    args: convert,
    exit: 2,
    says: [
      ({ dead, hub }) => `${new URL(dead).host} (redirected from ${new URL(hub).host}) takes no connection`,
      /\.safetensors cannot be reached/,
      /\[network\]/,
    ],
    requests: 13,
  },
  {
    name: 'a certificate that nobody signed',
    args: at('secure'),
    exit: 2,
    says: [
      ({ secure }) => `the certificate of ${new URL(secure).host} is not signed by anybody this computer trusts`,
      /NODE_EXTRA_CA_CERTS/,
      /\[network\]/,
    ],
    requests: 0,
  },
  {
    name: 'that certificate, trusted, for another name',
    args: ({ id, secure }) => ['inspect', id, '--endpoint', secure.replace('127.0.0.1', 'localhost')],
    env: ({ certificate }) => ({ NODE_EXTRA_CA_CERTS: certificate }),
    exit: 2,
    says: [/the certificate of localhost:\d+ is not valid for it \(ERR_TLS_CERT_ALTNAME_INVALID\)/, /\[network\]/],
    requests: 0,
  },
  {
    name: 'https asked of a server that speaks http',
    args: ({ id, hub }) => ['inspect', id, '--endpoint', hub.replace('http:', 'https:')],
    exit: 2,
    says: [({ hub }) => new URL(hub).host, /does not speak TLS|http:\/\//, /\[network\]/],
    requests: 0,
  },
  {
    name: 'http asked of a server that speaks https',
    args: ({ id, secure }) => ['inspect', id, '--endpoint', secure.replace('https:', 'http:')],
    exit: 2,
    says: [({ secure }) => new URL(secure).host, /closed the connection|https:\/\//, /\[network\]/],
    requests: 0,
  },
  {
    name: 'a server that speaks another protocol',
    args: at('noise'),
    exit: 2,
    says: [({ noise }) => new URL(noise).host, /does not speak HTTP|cannot be reached/, /\[network\]/],
    requests: 0,
  },
  {
    name: 'a reset before the headers, for ever',
    strikes: [{ at: 'listing', with: { transport: { resetFirst: true } } }],
    exit: 2,
    says: [({ hub }) => `${new URL(hub).host} closed the connection`, /The listing of/, /\[network\]/],
    requests: 4,
  },
  {
    name: 'a reset at the first byte of a shard, for ever',
    strikes: [{ at: 'bytes', with: { type: 'reset', afterBytes: 0 } }],
    args: convert,
    exit: 2,
    says: [({ fileHost }) => new URL(fileHost).host, /model-00002-of-00002\.safetensors/, /\[network\]/],
    requests: 18,
  },
  {
    name: 'a reset in the middle of a shard, twice: it goes on where it broke off',
    strikes: [{ at: 'bytes', with: { type: 'reset', afterBytes: 900 }, times: 2 }],
    exit: 0,
    says: [
      /The connection to 127\.0\.0\.1:\d+ .*broke off while model-00002-of-00002\.safetensors was read\. Retrying/,
    ],
    requests: 15,
  },
  {
    // 4,096 bytes are asked for: they come only if no try asks again for what came before.
    name: 'a reset after every 1,200 bytes of a shard, for ever: each try goes on where the last broke off',
    strikes: [{ at: 'bytes', with: { type: 'reset', afterBytes: 1200 } }],
    exit: 0,
    says: [/broke off while model-00002-of-00002\.safetensors was read\. Retrying/],
    requests: 16,
  },
  {
    name: 'a proxy that is not there',
    env: ({ dead }) => throughProxy(dead, { HF_ENDPOINT: `http://${BEHIND}` }),
    exit: 2,
    says: [
      ({ dead }) => `the proxy ${new URL(dead).host}, which leads to ${BEHIND}`,
      /takes no connection/,
      /\[network\]/,
    ],
    requests: 0,
  },
  {
    name: 'a proxy that wants a password (407), http',
    env: ({ proxies }) => throughProxy(proxies.wantsPassword, { HF_ENDPOINT: `http://${BEHIND}` }),
    exit: 2,
    says: [
      ({ proxies }) => `The proxy ${new URL(proxies.wantsPassword).host}`,
      /\(407\)/,
      /http:\/\/user:password@host:port/,
    ],
    requests: 0,
  },
  {
    name: 'a proxy that wants a password (407), https',
    env: ({ proxies }) => throughProxy(proxies.wantsPassword, { HF_ENDPOINT: `https://${BEHIND}` }),
    exit: 2,
    says: [({ proxies }) => `The proxy ${new URL(proxies.wantsPassword).host}`, /\(407\)/],
    requests: 0,
  },
  {
    name: "a proxy's own page of refusal (403), http",
    env: ({ proxies }) => throughProxy(proxies.refuses, { HF_ENDPOINT: `http://${BEHIND}` }),
    exit: 2,
    says: [({ proxies }) => new URL(proxies.refuses).host, /\(403\)/, /\[http-status\]/],
    never: /gated|sign in/i,
    requests: 0,
  },
  {
    name: 'a proxy that does not lead there (403), https',
    env: ({ proxies }) => throughProxy(proxies.refuses, { HF_ENDPOINT: `https://${BEHIND}` }),
    exit: 2,
    says: [
      ({ proxies }) => `The proxy ${new URL(proxies.refuses).host} does not lead to ${BEHIND}:443 (403)`,
      /NO_PROXY/,
    ],
    requests: 0,
  },
  {
    name: 'NO_PROXY exempts the Hub from a good proxy',
    env: ({ proxies }) => throughProxy(proxies.passes, { HF_ENDPOINT: `http://${BEHIND}`, NO_PROXY: '.moe-loom.test' }),
    exit: 2,
    says: [/the name hub\.moe-loom\.test is not known here/, /\[network\]/],
    requests: 0,
  },
  {
    name: 'a good proxy is gone through',
    env: ({ proxies }) => throughProxy(proxies.passes, { HF_ENDPOINT: `http://${BEHIND}` }),
    exit: 0,
    says: [],
    requests: 9,
  },
  {
    name: 'a proxy variable that is no address',
    env: () => throughProxy('socks5://127.0.0.1:1080', { HF_ENDPOINT: `https://${BEHIND}` }),
    exit: 2,
    says: [/HTTPS_PROXY is not the address of an HTTP proxy/, /SOCKS proxies are not supported/, /\[usage\]/],
    requests: 0,
  },
  {
    name: 'a time limit that is no number',
    env: () => ({ HF_HUB_DOWNLOAD_TIMEOUT: '10s' }),
    exit: 2,
    says: [/HF_HUB_DOWNLOAD_TIMEOUT takes whole seconds/, /\[usage\]/],
    requests: 0,
  },
];

/** Redirects that lead where no file is. */
export const REDIRECT_FAULTS: readonly FaultRow[] = [
  {
    name: 'a redirect to itself',
    strikes: [{ at: 'listing', with: { type: 'redirectLoop' } }],
    exit: 2,
    says: [({ hub }) => new URL(hub).host, /got no answer after \d redirect/, /\[redirect-loop\]/],
    requests: 6,
  },
  {
    name: 'redirects that go on and on, each to another address',
    strikes: [{ at: 'listing', with: ({ id }) => ({ status: 302, edit: leadOn(`/api/models/${id}/revision/main`) }) }],
    exit: 2,
    says: [/The listing of fault\/row-\d+ cannot be read/, /got no answer after 6 redirects/, /\[redirect-loop\]/],
    requests: 6,
  },
  {
    name: 'a shard led from http to another host that answers with no file',
    strikes: [{ at: 'shard', with: { type: 'redirectToEvil' } }],
    args: convert,
    exit: 2,
    says: [({ otherHost }) => new URL(otherHost).host, /model-00002-of-00002\.safetensors/],
    requests: 9,
  },
  {
    name: 'the listing led to another host',
    strikes: [
      { at: 'listing', with: ({ otherHost }) => ({ status: 302, headers: { Location: `${otherHost}/evil` } }) },
    ],
    exit: 2,
    says: [({ hub, otherHost }) => `led from ${hub} to ${otherHost}`, /\[redirect-unsafe\]/],
    requests: 1,
  },
  {
    name: 'a redirect to file://',
    strikes: [{ at: 'shard', with: { status: 302, headers: { Location: 'file:///etc/passwd' } } }],
    args: convert,
    exit: 2,
    says: [({ hub }) => new URL(hub).host, /an address that begins with file:/, /\[redirect-unsafe\]/],
    never: /root:/,
    requests: 8,
  },
  {
    name: 'a redirect to a login page (200, HTML) for the listing',
    strikes: [{ at: 'listing', with: { status: 302, headers: { Location: '/login' } } }],
    exit: 2,
    says: [({ hub }) => new URL(hub).host],
    requests: 1,
  },
  {
    name: 'a login page (200, HTML) instead of the listing',
    strikes: [
      {
        at: 'listing',
        with: {
          bare: true,
          headers: { 'Content-Type': 'text/html' },
          body: '<!doctype html><title>Sign in to the network</title>',
        },
      },
    ],
    exit: 2,
    says: [({ hub }) => new URL(hub).host, /web page|sign-in page/, /\[answer-invalid\]/],
    requests: 1,
  },
  {
    name: 'a redirect from https to http',
    strikes: [{ at: 'listing', with: { type: 'redirectToHttp' } }],
    args: at('secure'),
    env: ({ certificate }) => ({ NODE_EXTRA_CA_CERTS: certificate }),
    exit: 2,
    says: [({ secure }) => new URL(secure).host, /http:\/\/insecure\.invalid/, /\[redirect-unsafe\]/],
    requests: 1,
  },
  {
    name: 'a renamed repository (307)',
    repo: (id) => ({ aliases: [`${id}-old`] }),
    args: ({ id }) => ['inspect', `${id}-old`],
    exit: 0,
    says: [/fault\/row-\d+-old was renamed on the Hub to fault\/row-\d+\./],
    requests: 11,
  },
];
