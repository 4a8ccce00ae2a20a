import type { ConversionPlan } from '../../plan/types.ts';

/** The format's name, in the file. */
export const PLAN_FORMAT = 'moe-loom-plan';
/** Goes up when a reader of the version before would misread the file. */
export const PLAN_VERSION = 1;

/**
 * A file of the source, as it is on every machine: no inode and no time, which differ from host to host.
 *
 * `sha256` is that of the whole file, where the source states one or the file is small; `header` that of the length field and
 * the header of a safetensors file.
 */
export interface PlannedFile {
  readonly name: string;
  readonly byteLength: number;
  readonly sha256?: string | undefined;
  readonly header?: string | undefined;
}

/** The source of a plan: how it is opened, and what it has to be. */
export interface PlannedSource {
  /** What the command line opens: an absolute path, or `org/name@commit`. */
  readonly open: string;
  /** The Hub that it was read from; null for a path. */
  readonly endpoint: string | null;
  /** Repo and commit, as far as they are known. */
  readonly repo: string | null;
  readonly commit: string | null;
  /** Every file that a run of the plan reads. */
  readonly files: readonly PlannedFile[];
}

/** A model card that was worked out with the plan: the text of README.md, and its drawings by their names. */
export interface PlannedCard {
  readonly text: string;
  readonly pictures: Readonly<Record<string, string>>;
}

/** A plan that is handed to other machines. */
export interface PlanFile {
  /** SHA-256 over everything else in the file. */
  readonly hash: string;
  readonly plan: ConversionPlan;
  readonly source: PlannedSource;
  readonly card: PlannedCard | null;
}
