import {
  type Checkpoint,
  expertHashes,
  type FileSet,
  formatInteger,
  LoomError,
  type Placement,
  type RankHashes,
  type RankModel,
  rankAssertion,
  rankManifest,
  sglangPlacement,
  sha256Of,
} from '../core/index.ts';
import { print, printJson } from './common.ts';

/** Files that follow a placement, which `--take` prints. */
export const TAKES = ['manifest', 'sglang', 'assertion'] as const;

export type Take = (typeof TAKES)[number];

export interface TakeRequest {
  readonly model: RankModel;
  readonly placement: Placement;
  readonly hashes: RankHashes | undefined;
  readonly origin: { readonly repo: string | null; readonly revision: string | null };
  readonly files: FileSet;
  /** Null as if converted: then no index of the source is the output's. */
  readonly checkpoint: Checkpoint | null;
  readonly json: boolean;
}

/** @throws LoomError `usage`. */
export function parseTake(text: string): Take {
  const found = TAKES.find((take) => take === text);
  if (found) return found;
  throw new LoomError('usage', `--take takes ${TAKES.join(', ')}; "${text}" is none of them.`);
}

/** Prints a file that follows the placement. @throws LoomError `usage` where there is none for it. */
export async function printTake(take: Take, request: TakeRequest): Promise<void> {
  const { model, placement, hashes } = request;
  if (take === 'manifest') {
    const index = request.checkpoint?.indexFile ?? null;
    const indexSha256 = index === null ? null : await sha256Of(request.files, index);
    printJson(rankManifest(model, placement, { ...request.origin, indexSha256, hashes }));
  } else if (take === 'sglang') {
    const json = sglangPlacement(placement, model.facts);
    if (json === null)
      throw new LoomError('usage', 'Ranks have unequally many slots, which SGLang’s placement file cannot say.');
    printJson(json);
  } else {
    const script = rankAssertion(model, placement, hashes);
    if (script === null)
      throw new LoomError('usage', 'The assertion script loads with transformers: pass --framework transformers-5.');
    if (request.json) printJson({ script });
    else print([script.trimEnd()]);
  }
}

/** Reads and hashes every rank's experts, with a line of progress on a terminal. */
export async function hashedRanks(
  model: RankModel,
  placement: Placement,
  files: FileSet,
  { quiet, signal }: { readonly quiet: boolean; readonly signal: AbortSignal },
): Promise<RankHashes> {
  const { stderr } = process;
  const shown = stderr.isTTY && !quiet;
  const onProgress = (done: number, total: number) => {
    if (shown && (done % 16 === 0 || done === total))
      stderr.write(`\r\u001b[2KHashing: ${formatInteger(done)} of ${formatInteger(total)} parts of expert tensors`);
  };
  try {
    return await expertHashes(model, placement, files, { signal, onProgress });
  } finally {
    if (shown) stderr.write('\r\u001b[2K');
  }
}
