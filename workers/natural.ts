/**
 * Sort keys that put `layer.2` before `layer.10`: runs of digits are compared by length, then by digit.
 *
 * Equal but for leading zeros, names keep their text order.
 */
export function naturalKey(name: string): string {
  return name.replace(/\d+/g, (digits) => {
    const plain = digits.replace(/^0+(?=\d)/, '');
    return String.fromCharCode(0x30 + Math.min(plain.length, 200)) + plain;
  });
}

/** Positions of `names` in natural order. */
export function naturalOrder(names: readonly string[]): Uint32Array<ArrayBuffer> {
  const keys = names.map(naturalKey);
  const order = Uint32Array.from(names, (_, at) => at);
  return order.sort((a, b) => compare(keys[a] ?? '', keys[b] ?? '') || compare(names[a] ?? '', names[b] ?? ''));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
