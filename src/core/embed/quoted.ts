import { jsonString } from './json.ts';

/**
 * A double-quoted string of YAML and of TOML. JSON's escapes are theirs but for surrogate pairs: they have eight digits for
 * characters beyond U+FFFF. A lone surrogate, which neither can hold, becomes U+FFFD.
 */
export function quotedText(text: string): string {
  const wellFormed = text.replace(/\p{Surrogate}/gu, '\ufffd');
  return jsonString(wellFormed).replace(/\\u(d[89ab]..)\\u(d[c-f]..)/g, (_, high: string, low: string) => {
    const point = String.fromCharCode(Number.parseInt(high, 16), Number.parseInt(low, 16)).codePointAt(0) ?? 0;
    return `\\U${point.toString(16).padStart(8, '0')}`;
  });
}
