import { utf8Order } from './utf8.ts';

const STEP = '  ';
/** All that Python's `ensure_ascii` escapes, DEL included. */
const ESCAPED = /[\u007f-\uffff]/g;

/**
 * The text that Python's `json.dumps(value, indent=2, sort_keys=True)` gives for strings, whole numbers, booleans, null,
 * arrays, objects and maps with string keys. The order of keys is that of code points.
 */
export function formatPythonJson(value: unknown, indent = ''): string {
  if (typeof value === 'string') return formatString(value);
  if (typeof value === 'bigint') return String(value);
  if (Array.isArray(value)) {
    return bracket('[', ']', indent, value, (item) => formatPythonJson(item, indent + STEP));
  }
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries: [string, unknown][] = value instanceof Map ? [...value] : Object.entries(value);
  const order = utf8Order(entries.map(([key]) => key));
  entries.sort(([a], [b]) => order(a, b));
  return bracket('{', '}', indent, entries, ([key, item]) => {
    return `${formatString(key)}: ${formatPythonJson(item, indent + STEP)}`;
  });
}

function bracket<T>(
  open: string,
  close: string,
  indent: string,
  items: readonly T[],
  format: (item: T) => string,
): string {
  if (items.length === 0) return open + close;
  const lines = items.map((item) => indent + STEP + format(item));
  return `${open}\n${lines.join(',\n')}\n${indent}${close}`;
}

function formatString(text: string): string {
  return JSON.stringify(text).replace(ESCAPED, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
