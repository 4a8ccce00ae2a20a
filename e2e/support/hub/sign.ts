import { createHmac, randomBytes } from 'node:crypto';

interface Policy {
  readonly Statement: readonly [
    {
      readonly Resource: string;
      readonly Condition: {
        readonly DateLessThan: { readonly 'AWS:EpochTime': number };
        readonly ByteRange?: { readonly ExpectedHeader: string };
      };
    },
  ];
}

export interface SignRequest {
  readonly path: string;
  readonly expires: number;
  /** The Range header that alone will be served; `null` for any. */
  readonly expectedRange: string | null;
  readonly fileName: string;
}

export type Verdict = 'ok' | 'signature' | 'expired' | 'invalid range';

/** Signs and checks CDN addresses as CloudFront does, with a key of its own. */
export class UrlSigner {
  readonly #secret = randomBytes(32);
  #serial = 0;

  #mac(text: string): string {
    return createHmac('sha256', this.#secret).update(text).digest('base64url');
  }

  /** Path and query; no two are alike. */
  sign({ path, expires, expectedRange, fileName }: SignRequest): string {
    const dateLessThan = { 'AWS:EpochTime': expires };
    const byteRange = expectedRange === null ? {} : { ByteRange: { ExpectedHeader: expectedRange } };
    const policy: Policy = {
      Statement: [{ Resource: `${path}*`, Condition: { DateLessThan: dateLessThan, ...byteRange } }],
    };
    const encoded = Buffer.from(JSON.stringify(policy)).toString('base64url');
    this.#serial += 1;
    const serial = String(this.#serial);
    const query = new URLSearchParams({
      'X-Xet-Cas-Uid': 'public',
      user_id: 'public',
      'response-content-disposition': `inline; filename*=UTF-8''${encodeURIComponent(fileName)}; filename="${fileName}";`,
      'x-id': serial,
      Expires: String(expires),
      Policy: encoded,
      Signature: this.#mac(`${encoded}|${serial}`),
      'Key-Pair-Id': 'LOCAL',
    });
    return `${path}?${query.toString()}`;
  }

  verify(path: string, query: URLSearchParams, range: string | null, nowSeconds: number): Verdict {
    const encoded = query.get('Policy') ?? '';
    if (query.get('Signature') !== this.#mac(`${encoded}|${query.get('x-id') ?? ''}`)) return 'signature';
    const policy = JSON.parse(Buffer.from(encoded, 'base64url').toString('utf8')) as Policy;
    const [{ Resource, Condition }] = policy.Statement;
    if (Resource !== `${path}*`) return 'signature';
    if (nowSeconds >= Condition.DateLessThan['AWS:EpochTime']) return 'expired';
    const expected = Condition.ByteRange?.ExpectedHeader;
    return expected === undefined || expected === range ? 'ok' : 'invalid range';
  }

  /** A bearer for the Xet store. */
  xetToken(expires: number): string {
    const body = Buffer.from(JSON.stringify({ scope: 'read', exp: expires })).toString('base64url');
    return `${body}.${this.#mac(body)}`;
  }

  isXetToken(token: string, nowSeconds: number): boolean {
    const [body = '', mac] = token.split('.');
    if (mac !== this.#mac(body)) return false;
    const { exp } = JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as { exp: number };
    return nowSeconds < exp;
  }
}
