import {
  assertionLimit,
  type Checkpoint,
  expertHashes,
  type FileSet,
  formatInteger,
  LoomError,
  PLACEMENT_FILES,
  type Placement,
  type ProgramId,
  type RankHashes,
  type RankModel,
  rankAssertion,
  rankManifest,
  sha256Of,
} from '../core/index.ts';
import { drawLine, eraseLine, printCode, printJson, printJsonFile } from './terminal.ts';

/** Files made from a placement, which `--take` prints. */
export const TAKES: readonly Take[] = ['manifest', ...PLACEMENT_FILES.map(({ id }) => id), 'assertion'];

/** The id of a program means its own placement file. */
export type Take = 'manifest' | 'assertion' | ProgramId;

export interface TakeRequest {
  readonly model: RankModel;
  readonly placement: Placement;
  readonly hashes: RankHashes | undefined;
  readonly origin: { readonly repo: string | null; readonly revision: string | null };
  readonly files: FileSet;
  /** Null with `--to`: the index of the source is not that of the output. */
  readonly checkpoint: Checkpoint | null;
  readonly json: boolean;
}

/** @throws LoomError `usage`. */
export function parseTake(text: string): Take {
  const found = TAKES.find((take) => take === text);
  if (found) return found;
  throw new LoomError('usage', `--take takes ${TAKES.join(', ')}; "${text}" is not one of them.`);
}

/** Prints a file made from the placement. @throws LoomError `usage` if the placement has no such file. */
export async function printTake(take: Take, request: TakeRequest): Promise<void> {
  const { model, placement, hashes } = request;
  if (take === 'manifest') {
    const index = request.checkpoint?.indexFile ?? null;
    const indexSha256 = index === null ? null : await sha256Of(request.files, index);
    printJsonFile(rankManifest(model, placement, { ...request.origin, indexSha256, hashes }));
    return;
  }
  const own = PLACEMENT_FILES.find(({ id }) => id === take);
  if (own) {
    const json = own.make(placement, model.facts);
    if (json === null) throw new LoomError('usage', own.limit);
    printJsonFile(json);
  } else {
    const script = rankAssertion(model, placement, hashes);
    if (script === null)
      throw new LoomError(
        'usage',
        assertionLimit(model) ?? 'The assertion script needs transformers. Add --framework transformers-5.',
      );
    if (request.json) printJson({ script });
    else printCode(script);
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
      drawLine(`Hashing: ${formatInteger(done)} of ${formatInteger(total)} parts of expert tensors`);
  };
  try {
    return await expertHashes(model, placement, files, { signal, onProgress });
  } finally {
    if (shown) eraseLine();
  }
}
