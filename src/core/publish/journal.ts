import * as v from 'valibot';

/** Where the parts of one object go. Its addresses are signed: who has them can write the object until they expire. */
export interface Transfer {
  /** Where the whole object goes, or where its parts are put together. */
  readonly href: string;
  /** Bytes of each part but the last; null for an object that goes in one request. */
  readonly partBytes: number | null;
  readonly parts: readonly string[];
  /** Asked afterwards whether the object is there, where the Hub names it. */
  readonly verify: string | null;
  /** Milliseconds since the epoch; null where the Hub does not say. */
  readonly expires: number | null;
}

/** What survives an interrupted publication: hashes that were computed, and parts that the Hub has. */
export interface PublishJournal {
  /** The SHA-256 of a file that had this key, null where none is known. */
  hashOf(file: string, key: string): string | null;
  addHash(file: string, key: string, sha256: string): Promise<void>;
  /** An object that is under way, with the marks (ETags) of the parts that were taken, by number from 1. */
  underWay(oid: string): { readonly transfer: Transfer; readonly taken: ReadonlyMap<number, string> } | null;
  begin(oid: string, transfer: Transfer): Promise<void>;
  /** Lasting once the promise settles. */
  addPart(oid: string, part: number, etag: string): Promise<void>;
  /** The object is whole on the Hub, or has to begin again. */
  end(oid: string): Promise<void>;
  /** The publication is committed. */
  remove(): Promise<void>;
}

const Line = v.union([
  v.object({
    hash: v.object({ file: v.string(), key: v.string(), sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)) }),
  }),
  v.object({
    begin: v.object({
      oid: v.string(),
      transfer: v.object({
        href: v.string(),
        partBytes: v.nullable(v.pipe(v.number(), v.safeInteger(), v.minValue(1))),
        parts: v.array(v.string()),
        verify: v.nullable(v.string()),
        expires: v.nullable(v.number()),
      }),
    }),
  }),
  v.object({ part: v.object({ oid: v.string(), href: v.string(), number: v.number(), etag: v.string() }) }),
  v.object({ end: v.string() }),
]);
type Line = v.InferOutput<typeof Line>;

/**
 * A journal over lines of JSON: `known` are those of an earlier run, `write` makes one lasting. A line that is none, as a
 * killed process leaves it, does not count.
 */
export function createPublishJournal(
  known: readonly string[] = [],
  write: (line: string) => Promise<void> = async () => undefined,
  remove: () => Promise<void> = async () => undefined,
): PublishJournal {
  const hashes = new Map<string, { readonly key: string; readonly sha256: string }>();
  const open = new Map<string, { readonly transfer: Transfer; readonly taken: Map<number, string> }>();
  const take = (line: Line) => {
    if ('hash' in line) hashes.set(line.hash.file, line.hash);
    else if ('begin' in line) open.set(line.begin.oid, { transfer: line.begin.transfer, taken: new Map() });
    else if ('part' in line) {
      const one = open.get(line.part.oid);
      // A part of an upload that was begun again since is of no use.
      if (one?.transfer.href === line.part.href) one.taken.set(line.part.number, line.part.etag);
    } else open.delete(line.end);
  };
  for (const text of known) {
    const line = parse(text);
    if (line) take(line);
  }
  let turn: Promise<void> = Promise.resolve();
  const put = (line: Line) => {
    take(line);
    turn = turn.then(() => write(JSON.stringify(line)));
    return turn;
  };
  return {
    hashOf: (file, key) => {
      const hash = hashes.get(file);
      return hash?.key === key ? hash.sha256 : null;
    },
    addHash: (file, key, sha256) => put({ hash: { file, key, sha256 } }),
    underWay: (oid) => open.get(oid) ?? null,
    begin: (oid, transfer) => put({ begin: { oid, transfer: { ...transfer, parts: [...transfer.parts] } } }),
    addPart: (oid, number, etag) => put({ part: { oid, href: open.get(oid)?.transfer.href ?? '', number, etag } }),
    end: (oid) => (open.has(oid) ? put({ end: oid }) : turn),
    remove: async () => {
      await turn.catch(() => undefined);
      hashes.clear();
      open.clear();
      await remove();
    },
  };
}

function parse(text: string): Line | null {
  try {
    const result = v.safeParse(Line, JSON.parse(text));
    return result.success ? result.output : null;
  } catch {
    return null;
  }
}
