import { LoomError, throwIfAborted } from '../errors.ts';
import { openLocal } from '../source/folder.node.ts';
import type { FileSet } from '../source/types.ts';
import { assertOnly, type ClaimedFolder, claimFolder } from './claim.node.ts';
import { createFolderFile, removeOwn, removeTemporary, standingOf } from './folder-file.node.ts';
import { createLedger, type Ledger } from './ledger.node.ts';
import type { Leftovers, Sink, SinkFile } from './types.ts';
import { failed } from './write-failed.node.ts';

/**
 * A folder to write to: absent or empty; neither `source` nor inside it. No other process can write there until it is closed
 * or discarded.
 *
 * @throws LoomError `output-not-empty`, `output-in-use`, `output-inside-source`, `write-failed`.
 */
export async function createFolderSink(path: string, source?: string): Promise<Sink> {
  return newFolderSink(await claimFolder(path, true, source));
}

/** The sink of a claimed folder that holds nothing yet. */
export function newFolderSink(claim: ClaimedFolder): Sink {
  return sinkOf(claim, createLedger(claim.root), []);
}

/**
 * The sink of a folder that an earlier run left something in. What that run finished is adopted, what else it wrote is removed.
 *
 * @throws LoomError `output-not-empty` when the folder holds a file that it did not write: then nothing is removed. The claim is
 * then the caller's to give back.
 */
export async function reopenFolderSink(claim: ClaimedFolder, leftovers: Leftovers): Promise<Sink> {
  const ledger = createLedger(claim.root);
  await removeLeftovers(claim.root, leftovers, ledger);
  return sinkOf(claim, ledger, leftovers.finished);
}

function sinkOf({ root, unlock, giveBack }: ClaimedFolder, ledger: Ledger, finished: readonly string[]): Sink {
  const written = new Set<string>(finished);
  const unfinished = new Set<SinkFile>();
  const abort = async () => {
    for (const file of unfinished) await file.abort();
    unfinished.clear();
  };
  return {
    identity: root,
    create: async (name, byteLength, options) => {
      throwIfAborted(options?.signal);
      const file = await createFolderFile(root, name, byteLength, ledger, () => {
        unfinished.delete(file);
        written.add(name);
      });
      unfinished.add(file);
      return file;
    },
    adopt: async (name) => {
      written.add(name);
      await ledger.adopt(name);
    },
    remove: async (name) => {
      await removeOwn(root, name, ledger);
      written.delete(name);
    },
    files: () => lazySet(root),
    discard: async () => {
      await abort();
      // What has taken the place of a file of ours stays.
      for (const name of written) await removeOwn(root, name, ledger).catch(() => undefined);
      written.clear();
      await giveBack();
    },
    close: async () => {
      await abort();
      await unlock();
    },
  };
}

/** Removes nothing unless all that would be removed was written by this program. */
async function removeLeftovers(root: string, { finished, planned }: Leftovers, ledger: Ledger): Promise<void> {
  await assertOnly(root, planned);
  const begun = planned.filter((name) => !finished.includes(name));
  for (const name of begun) {
    if ((await standingOf(root, name, ledger)) !== 'foreign') continue;
    const message = `${name} in ${root} was not written by this conversion, or was replaced since. It is not removed: move it out of the folder, then run again.`;
    throw new LoomError('output-not-empty', message, { file: name });
  }
  for (const name of planned) await removeTemporary(root, name).catch((cause) => failed(name, cause));
  for (const name of begun) await removeOwn(root, name, ledger).catch((cause) => failed(name, cause));
}

/** The written folder as a set; opened at use, since it may not exist before the first write. */
function lazySet(root: string): FileSet {
  return {
    identity: root,
    list: async (options) => (await openLocal(root)).list(options),
    open: async (name, options) => (await openLocal(root)).open(name, options),
  };
}
