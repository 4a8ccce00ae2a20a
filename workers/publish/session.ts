import {
  blobFiles,
  checkFolder,
  createPublishJournal,
  type FileSet,
  type PublishJournal,
  type PublishProgress,
  type PublishReport,
  parseProof,
  parsePublishTarget,
  publishFolder,
  REPORT_FILE,
} from '../../src/core/index.ts';
import { openSource } from '../link/sources.ts';
import type { PublishEvent, PublishRequest } from './protocol.ts';

/** Least time between two progress events of one file, in ms. */
const EVENT_MS = 100;
const CARD = 'README.md';

/** What was interrupted, by what was published where: a page that is closed forgets it. */
const journals = new Map<string, PublishJournal>();

/** Publishes a result; see `PublishApi`. */
export async function publish(
  request: PublishRequest,
  onEvent: (event: PublishEvent) => void,
  signal: AbortSignal,
): Promise<PublishReport> {
  const target = parsePublishTarget(request.repo, request.branch);
  const opened = await openSource(request.source, { signal });
  const files = await withCard(opened.files, request.card);
  const entries = await files.list({ signal });
  const names = entries.map(({ name }) => name);
  const proof = names.includes(REPORT_FILE) ? parseProof(await textOf(files, REPORT_FILE, signal), REPORT_FILE) : null;
  const key = JSON.stringify([request.endpoint, target, files.identity]);
  const journal = journals.get(key) ?? createPublishJournal();
  journals.set(key, journal);
  const report = await publishFolder({
    target,
    files,
    folder: checkFolder(files.identity, entries, names, proof),
    journal,
    message: 'Upload a checkpoint converted with moe-loom',
    private: request.private,
    ...(request.endpoint === null ? {} : { endpoint: request.endpoint }),
    token: request.token,
    signal,
    onProgress: createTeller(onEvent),
    onPause: (pause) => onEvent({ type: 'pause', pause }),
  });
  journals.delete(key);
  return report;
}

/** The files with a card, where they have none. */
async function withCard(files: FileSet, card: string | null): Promise<FileSet> {
  const entries = await files.list();
  if (card === null || entries.some(({ name }) => name === CARD)) return files;
  const added = blobFiles(CARD, [{ path: CARD, file: new File([card], CARD, { lastModified: 0 }) }]);
  return {
    ...files,
    list: async (options) => [...(await files.list(options)), ...(await added.list(options))],
    open: (name, options) => (name === CARD ? added : files).open(name, options),
  };
}

async function textOf(files: FileSet, name: string, signal: AbortSignal): Promise<string> {
  const source = await files.open(name, { signal });
  try {
    return new TextDecoder().decode(await source.read({ start: 0, end: source.byteLength }, { signal }));
  } finally {
    await source.dispose?.();
  }
}

function createTeller(onEvent: (event: PublishEvent) => void): (progress: PublishProgress) => void {
  let last: PublishProgress | null = null;
  let told = 0;
  return (progress) => {
    const now = performance.now();
    const same = last?.phase === progress.phase && last.file === progress.file;
    last = progress;
    if (same && now - told < EVENT_MS && progress.done !== progress.total) return;
    told = now;
    onEvent({ type: 'progress', progress });
  };
}
