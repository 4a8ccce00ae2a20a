import { isOtherWeights } from '../checkpoint/nothing-here.ts';
import { INDEX_FILE } from '../safetensors/index-file.ts';
import { readIndexName } from '../safetensors/index-name.ts';
import type { FileEntry } from '../source/types.ts';
import type { ConversionPlan, SkippedFile } from './types.ts';

export const REPORT_FILE = 'moe-loom-report.json';
/** Drawings of a layer beside a model card: as it was stored, and as it is. */
export const PICTURE_FILES = ['layout-before.svg', 'layout-after.svg'] as const;
const CONFIG_FILE = 'config.json';

export interface SideFiles {
  readonly copies: readonly FileEntry[];
  readonly skipped: readonly SkippedFile[];
}

/**
 * Which files beside the weights go along as they are (tokenizer, templates, code, licence …), and which do not and why.
 *
 * `config` is the name of the checkpoint's config where it is not config.json: a conversion writes it again.
 */
export function planSideFiles(files: readonly FileEntry[], config?: string): SideFiles {
  const copies: FileEntry[] = [];
  const skipped: SkippedFile[] = [];
  for (const file of files) {
    const reason = file.name === config ? '' : skipReason(file.name);
    if (reason === null) copies.push(file);
    else if (reason !== '') skipped.push({ file: file.name, reason });
  }
  return { copies, skipped };
}

/** Null: copy. Empty: replaced by what the conversion writes, no need to say. */
function skipReason(name: string): string | null {
  const base = name.slice(name.lastIndexOf('/') + 1);
  if (name === CONFIG_FILE || name === INDEX_FILE || name === REPORT_FILE) return '';
  if (base.startsWith('.')) return '';
  if (/(^|\/)original\//.test(name)) return "the publisher's own format";
  if (base.endsWith('.safetensors')) return name.includes('/') ? 'weights in a sub-folder' : '';
  if (readIndexName(name)) return 'an index of the shards that lie beside it';
  if (isOtherWeights(name)) return 'weights in another format';
  if (/^README(\.md)?$/i.test(name)) return 'describes the original';
  if ((PICTURE_FILES as readonly string[]).includes(name)) return 'draws the original';
  return null;
}

/** Names of the files that a conversion writes beside its shards, but for a model card. */
export function plannedSideFiles({ copies, config }: Pick<ConversionPlan, 'copies' | 'config'>): string[] {
  return [...copies.map(({ file }) => file), REPORT_FILE, ...(config ? [config.file ?? CONFIG_FILE] : []), INDEX_FILE];
}
