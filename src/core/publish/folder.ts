import * as v from 'valibot';
import { LoomError } from '../errors.ts';
import type { FileEntry } from '../source/types.ts';

const Sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
/** What a publication goes by in `moe-loom-report.json`; a report that lacks it proves nothing. */
const Report = v.object({
  scope: v.picklist(['whole', 'mixed', 'partial']),
  shards: v.array(v.string()),
  verified: v.object({ equal: v.literal(true) }),
  sha256: v.nullish(v.record(v.string(), Sha256)),
});

/** What the report of a conversion states of a folder. */
export interface Proof {
  readonly shards: readonly string[];
  /** True where only some layers were converted. */
  readonly partial: boolean;
  /** SHA-256 of shards, where the conversion was asked for it. */
  readonly sha256: Readonly<Record<string, string>>;
}

/** A folder that may be published. */
export interface PublishFolder {
  /** The files that go: all that a checkpoint's folder lists. */
  readonly files: readonly FileEntry[];
  readonly bytes: number;
  readonly proof: Proof | null;
  /** Sentences on what a reader of the repository will miss. */
  readonly notes: readonly string[];
}

/** Marks of work that has not ended: journals, locks and records of this program, shards that are being written, downloads. */
const UNFINISHED =
  /(^|\/)\.moe-loom-|\.moe-loom-part$|\.safetensors\.(aria2|incomplete|part|partial|crdownload|download|tmp)$/;

/**
 * Reads the report of a conversion. @throws LoomError `verify-failed` for one that proves nothing.
 */
export function parseProof(text: string, file: string): Proof {
  const read = v.safeParse(Report, parsed(text));
  if (!read.success)
    throw new LoomError(
      'verify-failed',
      `${file} does not say that the conversion was proven equal: it was changed, or it comes from another program. Convert again, or delete the file to publish without a proof.`,
      { file },
    );
  const { shards, scope, sha256 } = read.output;
  return { shards, partial: scope === 'partial', sha256: sha256 ?? {} };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * Decides whether a folder may be published: finished, with weights, and with every shard that its report names.
 *
 * `names`: everything in the folder, hidden names too.
 * @throws LoomError `output-unfinished`, `no-checkpoint`, `index-shard-missing`.
 */
export function checkFolder(
  folder: string,
  entries: readonly FileEntry[],
  names: readonly string[],
  proof: Proof | null,
): PublishFolder {
  const open = names.find((name) => UNFINISHED.test(name));
  if (open !== undefined)
    throw new LoomError(
      'output-unfinished',
      `${folder} is not finished: ${open} belongs to work that has not ended. Let the conversion or download end, or run it again with --resume, then publish.`,
      { file: open },
    );
  const here = new Set(entries.map(({ name }) => name));
  if (![...here].some((name) => name.endsWith('.safetensors')))
    throw new LoomError('no-checkpoint', `${folder} has no safetensors file, so there is no model to publish.`);
  const missing = proof?.shards.find((name) => !here.has(name));
  if (missing !== undefined)
    throw new LoomError(
      'index-shard-missing',
      `${missing} is missing: the report of the conversion names it. Nothing was published. Convert again, or copy the file into ${folder}.`,
      { file: missing },
    );
  return {
    files: entries,
    bytes: entries.reduce((sum, { byteLength }) => sum + byteLength, 0),
    proof,
    notes: notesOn(here, proof),
  };
}

function notesOn(here: ReadonlySet<string>, proof: Proof | null): string[] {
  const unproven = proof === null ? [] : proof.shards.filter((name) => proof.sha256[name] === undefined);
  return [
    ...(proof === null ? ['The folder has no moe-loom-report.json: nothing states that its weights were proven.'] : []),
    ...(proof !== null && unproven.length > 0
      ? [
          'The report states no SHA-256 of the shards, so their bytes cannot be compared with those that were proven. `convert --sha256` writes them.',
        ]
      : []),
    ...(proof?.partial ? ['The folder holds only some layers of the model. Programs cannot load it as a model.'] : []),
    ...(here.has('README.md') ? [] : ['The folder has no README.md (model card). `convert --card` writes one.']),
    ...(here.has('config.json') ? [] : ['The folder has no config.json. Most programs need it to load the model.']),
  ];
}
