import * as v from 'valibot';
import { retrying } from '../remote/retry.ts';
import { fetchJson } from '../source/http.ts';
import { MB } from '../units.ts';
import { createClient, type HubClientOptions } from './client.ts';
import { isNamePart } from './names.ts';
import { parseRepoReference, type RepoReference } from './reference.ts';

/** The Hub is asked for so many names, of which the most similar are offered. */
const ASKED = 50;
const OFFERED = 5;
const MAX_SEARCH_BYTES = 4 * MB;

const foundSchema = v.array(v.object({ id: v.string() }));

/**
 * Models whose names are like one that was not found, the most similar first: one request, which the Hub's own search
 * answers.
 *
 * @throws LoomError as `openHubRepo`, `answer-invalid`.
 */
export async function findLikely(
  reference: RepoReference | string,
  options: HubClientOptions & { readonly signal?: AbortSignal | undefined } = {},
): Promise<readonly string[]> {
  const wanted = typeof reference === 'string' ? parseRepoReference(reference, options.endpoint) : reference;
  const client = createClient(wanted, options);
  try {
    const { question, gate, retries, onRetry, access } = client;
    const text = searchText(question.repo);
    const url = `${question.endpoint}/api/models?search=${encodeURIComponent(text)}&limit=${ASKED}&sort=downloads`;
    const ask = () =>
      access.run((signedIn) => {
        const http = client.http('api', `the search for "${text}"`, { ...question, signedIn });
        return fetchJson({ ...http, url, limit: MAX_SEARCH_BYTES, signal: options.signal });
      });
    const found = v.safeParse(foundSchema, await retrying(ask, { gate, retries, onRetry }, options.signal));
    return found.success ? mostSimilar(question.repo, idsOf(found.output)) : [];
  } finally {
    client.dispose();
  }
}

function idsOf(found: v.InferOutput<typeof foundSchema>): readonly string[] {
  return found.map(({ id }) => id).filter((id) => id.split('/').length === 2 && id.split('/').every(isNamePart));
}

/**
 * What to search for: the first half of the name's words, since a search finds parts of names and the mistake is as
 * likely in any word: `Qwen3-30B` of `org/Qwen3-30B-A3B-Instuct`.
 */
export function searchText(repo: string): string {
  const name = repo.slice(repo.indexOf('/') + 1);
  const words = name.split(/[-_]/);
  const kept =
    words.slice(0, Math.ceil(words.length / 2)).join('').length < 3
      ? words
      : words.slice(0, Math.ceil(words.length / 2));
  return name.slice(0, kept.join('-').length);
}

/** The names of `ids` that differ least from `wanted`, whatever their case. */
export function mostSimilar(wanted: string, ids: readonly string[]): readonly string[] {
  const ranked = [...new Set(ids)]
    .filter((id) => id !== wanted)
    .map((id) => ({ id, far: distance(wanted.toLowerCase(), id.toLowerCase()) }));
  return ranked
    .sort((a, b) => a.far - b.far)
    .slice(0, OFFERED)
    .map(({ id }) => id);
}

/** Characters to insert, remove or replace. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + same));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
