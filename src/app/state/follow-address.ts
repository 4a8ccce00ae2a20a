import type { SourceDescriptor } from '../../../workers/protocol.ts';
import { HUB_ENDPOINT } from '../../core/index.ts';
import { type Account, accountOf, useAccess } from './access.ts';
import type { Address } from './address.ts';
import { addressStore, go } from './address-store.ts';
import { NO_COMPARISON } from './compare-address.ts';
import { closeSource, openSource, useInspection } from './inspection.ts';
import { isKnownHost, useUnknownHost } from './known-hosts.ts';
import { ALL_TENSORS } from './tensor-address.ts';

type Local = Extract<SourceDescriptor, { kind: 'files' | 'directory' }>;

export const HUB = HUB_ENDPOINT;
let local: Local | null = null;
let shown = '';

/** What an address asks to be opened; null for the start screen. */
export function sourceOf(
  address: Address,
  accounts: Readonly<Record<string, Account>>,
  baseUrl: string,
): SourceDescriptor | null {
  if (address.sample !== null) return { kind: 'sample', id: address.sample, baseUrl };
  if (address.job !== null) return { kind: 'job', job: address.job };
  if (address.repo === null) return null;
  const account = accountOf(accounts, address.endpoint ?? HUB);
  return {
    kind: 'hub',
    reference: referenceOf(address.repo, address.revision, address.path),
    endpoint: address.endpoint,
    ...(account === null ? {} : { token: account.token }),
    ...(account?.always ? { authenticate: 'always' } : {}),
  };
}

/** The parts of an address as one reference that the core reads. */
export function referenceOf(repo: string, revision: string | null, path: string | null): string {
  if (revision === null && path === null) return repo;
  if (path === null) return `${repo}@${revision?.split('/').map(encodeURIComponent).join('/')}`;
  const folder = path.split('/').map(encodeURIComponent).join('/');
  return `hf://${repo}${revision === null ? '' : `@${encodeURIComponent(revision)}`}/${folder}`;
}

/** Opens chosen or dropped files. */
export function openLocal(source: Local): void {
  local = source;
  shown = '';
  const name = source.kind === 'files' ? source.name : source.handle.name;
  go({ ...EMPTY, local: name });
  follow();
}

/** Everything that belongs to one source, left behind when another is opened. */
export const EMPTY = {
  repo: null,
  revision: null,
  path: null,
  sample: null,
  job: null,
  local: null,
  layer: null,
  expert: null,
  target: null,
  unpack: null,
  layers: [],
  tensors: ALL_TENSORS,
  compare: NO_COMPARISON,
} as const satisfies Partial<Address>;

/** Keeps what is open the same as what the address says, from now on. */
export function followAddress(): void {
  addressStore.subscribe(follow);
  useAccess.subscribe(tryOtherAccess);
  useInspection.subscribe(tryOtherAccess);
  follow();
}

/** Opens anew what was refused or came in part, once there is other access to its Hub than it was opened with. */
function tryOtherAccess(): void {
  const { status, source, summary } = useInspection.getState();
  if (source?.kind !== 'hub') return;
  const inPart = status === 'open' && summary?.findings.some(({ tag }) => tag === 'shard-unread');
  if (status !== 'failed' && !inPart) return;
  const account = accountOf(useAccess.getState().accounts, source.endpoint ?? HUB);
  if (account?.token !== source.token) reopen();
}

/** The Hub that a source is read from, where it is another than huggingface.co and was never used here. */
export function unknownHostOf(source: SourceDescriptor | null): string | null {
  const endpoint = source?.kind === 'hub' ? (source.endpoint ?? HUB) : HUB;
  const { accounts } = useAccess.getState();
  return endpoint === HUB || accountOf(accounts, endpoint) !== null || isKnownHost(endpoint) ? null : endpoint;
}

/** Opens what the address says anew: after a token was given. */
export function reopen(): void {
  shown = '';
  follow();
}

function follow(): void {
  const { address } = addressStore.getState();
  const { repo, revision, path, endpoint, sample, job } = address;
  const wanted = JSON.stringify([repo, revision, path, endpoint, sample, job, address.local]);
  if (wanted === shown) return;
  shown = wanted;
  const baseUrl = new URL('samples/', document.baseURI).href;
  const name = local?.kind === 'files' ? local.name : local?.handle.name;
  const source =
    address.local !== null && address.local === name
      ? local
      : sourceOf(address, useAccess.getState().accounts, baseUrl);
  const unknown = unknownHostOf(source);
  useUnknownHost.setState({
    asked: unknown === null ? null : { endpoint: unknown, other: null, leave: { ...EMPTY, endpoint: null } },
  });
  if (source && unknown === null) openSource(source);
  else closeSource();
}
