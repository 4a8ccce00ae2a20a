import type { Exchange } from './exchange.ts';
import type { LfsStore } from './lfs-store.ts';
import type { UrlSigner } from './sign.ts';
import type { RepoStore } from './store.ts';
import type { Caller, TokenBook } from './users.ts';

/** What varies between real edges and accounts, each with the Hub's usual value as default. */
export interface HubSwitches {
  /** Signed URLs last this long. */
  urlTtlSeconds: number;
  /** A URL that was resolved with a Range serves that range alone. */
  rangeBinding: 'bound' | 'unbound';
  /** Whether 403, 416 and 404 of the CDN carry CORS headers. */
  cdnErrorCors: boolean;
  cdnPreflight: 'ok' | 'fail403' | 'fail405';
  /** Entries in a page of a tree, without and with `expand`. */
  treePage: number;
  treePageExpanded: number;
  /** A longer un-ranged body is refused with 501: nobody may mean to read it. */
  maxUnrangedBytes: number;
  /** Un-ranged text leaves gzipped, without Content-Length and Accept-Ranges. */
  gzipStrip: boolean;
  /** Reconstructions of Xet files: `v1` answers 404 to v2. */
  xetReconstruction: 'v2' | 'v1';
  /** The user that `/oauth/authorize` signs in, or `null` to show a page with a button each. */
  oauthUser: string | null;
  /** An object that is longer is uploaded in parts of this length. */
  partBytes: number;
  /** A longer object is refused. */
  mostLfsBytes: number;
  /** Uploaded parts are put together with a wrong bit. */
  spoilsUploads: boolean;
}

export const DEFAULT_SWITCHES: HubSwitches = {
  urlTtlSeconds: 3600,
  rangeBinding: 'bound',
  cdnErrorCors: true,
  cdnPreflight: 'ok',
  treePage: 1000,
  treePageExpanded: 50,
  maxUnrangedBytes: 50_000_000,
  gzipStrip: false,
  xetReconstruction: 'v2',
  oauthUser: 'member',
  partBytes: 64 * 1024,
  mostLfsBytes: 500_000_000_000,
  spoilsUploads: false,
};

export interface HubContext {
  readonly store: RepoStore;
  readonly lfs: LfsStore;
  readonly tokens: TokenBook;
  readonly signer: UrlSigner;
  readonly switches: HubSwitches;
  /** Addresses, known once the ports are. */
  readonly urls: { hub: string; cdn: string; otherCdn: string };
  /** Milliseconds; what expiry and rate windows go by. */
  readonly now: () => number;
}

export function callerOf(context: HubContext, exchange: Exchange): Caller {
  return context.tokens.callerOf(exchange.authorization);
}
