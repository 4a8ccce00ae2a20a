import { readAll } from './body.ts';
import { badRequest, problemReply } from './errors.ts';
import { type Exchange, jsonReply, type Reply } from './exchange.ts';
import { identityOf, pointerText, type RepoFile } from './repo.ts';
import { type Commit, mainCommit, type StoredRepo } from './store.ts';

const EXPAND_KEYS = [
  'author',
  'baseModels',
  'cardData',
  'config',
  'createdAt',
  'disabled',
  'downloads',
  'downloadsAllTime',
  'evalResults',
  'gated',
  'inference',
  'inferenceProviderMapping',
  'lastModified',
  'library_name',
  'likes',
  'mask_token',
  'model-index',
  'pipeline_tag',
  'private',
  'safetensors',
  'sha',
  'siblings',
  'spaces',
  'tags',
  'transformersInfo',
  'trendingScore',
  'widgetData',
  'gguf',
  'resourceGroup',
  'xetEnabled',
  'childrenModelCount',
  'usedStorage',
] as const;
type ExpandKey = (typeof EXPAND_KEYS)[number];

const DEFAULT_KEYS: readonly ExpandKey[] = [
  'author',
  'sha',
  'private',
  'gated',
  'disabled',
  'lastModified',
  'createdAt',
  'pipeline_tag',
  'library_name',
  'tags',
  'downloads',
  'likes',
  'cardData',
  'config',
  'siblings',
  'safetensors',
  'spaces',
  'usedStorage',
];

interface SafetensorsSummary {
  readonly parameters: Record<string, number>;
  readonly total: number;
}

/** The Hub reads no longer header than this. */
const HEADER_LIMIT = 25_000_000;
const summaries = new WeakMap<Commit, SafetensorsSummary | null>();

function countHeader(file: RepoFile, parameters: Record<string, number>): void {
  const { body } = file;
  const head = body.read(0, Math.min(8, body.size));
  const length = Number(Buffer.from(head).readBigUInt64LE());
  if (length > HEADER_LIMIT || 8 + length > body.size) throw new Error('bad header length');
  const header = JSON.parse(Buffer.from(body.read(8, 8 + length)).toString('utf8')) as Record<string, unknown>;
  for (const [name, info] of Object.entries(header)) {
    if (name === '__metadata__') continue;
    const { dtype, shape } = info as { dtype: string; shape: number[] };
    parameters[dtype] = (parameters[dtype] ?? 0) + shape.reduce((product, dim) => product * dim, 1);
  }
}

function summarise(commit: Commit): SafetensorsSummary | null {
  const known = summaries.get(commit);
  if (known !== undefined) return known;
  const parameters: Record<string, number> = {};
  let summary: SafetensorsSummary | null = null;
  try {
    const shards = [...commit.files.values()].filter((file) => file.path.endsWith('.safetensors'));
    for (const shard of shards) countHeader(shard, parameters);
    const total = Object.values(parameters).reduce((sum, count) => sum + count, 0);
    if (shards.length > 0) summary = { parameters, total };
  } catch {
    // As on the Hub: a repo whose headers cannot be read has no summary.
  }
  summaries.set(commit, summary);
  return summary;
}

function configSummary(commit: Commit): unknown {
  const file = commit.files.get('config.json');
  if (file === undefined) return undefined;
  try {
    const config = JSON.parse(Buffer.from(readAll(file.body)).toString('utf8')) as Record<string, unknown>;
    const { architectures, model_type, quantization_config } = config;
    return { architectures, model_type, quantization_config };
  } catch {
    return undefined;
  }
}

function sibling(file: RepoFile, blobs: boolean): unknown {
  if (!blobs) return { rfilename: file.path };
  const { oid, sha256 } = identityOf(file);
  const { size } = file.body;
  const base = { rfilename: file.path, size, blobId: oid };
  if (file.kind === 'git') return base;
  return { ...base, lfs: { sha256, size, pointerSize: pointerText(sha256, size).length } };
}

function usedStorage(commit: Commit): number {
  let sum = 0;
  for (const file of commit.files.values()) sum += file.body.size;
  return sum;
}

function cardData({ repo }: StoredRepo): unknown {
  return {
    license: repo.license,
    library_name: repo.libraryName,
    pipeline_tag: repo.pipelineTag,
    base_model: repo.baseModel,
  };
}

function repoField(stored: StoredRepo, key: ExpandKey): unknown {
  const { repo } = stored;
  if (key === 'author') return repo.id.includes('/') ? repo.id.split('/')[0] : undefined;
  if (key === 'private') return repo.private ?? false;
  if (key === 'gated') return repo.gated ?? false;
  if (key === 'disabled') return repo.disabled ?? false;
  if (key === 'createdAt') return [...stored.commits.values()][0]?.date;
  if (key === 'pipeline_tag') return repo.pipelineTag;
  if (key === 'library_name') return repo.libraryName;
  if (key === 'tags') return [...(repo.tags ?? []), 'region:us'];
  if (key === 'downloads' || key === 'downloadsAllTime') return repo.downloads ?? 0;
  if (key === 'likes') return repo.likes ?? 0;
  if (key === 'spaces' || key === 'evalResults') return [];
  if (key === 'trendingScore' || key === 'childrenModelCount') return 0;
  if (key === 'cardData') return cardData(stored);
  return undefined;
}

function infoField(stored: StoredRepo, commit: Commit, key: ExpandKey, blobs: boolean): unknown {
  if (key === 'sha') return commit.sha;
  if (key === 'lastModified') return mainCommit(stored).date;
  if (key === 'siblings') return [...commit.files.values()].map((file) => sibling(file, blobs));
  if (key === 'safetensors') return summarise(commit) ?? undefined;
  if (key === 'config') return configSummary(commit);
  if (key === 'usedStorage') return usedStorage(commit);
  if (key === 'xetEnabled') return [...commit.files.values()].some((file) => file.kind === 'xet');
  return repoField(stored, key);
}

function isExpandKey(key: string): key is ExpandKey {
  return (EXPAND_KEYS as readonly string[]).includes(key);
}

function badExpand(unknown: readonly string[]): Reply {
  const valid = EXPAND_KEYS.join(', ');
  const message = `Invalid expand value: ${unknown.join(', ')}. Must be one of: ${valid}`;
  return problemReply(badRequest(message), 'json');
}

export function infoReply(exchange: Exchange, stored: StoredRepo, commit: Commit): Reply {
  const { query } = exchange;
  const expand = [...query.getAll('expand'), ...query.getAll('expand[]')].flatMap((value) => value.split(','));
  const unknown = expand.filter((key) => !isExpandKey(key));
  if (unknown.length > 0) return badExpand(unknown);
  const blobs = query.get('blobs') === 'true' || query.get('blobs') === '1';
  if (expand.length > 0 && (blobs || query.has('securityStatus'))) {
    return problemReply(badRequest('"expand" excludes "blobs" and "securityStatus"'), 'json');
  }
  const keys = expand.length > 0 ? expand.filter(isExpandKey) : DEFAULT_KEYS;
  const { id } = stored.repo;
  const info: Record<string, unknown> = { _id: stored._id, id };
  if (expand.length === 0) info.modelId = id;
  for (const key of keys) info[key] = infoField(stored, commit, key, blobs);
  return jsonReply(200, info);
}

/** `GET /api/models`: public repos whose name holds the search text. */
export function searchReply(exchange: Exchange, repos: readonly StoredRepo[]): Reply {
  const text = exchange.query.get('search')?.toLowerCase() ?? '';
  const limit = Number(exchange.query.get('limit') ?? 1000) || 1000;
  const hits = repos.filter(({ repo }) => !repo.private && repo.id.toLowerCase().includes(text)).slice(0, limit);
  const keys = ['private', 'gated', 'likes', 'downloads', 'tags', 'pipeline_tag', 'library_name', 'createdAt'] as const;
  const list = hits.map((stored) => {
    const fields = Object.fromEntries(keys.map((key) => [key, repoField(stored, key)]));
    const { id } = stored.repo;
    return { _id: stored._id, id, modelId: id, ...fields, lastModified: mainCommit(stored).date };
  });
  return jsonReply(200, list);
}
