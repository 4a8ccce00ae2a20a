import * as v from 'valibot';
import { LoomError } from '../errors.ts';
import { MB } from '../units.ts';
import { isListedPath, isNamePart } from './names.ts';

/** A listing of 100,000 files, the most that the Hub advises, has about 40 MB. */
export const MAX_INFO_BYTES = 128 * MB;

const size = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const gitId = v.pipe(v.string(), v.regex(/^[0-9a-f]{40}$/, 'is not a git id of 40 digits'));
const sha256 = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/, 'is not a sha256'));
const repoPath = v.pipe(v.string(), v.check(isListedPath, 'is not a path inside a repository'));
const repoName = v.pipe(v.string(), v.check(isRepoName, 'is not the name of a repository'));

function isRepoName(id: string): boolean {
  return id.split('/').length <= 2 && id.split('/').every(isNamePart);
}

/** The card is written by people: what is not a name of a repository there is left out, and refuses nothing. */
const cardSchema = v.fallback(
  v.nullish(v.object({ base_model: v.nullish(v.union([v.string(), v.array(v.unknown())])) })),
  null,
);

const infoSchema = v.object({
  id: repoName,
  sha: v.pipe(v.string(), v.regex(/^[0-9a-f]{40}$/, 'is not a commit of 40 digits')),
  private: v.optional(v.boolean(), false),
  gated: v.optional(v.union([v.literal(false), v.literal('auto'), v.literal('manual')]), false),
  disabled: v.optional(v.nullable(v.boolean())),
  cardData: cardSchema,
  siblings: v.nullish(
    v.array(
      v.object({
        rfilename: repoPath,
        // Caches of the Hub leave sizes out at times; then the file tree has them.
        size: v.nullish(size),
        blobId: v.nullish(gitId),
        lfs: v.nullish(v.object({ sha256, size })),
      }),
    ),
    [],
  ),
});

const treeSchema = v.array(
  v.object({
    type: v.string(),
    path: repoPath,
    size: v.nullish(size),
    oid: v.nullish(gitId),
    lfs: v.nullish(v.object({ oid: sha256, size })),
  }),
);

/** Who may read the files: everyone, whoever accepts the terms, or whom the authors let in. */
export type HubGate = false | 'auto' | 'manual';

export interface ListedFile {
  /** Path from the root of the repository. */
  readonly path: string;
  readonly byteLength: number;
  /** Known for files in large-file storage, which weights are. */
  readonly sha256: string | null;
  /** Git's id of the content, or of the pointer to it, where the listing tells. */
  readonly gitOid: string | null;
}

/** A model as the Hub describes it at one commit. */
export interface ModelInfo {
  readonly id: string;
  readonly commit: string;
  readonly private: boolean;
  readonly gated: HubGate;
  readonly disabled: boolean;
  /** Models that its card names as those it was made from. */
  readonly baseModels: readonly string[];
  readonly files: readonly ListedFile[];
  /** Files that it names without a size: what is known of them has to come from the file tree. */
  readonly unsized: number;
}

/** Checks what `/api/models/{repo}/revision/{revision}?blobs=true` gave. @throws LoomError `answer-invalid`. */
export function parseModelInfo(json: unknown): ModelInfo {
  const parsed = v.safeParse(infoSchema, json, { abortEarly: true });
  if (!parsed.success) throw unexpected(whatIsWrong(parsed.issues[0]));
  const { id, sha, siblings, disabled, gated, private: hidden, cardData } = parsed.output;
  const paths = new Set(siblings.map(({ rfilename }) => rfilename));
  if (paths.size !== siblings.length) throw unexpected('it lists a file twice');
  const files = siblings.flatMap(({ rfilename: path, size: byteLength, lfs, blobId }) => {
    if (byteLength === null || byteLength === undefined) return [];
    if (lfs && lfs.size !== byteLength) throw unexpected(`it gives two sizes for ${path}`);
    return [{ path, byteLength, sha256: lfs?.sha256 ?? null, gitOid: blobId ?? null }];
  });
  const unsized = siblings.length - files.length;
  const baseModels = baseModelsOf(cardData?.base_model, id);
  return { id, commit: sha, private: hidden, gated, disabled: disabled ?? false, baseModels, files, unsized };
}

/** More are those of a merge. */
const MOST_BASE_MODELS = 4;

function baseModelsOf(told: unknown, id: string): readonly string[] {
  const all = Array.isArray(told) ? told : [told];
  const names = all.filter((name): name is string => typeof name === 'string' && isRepoName(name) && name !== id);
  return [...new Set(names)].slice(0, MOST_BASE_MODELS);
}

/** Checks a page of what `/api/models/{repo}/tree/{commit}?recursive=true` gave. @throws LoomError `answer-invalid`. */
export function parseTree(json: unknown): readonly ListedFile[] {
  const parsed = v.safeParse(treeSchema, json, { abortEarly: true });
  if (!parsed.success) throw unexpected(whatIsWrong(parsed.issues[0]), 'file tree');
  return parsed.output.flatMap(({ type, path, size: byteLength, oid, lfs }) => {
    if (type !== 'file') return [];
    if (byteLength === null || byteLength === undefined) throw unexpected(`it gives no size for ${path}`, 'file tree');
    if (lfs && lfs.size !== byteLength) throw unexpected(`it gives two sizes for ${path}`, 'file tree');
    return [{ path, byteLength, sha256: lfs?.oid ?? null, gitOid: oid ?? null }];
  });
}

function whatIsWrong(issue: v.BaseIssue<unknown>): string {
  const where = v.getDotPath(issue) ?? 'the whole';
  return `${where} ${issue.type === 'check' || issue.type === 'regex' ? issue.message : 'is missing or of another type'}`;
}

function unexpected(what: string, thing = 'listing'): LoomError {
  const message = `The ${thing} of the repository is not what the Hub's interface promises: ${what}. Check the address of the Hub, or try a newer version of this program.`;
  return new LoomError('answer-invalid', message);
}
