/** True for what a conversion can be called: one part of a path, never `.`, `..` or a hidden name. */
export function isJobName(text: string): boolean {
  return /^[A-Za-z0-9_][\w.-]{0,127}$/.test(text);
}
