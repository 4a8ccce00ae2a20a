import { REPORT_FILE } from '../plan/side-files.ts';
import type { ConversionPlan } from '../plan/types.ts';
import { INDEX_FILE } from '../safetensors/index-file.ts';
import type { Sink } from '../sink/types.ts';
import type { FileSet } from '../source/types.ts';
import { MIB } from '../units.ts';
import { type CreateStreamDigest, createStreamDigest } from '../verify/stream-digest.ts';
import type { ConversionReport } from './report.ts';
import { whole } from './runners.ts';
import { insistOnHash } from './source-check.ts';

export interface BesideOptions {
  readonly files: FileSet;
  readonly sink: Pick<Sink, 'create'>;
  readonly signal?: AbortSignal | undefined;
  readonly streamDigest?: CreateStreamDigest | undefined;
  /** The text of a README.md, written before the config; none unless given. */
  readonly card?: ((proof: ConversionReport['verified']) => string) | undefined;
  /** Drawings that the card shows, by the names of their files. */
  readonly pictures?: Readonly<Record<string, string>> | undefined;
  /** The report, with the copied files whose hash was the stated one. */
  readonly report: (copied: readonly string[]) => ConversionReport;
  /** Called after each file. */
  readonly note: (file: string) => Promise<void>;
  /** Called before the index and after it: everything that was written is still there. */
  readonly insist: () => Promise<void>;
}

/** Small files are copied in pieces of this size. */
const COPY_BYTES = 4 * MIB;

/** Writes what lies beside the shards of a plan: copies, report, drawings, card, config, and last the index. */
export async function writeBeside(plan: ConversionPlan, options: BesideOptions): Promise<ConversionReport> {
  const { note, insist, card } = options;
  const copied: string[] = [];
  for (const { file } of plan.copies) {
    if (await copyFile(options, file)) copied.push(file);
    await note(file);
  }
  const report = options.report(copied);
  const write = async (name: string, text: string) => {
    await writeText(options, name, text);
    await note(name);
  };
  await write(REPORT_FILE, `${JSON.stringify(report, null, 2)}\n`);
  for (const [name, text] of Object.entries(options.pictures ?? {})) await write(name, text);
  if (card) await write('README.md', card(report.verified));
  if (plan.config) await write(plan.config.file ?? 'config.json', plan.config.text);
  await insist();
  await write(INDEX_FILE, plan.index);
  await insist();
  return report;
}

/** True where the source states a hash of the file, which is then the hash of what was copied. */
async function copyFile({ files, sink, signal, streamDigest }: BesideOptions, name: string): Promise<boolean> {
  const source = await files.open(name, { signal });
  const { sha256 } = source;
  const digest = sha256 === undefined ? null : await (streamDigest ?? createStreamDigest)();
  try {
    await whole(sink, { file: name, byteLength: source.byteLength }, { signal }, async (file) => {
      for (let start = 0; start < source.byteLength; start += COPY_BYTES) {
        const end = Math.min(source.byteLength, start + COPY_BYTES);
        const bytes = await source.read({ start, end }, { signal });
        await file.write(bytes, start, { signal });
        await digest?.update(bytes);
      }
      if (digest && sha256 !== undefined) insistOnHash(name, sha256, await digest.digest());
    });
    return digest !== null;
  } finally {
    digest?.dispose?.();
    await source.dispose?.();
  }
}

/** Writes a small text file, whole or not at all. */
async function writeText({ sink, signal }: BesideOptions, name: string, text: string): Promise<void> {
  const bytes = new TextEncoder().encode(text);
  await whole(sink, { file: name, byteLength: bytes.byteLength }, { signal }, (file) =>
    file.write(bytes, 0, { signal }),
  );
}
