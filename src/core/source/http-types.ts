import type { ByteRange } from './types.ts';

/** One request, told as it leaves and again when it has ended. */
export interface HttpExchange {
  readonly phase: 'sent' | 'ended';
  readonly name: string;
  /** The address that was asked, never the signed one that a redirect leads to. */
  readonly url: string;
  readonly range: ByteRange | null;
  /** Null before the answer, and when none could be read. */
  readonly status: number | null;
  /** Body bytes that came. */
  readonly bytes: number;
}

/** An answer that is no success, as far as a page may read it. */
export interface HttpRefusal {
  readonly name: string;
  readonly status: number;
  /** The Hub's X-Error-Code. */
  readonly code: string | null;
  /** The Hub's X-Error-Message: a server's text, to tell cases apart and not to be shown. */
  readonly serverText: string | null;
  /** True when another origin than the one asked gave it: the file server behind the redirect. */
  readonly elsewhere: boolean;
  /** Who gave it, for a sentence: the host, and those that led to it. */
  readonly from: string;
  /** A page of HTML without any sign of the Hub: of a proxy or gateway before it, not of the Hub itself. */
  readonly isPage: boolean;
  /** Seconds to wait, where the server says so legibly. */
  readonly retryAfter: number | null;
}
