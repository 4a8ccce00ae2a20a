import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Body, bytesBody, fileBody, readAll, textBody } from './body.ts';

/** `git`: the blob itself; `lfs`, `xet`: a pointer in git, the bytes at the CDN. */
export type StorageKind = 'git' | 'lfs' | 'xet';

export interface RepoFile {
  readonly path: string;
  readonly kind: StorageKind;
  readonly body: Body;
  /** Given for generated bodies, of which some are too long to hash; of the others it is the hash of the bytes. */
  readonly sha256?: (() => string) | undefined;
}

export type Gate = false | 'auto' | 'manual';

/** What a repo is before it is served: give these to `startHub`. */
export interface Repo {
  readonly id: string;
  readonly type?: 'model' | 'dataset' | undefined;
  readonly files: readonly RepoFile[];
  readonly private?: boolean | undefined;
  readonly gated?: Gate | undefined;
  readonly disabled?: boolean | undefined;
  /** Old names; they answer 307 to this one. */
  readonly aliases?: readonly string[] | undefined;
  readonly pipelineTag?: string | undefined;
  readonly libraryName?: string | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly license?: string | undefined;
  /** What the card says that it was made from. */
  readonly baseModel?: string | undefined;
  readonly downloads?: number | undefined;
  readonly likes?: number | undefined;
  /** Further refs beside `main`, for instance `refs/pr/1`, with their files. */
  readonly refs?: Readonly<Record<string, readonly RepoFile[]>> | undefined;
  /** What it is there to show, one line. */
  readonly shows?: string | undefined;
}

/** The Hub keeps a text file in git up to this size. */
const GIT_LIMIT = 10_000_000;
const BINARY = /\.(safetensors|bin|gguf|pt|pth|onnx|h5|msgpack|model|npz)$/;

export function storageOf(path: string, size: number, binary: StorageKind = 'xet'): StorageKind {
  return BINARY.test(path) || size > GIT_LIMIT ? binary : 'git';
}

export function repoFile(path: string, content: string | Uint8Array | Body, kind?: StorageKind): RepoFile {
  const body = toBody(content);
  return { path, body, kind: kind ?? storageOf(path, body.size) };
}

function toBody(content: string | Uint8Array | Body): Body {
  if (typeof content === 'string') return textBody(content);
  return content instanceof Uint8Array ? bytesBody(content) : content;
}

export function jsonFile(path: string, value: unknown): RepoFile {
  return repoFile(path, `${JSON.stringify(value, null, 2)}\n`, 'git');
}

export function hex(algorithm: 'sha1' | 'sha256', ...parts: (string | Uint8Array)[]): string {
  const hash = createHash(algorithm);
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}

/** What a conversion may read whole is listed with its true hash. */
const HASHED_BYTES = 32 * 1024 * 1024;

function hashBody(body: Body): string {
  const step = 8 * 1024 * 1024;
  const hash = createHash('sha256');
  for (let at = 0; at < body.size; at += step) hash.update(body.read(at, Math.min(body.size, at + step)));
  return hash.digest('hex');
}

interface FileIdentity {
  readonly sha256: string;
  readonly xetHash: string;
  readonly oid: string;
}

const identities = new WeakMap<RepoFile, FileIdentity>();

export function pointerText(sha256: string, size: number): string {
  return `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256}\nsize ${size}\n`;
}

function gitOid(bytes: Uint8Array): string {
  return hex('sha1', `blob ${bytes.byteLength}\0`, bytes);
}

/** Hashes of a file, made once. The Xet hash is derived from the sha256: equal files share it, but it is not it. */
export function identityOf(file: RepoFile): FileIdentity {
  const known = identities.get(file);
  if (known !== undefined) return known;
  const sha256 = (file.body.size > HASHED_BYTES ? file.sha256?.() : undefined) ?? hashBody(file.body);
  const blob = file.kind === 'git' ? readAll(file.body) : Buffer.from(pointerText(sha256, file.body.size));
  const identity = { sha256, xetHash: hex('sha256', 'xet', sha256), oid: gitOid(blob) };
  identities.set(file, identity);
  return identity;
}

/** Serves the files of a real folder; weights go to Xet (or `binary`), the rest to git. */
export function folderRepo(
  dir: string,
  id: string,
  options: Partial<Omit<Repo, 'id' | 'files'>> & { binary?: StorageKind } = {},
): Repo {
  const { binary, ...rest } = options;
  const names = readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length).replace(/^\/+/, ''));
  const files = names.sort().map((path): RepoFile => {
    const body = fileBody(join(dir, path));
    return { path, body, kind: storageOf(path, body.size, binary) };
  });
  return { ...rest, id, files };
}
