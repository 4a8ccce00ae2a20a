import { type Emitted, joined, shell } from '../embed/emitted.ts';
import { shellWord } from '../embed/shell.ts';
import type { PublishTarget } from './types.ts';

/** What `hf upload-large-folder` is to upload. */
export interface HfUpload extends PublishTarget {
  /** Path of the folder. */
  readonly folder: string;
  readonly private: boolean;
}

/**
 * The command of huggingface_hub that uploads a folder, resumes where it was stopped, and makes the repository (`hf
 * upload-large-folder REPO_ID LOCAL_PATH --repo-type model [--revision …] [--private]`, version 1.x).
 */
export function hfUploadCommand({ folder, repo, branch, private: hidden }: HfUpload): Emitted<'shell'> {
  // A path that begins with a dash would be read as a flag.
  const path = shellWord(folder.startsWith('-') ? `./${folder}` : folder);
  const words = [
    shell`hf upload-large-folder ${shellWord(repo)} ${path} --repo-type model`,
    ...(branch === 'main' ? [] : [shell`--revision=${shellWord(branch)}`]),
    ...(hidden ? [shell`--private`] : []),
  ];
  return joined(words, ' ');
}
