import type { NamedFile, SourceDescriptor } from '../../../workers/inspect/protocol.ts';
import { LoomError } from '../../core/index.ts';

/** Files or a folder of this machine. */
export type LocalSource = Extract<SourceDescriptor, { kind: 'files' | 'directory' }>;

/** Files of an input, with the folders that a chosen folder gives them. */
export function chosenFiles(list: FileList): LocalSource {
  const files = [...list].map((file) => ({ path: file.webkitRelativePath || file.name, file }));
  const folder = files[0]?.path.includes('/') ? (files[0].path.split('/')[0] ?? null) : null;
  return asFiles(files, folder);
}

/** @throws LoomError `no-checkpoint`. */
export function asFiles(files: readonly NamedFile[], folder: string | null): LocalSource {
  const [first] = files;
  if (!first)
    throw new LoomError(
      'no-checkpoint',
      'There were no files in what you gave. Give safetensors files, or the folder they are in.',
    );
  const name = folder ?? (files.length === 1 ? first.path : `${files.length} files`);
  return { kind: 'files', name, files };
}
