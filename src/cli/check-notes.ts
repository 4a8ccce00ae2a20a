import { createHash } from 'node:crypto';
import { isAbsolute, relative, resolve, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  DEFECTS,
  type Emitted,
  ERROR_MEANINGS,
  ERROR_TAGS,
  type ErrorTag,
  FINDINGS,
  VERSION,
  visible,
  workflowCommand,
} from '../core/index.ts';

/** One thing that `check` found, for programs that show it beside a file. */
export interface CheckNote {
  readonly tag: string;
  readonly message: string;
  readonly level: 'error' | 'warning';
  /** Of the file that shows it, as the user named its folder; null where nothing could be read. */
  readonly path: string | null;
  /** Counted from byte 0 of the file. */
  readonly byte?: number | undefined;
  readonly tensor?: string | undefined;
}

interface Rule {
  readonly level: CheckNote['level'];
  readonly meaning: string;
}

/** Every rule that `check` can report, by its tag. A tag of both tables is an error where a single file is looked at. */
const RULES: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['tensor-missing', { level: 'error', meaning: DEFECTS['tensor-missing'] }],
  ...Object.entries(FINDINGS).map(([tag, { severity, meaning }]): [string, Rule] => [
    tag,
    { level: severity, meaning },
  ]),
  ...(Object.keys(ERROR_TAGS) as ErrorTag[]).flatMap((tag): [string, Rule][] =>
    ERROR_TAGS[tag].exit === 1 ? [[tag, { level: 'error', meaning: ERROR_MEANINGS[tag] }]] : [],
  ),
]);

/** A finding as GitHub Actions shows it beside its file. */
export function annotation({ tag, message, level, path }: CheckNote, folder: string): Emitted<'workflow'> {
  const file = path === null ? null : (below(path, folder) ?? path);
  return workflowCommand({ level, file, title: `moe-loom: ${tag}`, message });
}

/**
 * Findings as SARIF 2.1.0. Addresses of files are relative to `folder`, percent-encoded; those of files outside it are
 * absolute. A fingerprint stays the same while the rule, the file and the tensor do, else the message.
 */
export function sarifLog(notes: readonly CheckNote[], folder: string) {
  const ids = [...new Set([...RULES.keys(), ...notes.map(({ tag }) => tag)])];
  const seen = new Map<string, number>();
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {
          driver: {
            name: 'moe-loom',
            version: VERSION,
            semanticVersion: VERSION,
            rules: ids.map((id) => ruleOf(id)),
          },
        },
        columnKind: 'utf16CodeUnits',
        results: notes.map((note) => {
          const uri = addressOf(note.path ?? folder, folder);
          const print = fingerprint(note, uri);
          const count = (seen.get(print) ?? 0) + 1;
          seen.set(print, count);
          return {
            ruleId: note.tag,
            ruleIndex: ids.indexOf(note.tag),
            level: note.level,
            message: { text: visible(note.message) },
            locations: [locationOf(note, uri)],
            partialFingerprints: { primaryLocationLineHash: `${print}:${count}` },
          };
        }),
      },
    ],
  };
}

function ruleOf(id: string) {
  const { level, meaning } = RULES.get(id) ?? { level: 'error', meaning: id };
  return {
    id,
    shortDescription: { text: meaning },
    help: { text: `${meaning} docs/tags.md of moe-loom lists every tag.` },
    defaultConfiguration: { level },
  };
}

function locationOf({ byte, tensor }: CheckNote, uri: string) {
  return {
    physicalLocation: {
      artifactLocation: { uri, ...(uri.startsWith('file:') ? {} : { uriBaseId: '%SRCROOT%' }) },
      ...(byte === undefined ? {} : { region: { byteOffset: byte } }),
    },
    ...(tensor === undefined ? {} : { logicalLocations: [{ name: visible(tensor), kind: 'member' }] }),
  };
}

function fingerprint({ tag, message, tensor }: CheckNote, uri: string): string {
  return createHash('sha256')
    .update(JSON.stringify([tag, uri, tensor ?? message]))
    .digest('hex')
    .slice(0, 16);
}

/** The path from `folder` down, with slashes; null for what is not in it. */
function below(path: string, folder: string): string | null {
  const found = relative(folder, resolve(folder, path));
  if (isAbsolute(found) || found === '..' || found.startsWith(`..${sep}`)) return null;
  return found.split(sep).join('/');
}

function addressOf(path: string, folder: string): string {
  const found = below(path, folder);
  if (found === null) return pathToFileURL(resolve(folder, path)).href;
  return found === '' ? '.' : found.split('/').map(encodeSegment).join('/');
}

/** What RFC 3986 leaves unreserved stays; a lone surrogate, which no address can hold, becomes U+FFFD. */
function encodeSegment(segment: string): string {
  const wellFormed = segment.replace(/[\ud800-\udbff][\udc00-\udfff]|[\ud800-\udfff]/g, (unit) =>
    unit.length === 2 ? unit : '\ufffd',
  );
  return encodeURIComponent(wellFormed).replace(
    /[!'()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
