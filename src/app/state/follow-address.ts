import type { SourceDescriptor } from '../../../workers/inspect/protocol.ts';
import { HUB_ENDPOINT } from '../../core/index.ts';
import { type Account, accountOf, useAccess } from './access/access.ts';
import { isKnownHost, useUnknownHost } from './access/known-hosts.ts';
import type { Address } from './address.ts';
import { addressStore, go, move } from './address-store.ts';
import { NOTHING_CARRIED, useCarried } from './carried.ts';
import { NO_COMPARISON } from './compare-address.ts';
import { closeSource, type InspectionState, openSource, useInspection } from './inspection.ts';
import { NO_PLACE } from './seen/place.ts';
import { remember } from './seen/recents.ts';
import { ALL_TENSORS } from './tensor-address.ts';

type Local = Extract<SourceDescriptor, { kind: 'files' | 'directory' }>;

export const HUB = HUB_ENDPOINT;
let local: Local | null = null;
let shown = '';
/** The source that was opened last, also when it is opened again. */
let last = '';
/** True once a source was asked for in this page. */
let openedBefore = false;

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
  last = '';
  const name = source.kind === 'files' ? source.name : source.handle.name;
  go({ ...EMPTY, local: name });
  follow();
}

/**
 * Everything that belongs to one source and is cleared when another is opened. How to convert is kept: target, unpacking,
 * engine.
 */
export const EMPTY = {
  repo: null,
  revision: null,
  path: null,
  sample: null,
  job: null,
  local: null,
  compat: null,
  layer: null,
  expert: null,
  program: null,
  layers: [],
  tensors: ALL_TENSORS,
  compare: NO_COMPARISON,
  place: NO_PLACE,
} as const satisfies Partial<Address>;

/** From now on, opens what the address names whenever that changes. */
export function followAddress(): void {
  addressStore.subscribe(follow);
  useAccess.subscribe(tryOtherAccess);
  useInspection.subscribe(tryOtherAccess);
  useInspection.subscribe(rememberOpened);
  follow();
}

/** Lists a repo among the recent ones, once it was read. */
function rememberOpened({ status }: InspectionState, before: InspectionState): void {
  const { address } = addressStore.getState();
  if (status === 'open' && before.status !== 'open' && address.repo !== null) remember(address);
}

/** Opens the checkpoint again when it was refused or is incomplete and the access to its Hub has changed since. */
function tryOtherAccess(): void {
  const { status, source, summary } = useInspection.getState();
  if (source?.kind !== 'hub') return;
  const inPart = status === 'open' && summary?.findings.some(({ tag }) => tag === 'shard-unread');
  if (status !== 'failed' && !inPart) return;
  const account = accountOf(useAccess.getState().accounts, source.endpoint ?? HUB);
  if (account?.token !== source.token) reopen();
}

/** The Hub of a source, if it is not huggingface.co and was never used in this browser; else null. */
export function unknownHostOf(source: SourceDescriptor | null): string | null {
  const endpoint = source?.kind === 'hub' ? (source.endpoint ?? HUB) : HUB;
  const { accounts } = useAccess.getState();
  return endpoint === HUB || accountOf(accounts, endpoint) !== null || isKnownHost(endpoint) ? null : endpoint;
}

/** Opens what the address says once more, for example after a token was given. */
export function reopen(): void {
  shown = '';
  follow();
}

/**
 * Marks what the address keeps of how an earlier source was to be converted. For a program, the layout is chosen again; a
 * reading of the earlier source says nothing about this one.
 */
function carryOver({ target, unpack, convert }: Address): void {
  useCarried.setState(openedBefore ? { target, unpack: unpack !== null, dropped: [] } : NOTHING_CARRIED);
  if (!openedBefore) return;
  if (convert.for !== null && target !== null) move({ target: null });
  if (convert.assume !== null) move({ convert: { ...convert, assume: null } });
}

function follow(): void {
  const { address } = addressStore.getState();
  const { repo, revision, path, endpoint, sample, job } = address;
  const wanted = JSON.stringify([repo, revision, path, endpoint, sample, job, address.local]);
  if (wanted === shown) return;
  shown = wanted;
  if (wanted !== last) carryOver(address);
  last = wanted;
  const baseUrl = new URL('samples/', document.baseURI).href;
  const name = local?.kind === 'files' ? local.name : local?.handle.name;
  const source =
    address.local !== null && address.local === name
      ? local
      : sourceOf(address, useAccess.getState().accounts, baseUrl);
  openedBefore ||= source !== null;
  const unknown = unknownHostOf(source);
  useUnknownHost.setState({
    asked: unknown === null ? null : { endpoint: unknown, other: null, leave: { ...EMPTY, endpoint: null } },
  });
  if (source && unknown === null) openSource(source);
  else closeSource();
}
