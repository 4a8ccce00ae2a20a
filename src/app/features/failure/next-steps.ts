import type { SourceDescriptor } from '../../../../workers/inspect/protocol.ts';
import type { ErrorTag, LoomError } from '../../../core/index.ts';

/** What a person can do now: each is a button. */
export type NextStep =
  | 'reload'
  | 'main-revision'
  | 'retry'
  | 'model-page'
  | 'access'
  | 'other-source'
  | 'choose-files'
  | 'allow-folder'
  | 'stored-results';

export interface Advice {
  readonly title: string;
  /** What can be done outside of this page; null where the message says it. */
  readonly hint: string | null;
  readonly steps: readonly NextStep[];
}

const TITLES: Partial<Record<ErrorTag, string>> = {
  'repo-reference-invalid': 'This is not the name of a model.',
  'repo-not-found': 'This repo does not exist, or it is private.',
  'revision-not-found': 'The repo does not have this revision.',
  'repo-gated': 'This repo is gated: its authors decide who may read it.',
  'repo-disabled': 'The Hub has disabled this repo.',
  'access-denied': 'The token does not allow reading this repo.',
  'token-rejected': 'The Hub did not accept the token.',
  'path-not-found': 'The file or folder does not exist.',
  'rate-limited': 'The Hub asks for fewer requests.',
  'server-error': 'The Hub could not answer.',
  network: 'The server did not answer.',
  'lfs-pointer': 'The weights were not downloaded.',
  'no-checkpoint': 'There are no safetensors files here.',
  'lora-adapter': 'This is an adapter, not a model.',
  'part-not-loaded': 'A part of this page could not be loaded.',
  cancelled: 'Opening was cancelled.',
  internal: 'moe-loom failed.',
  'permission-lost': 'The browser no longer allows reading this folder.',
  'source-changed': 'The files changed while they were read.',
};

const HINTS: Partial<Record<ErrorTag, string>> = {
  'lfs-pointer':
    'Run "git lfs pull" in the folder, or download the files again with "hf download". Then open them again.',
};

const ASKS_FOR_ACCESS: ReadonlySet<ErrorTag> = new Set([
  'repo-not-found',
  'repo-gated',
  'access-denied',
  'token-rejected',
]);
const ABOUT_THE_PAGE: ReadonlySet<ErrorTag> = new Set([
  'repo-not-found',
  'revision-not-found',
  'repo-gated',
  'repo-disabled',
  'access-denied',
  'path-not-found',
  'lora-adapter',
  'no-checkpoint',
]);

/** The same for the result of a conversion, which a link names. */
const JOB_TITLES: Partial<Record<ErrorTag, string>> = {
  'path-not-found': 'This browser does not have this result.',
  'permission-lost': 'The browser asks before it reads this folder again.',
};

/** A title for an error, and the steps that may help, the likeliest first. */
export function adviceFor(error: LoomError, source: SourceDescriptor | null): Advice {
  const local = source?.kind === 'files' || source?.kind === 'directory';
  const { tag } = error;
  const steps: NextStep[] = [];
  if (tag === 'part-not-loaded') steps.push('reload');
  if (error.retryable || tag === 'cancelled' || tag === 'internal') steps.push('retry');
  if (source?.kind === 'hub' && tag === 'revision-not-found') steps.push('main-revision');
  if (source?.kind === 'hub' && ABOUT_THE_PAGE.has(tag)) steps.push('model-page');
  if (source?.kind === 'hub' && ASKS_FOR_ACCESS.has(tag)) steps.push('access');
  if (source?.kind === 'job' && tag === 'permission-lost') steps.push('allow-folder');
  if (source?.kind === 'job') steps.push('stored-results');
  if (local) steps.push('choose-files');
  steps.push('other-source');
  const ofJob = source?.kind === 'job' ? JOB_TITLES[tag] : undefined;
  const title = ofJob ?? TITLES[tag] ?? (local ? 'These files cannot be read.' : 'This checkpoint cannot be read.');
  return { title, hint: HINTS[tag] ?? null, steps };
}
