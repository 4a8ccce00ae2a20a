/**
 * True when `path` is `root` or lies below it. Pure: both are absolute paths, or names joined to the same root.
 *
 * Every name from a journal, a plan, an index or a listing passes this one function before a file is opened, made or
 * removed under it. A part `.` or `..`, or an empty one, does not count as inside. Node's callers resolve the name first;
 * where there are no absolute paths, callers ask for `/name` in the root `''`.
 */
export function isInside(path: string, root: string): boolean {
  const base = /[\\/]$/.test(root) ? root.slice(0, -1) : root;
  if (path === root || path === base) return true;
  if (!path.startsWith(base) || path.includes('\0')) return false;
  const [first, ...parts] = path.slice(base.length).split(separatorIn(base));
  return first === '' && parts.every((part) => part !== '' && !/(^|\\)\.{1,2}(\\|$)/.test(part));
}

/** Backslashes part the folders of a Windows path; elsewhere they are letters of a name. */
function separatorIn(root: string): RegExp {
  return /^([a-z]:|\\\\)/i.test(root) ? /[\\/]/ : /\//;
}
