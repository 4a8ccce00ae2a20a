/** Where a folder is published: a model's repository on a Hub, and the branch of it. */
export interface PublishTarget {
  /** `org/name`. */
  readonly repo: string;
  readonly branch: string;
}

/** How the Hub keeps a file: in large-file storage by its SHA-256, or in git itself. */
export type Storage = 'lfs' | 'git';

/** A file as it is published. */
export interface PublishedFile {
  readonly file: string;
  readonly bytes: number;
  readonly storage: Storage;
  /** SHA-256 in hex; null for a file in git, which git's own hash names. */
  readonly sha256: string | null;
  /** What became of it: in the new commit, or at the head of the branch already. */
  readonly state: 'committed' | 'unchanged';
}

/** How far a publication is: bytes of the files, whole parts alone. */
export interface PublishProgress {
  readonly phase: 'hash' | 'send' | 'commit';
  /** The file under way; null between files. */
  readonly file: string | null;
  readonly done: number;
  readonly total: number;
}

/** What a publication did. */
export interface PublishReport {
  readonly repo: string;
  readonly branch: string;
  /** The commit that holds the files: the new one, or the head of the branch where it had them all. */
  readonly commit: string;
  /** Address of the files at that commit. */
  readonly url: string;
  /** True where this run made the repository. */
  readonly created: boolean;
  /** False where the branch had every file already, so that no commit was made. */
  readonly committed: boolean;
  readonly files: readonly PublishedFile[];
  /** Bytes of large files that this run sent. */
  readonly sent: number;
}

/** What a publication would do, asked for without doing it. */
export interface PublishPreview {
  readonly repo: string;
  readonly branch: string;
  /** False where the repository or the branch would be made. */
  readonly exists: boolean;
  readonly files: readonly { readonly file: string; readonly bytes: number; readonly sha256: string | null }[];
  /** Files that the head of the branch has with the same bytes; 0 where there is no branch. */
  readonly unchanged: number;
  /** Bytes of the files that it does not have. */
  readonly bytes: number;
}
