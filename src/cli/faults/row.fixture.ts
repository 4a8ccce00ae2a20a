import type { FaultAction, FaultRule, WrittenAnswer } from '../../../e2e/support/hub/faults.ts';
import { hex, type Repo, type RepoFile, repoFile } from '../../../e2e/support/hub/repo.ts';
import { filesOfModel, type Model, wholeModel } from '../damages/model.fixture.ts';

/** Where a row happens: addresses, and the names that are its own. */
export interface Place {
  /** The repo of the row. */
  readonly id: string;
  /** An empty folder of the row's own; the program runs in it. */
  readonly work: string;
  readonly hub: string;
  readonly fileHost: string;
  readonly otherHost: string;
  /** Nobody listens there. */
  readonly dead: string;
  /** The Hub over TLS, with a certificate that nobody signed. */
  readonly secure: string;
  /** The file of that certificate. */
  readonly certificate: string;
  /** The Hub below a path. */
  readonly prefixed: string;
  /** Takes connections and never says a word. */
  readonly silent: string;
  /** Answers in no protocol. */
  readonly noise: string;
  readonly proxies: { readonly passes: string; readonly refuses: string; readonly wantsPassword: string };
}

/** What of a row's repo a fault strikes: `shard` and `bytes` are of the second shard, as the Hub leads to it and as the file host has it. */
export type Where = 'listing' | 'tree' | 'config' | 'index' | 'shard' | 'files' | 'bytes';

type Answer = Omit<WrittenAnswer, 'type'>;
type Action = FaultAction | (Answer & { readonly type?: undefined });

export interface Strike extends Pick<FaultRule, 'times' | 'nth' | 'after' | 'methodRe' | 'rangeRe'> {
  readonly at: Where;
  /** A fault of the server's, or an answer written over. */
  readonly with: Action | ((place: Place) => Action);
}

/** One fault, and what a user must be told of it. */
export interface FaultRow {
  readonly name: string;
  readonly strikes?: readonly Strike[];
  /** Changes the files of the small whole model that the repo holds. */
  readonly files?: (files: Map<string, string | Uint8Array>) => void;
  /** Instead of these, what the repo is. */
  readonly repo?: (id: string) => Partial<Repo>;
  /** `inspect` of the row's repo unless given. */
  readonly args?: (place: Place) => readonly string[];
  readonly env?: (place: Place) => Readonly<Record<string, string>>;
  /** Done before the program runs. */
  readonly prepare?: (place: Place) => void;
  readonly exit: number;
  /** All of them, on standard error where the exit code is 2, else in all that is printed; a text is looked for as it stands. */
  readonly says: readonly (RegExp | ((place: Place) => string))[];
  /** Prints an answer as far as there is one, and ends with 2: what is said may stand in the answer. */
  readonly answers?: true;
  /** Nowhere in what is printed. */
  readonly never?: RegExp;
  /** Requests to Hub and file host, at most; what a fault may cost. */
  readonly requests: number;
  /** Ctrl-C is pressed as soon as this stands on standard error; the program then ends long before the pause is over. */
  readonly interruptAt?: RegExp;
  /** Seconds that it may take; 120 unless given. */
  readonly seconds?: number;
  /** What may lie in the row's folder afterwards; nothing unless given. */
  readonly leaves?: RegExp;
}

/** The repo of a row. */
export function repoOf(row: FaultRow, id: string): Repo {
  const files = new Map<string, string | Uint8Array>(filesOfModel(wholeModel()));
  row.files?.(files);
  return { id, files: repoFiles(files), ...row.repo?.(id) };
}

/** A model's files as a repo holds them. */
export function repoFiles(files: ReadonlyMap<string, string | Uint8Array>): RepoFile[] {
  return [...files].map(([path, content]) => repoFile(path, content));
}

/** The small whole model, changed. */
export function changedModel(change: (model: Model) => void): RepoFile[] {
  const model = wholeModel();
  change(model);
  return repoFiles(filesOfModel(model));
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}

function target(where: Where, id: string): Pick<FaultRule, 'origin' | 'pathRe'> {
  const name = escaped(id);
  if (where === 'listing') return { origin: 'hub', pathRe: `^/api/models/${name}/revision/` };
  if (where === 'tree') return { origin: 'hub', pathRe: `^/api/models/${name}/tree/` };
  if (where === 'bytes') return { origin: 'cdn', pathRe: `^/xet-bridge-us/${folderAt(id)}/.*00002-of-` };
  const file = { files: '', config: '[^?]*/config\\.json', index: '[^?]*index\\.json', shard: '[^?]*00002-of-' }[where];
  return { origin: 'hub', pathRe: `^/${name}/resolve/${file}` };
}

/** The folder of a repo at the file host. */
export function folderAt(id: string): string {
  return hex('sha256', 'model', id).slice(0, 24);
}

/** A row's faults as rules of the server. */
export function rulesOf(row: FaultRow, place: Place): FaultRule[] {
  return (row.strikes ?? []).map(({ at, with: given, ...rest }) => {
    const action = typeof given === 'function' ? given(place) : given;
    return {
      ...target(at, place.id),
      ...rest,
      action: action.type === undefined ? { ...action, type: 'answer' } : action,
    };
  });
}

/** Arguments of a conversion of the row's repo, into a folder of its own. */
export function convert({ id, work }: Place): readonly string[] {
  return ['convert', id, '--to', 'gate-up', '--out', `${work}/out`, '--quiet'];
}

/** An environment in which a server that says nothing for so many seconds is given up. */
export function slowAfter(seconds: number): () => Readonly<Record<string, string>> {
  return () => ({ HF_HUB_DOWNLOAD_TIMEOUT: String(seconds) });
}
