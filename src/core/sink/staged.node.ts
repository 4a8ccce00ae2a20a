import { open, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { openLocal } from '../source/folder.node.ts';
import type { FileSet } from '../source/types.ts';
import { writtenFile } from './folder-file.node.ts';
import type { Sink } from './types.ts';
import { failed } from './write-failed.node.ts';

/** Where files of a folder that several machines write to are made, until each is proven and gets its name. */
export const PARTS_FOLDER = '.moe-loom-parts';
const ENDING = '.tmp';

/** `tag` names host, part and run, so that two machines never write the same file. */
export function stagedPath(root: string, name: string, tag: string): string {
  return join(root, PARTS_FOLDER, `${name}.${tag}${ENDING}`);
}

/** True for what a run with this token was writing. */
export function isStagedBy(name: string, token: string): boolean {
  return name.endsWith(`.${token}${ENDING}`);
}

/** What runners write to where a shard gets its name only once it is proven: `files` gives what was written so far. */
export function createStagedSink(root: string, tag: string): Pick<Sink, 'create' | 'files' | 'remove'> {
  return {
    create: async (name, byteLength) => {
      const temporary = stagedPath(root, name, tag);
      const handle = await open(temporary, 'w').catch((cause) => failed(name, cause));
      return writtenFile({ handle, temporary, name, byteLength }, async () => undefined);
    },
    files: (): FileSet => ({
      identity: root,
      list: async () => [],
      open: async (name, options) => {
        const path = stagedPath(root, name, tag);
        return (await openLocal(path, { alone: true })).open(basename(path), options);
      },
    }),
    remove: (name) => rm(stagedPath(root, name, tag), { force: true }),
  };
}
