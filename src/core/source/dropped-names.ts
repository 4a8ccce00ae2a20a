/** Names of dropped files as they arrived, and the part of them that stands before each name in the set. */
export interface DroppedRoot {
  /** `''`, or a folder with its `/` at the end. */
  readonly prefix: string;
  /** Set when the files are a repo folder of the local Hub cache (`models--org--name`). */
  readonly cache: { readonly commits: readonly string[]; readonly ref: string | null } | null;
}

/** Finds the folder that all paths share, and whether it is a repo folder of the Hub cache. */
export function droppedRoot(paths: readonly string[]): DroppedRoot {
  const prefix = sharedFolder(paths);
  const inner = paths.map((path) => path.slice(prefix.length));
  const commits = [
    ...new Set(inner.map((path) => /^snapshots\/([^/]+)\/./.exec(path)?.[1]).filter((commit) => commit !== undefined)),
  ];
  const named = /^models--[^/]+\/$/.test(prefix);
  const shaped = inner.some((path) => path.startsWith('blobs/')) && inner.some((path) => path.startsWith('refs/'));
  if (commits.length === 0 && !(named && shaped)) return { prefix, cache: null };
  if (!named && !shaped) return { prefix, cache: null };
  return { prefix, cache: { commits, ref: inner.includes('refs/main') ? `${prefix}refs/main` : null } };
}

/** The first folder when every path lies in it, with its `/`; else nothing. */
function sharedFolder(paths: readonly string[]): string {
  const [first] = paths;
  const end = first?.indexOf('/') ?? -1;
  if (first === undefined || end < 0) return '';
  const folder = first.slice(0, end + 1);
  return paths.every((path) => path.startsWith(folder)) ? folder : '';
}
