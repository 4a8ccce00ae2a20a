import { isOtherWeights } from '../checkpoint/listing.ts';
import { INDEX_FILE } from '../safetensors/index-file.ts';
import type { FileEntry } from '../source/types.ts';
import type { SkippedFile } from './types.ts';

export const REPORT_FILE = 'moe-loom-report.json';
const CONFIG_FILE = 'config.json';

export interface SideFiles {
  readonly copies: readonly FileEntry[];
  readonly skipped: readonly SkippedFile[];
}

/**
 * Which files beside the weights go along as they are (tokenizer, templates, code, licence …), and which do not and why.
 *
 * `own` are the checkpoint's own config and index, under whatever names: a conversion writes them anew.
 */
export function planSideFiles(
  files: readonly FileEntry[],
  own: readonly (string | null | undefined)[] = [],
): SideFiles {
  const copies: FileEntry[] = [];
  const skipped: SkippedFile[] = [];
  for (const file of files) {
    const reason = own.includes(file.name) ? '' : skipReason(file.name);
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
  if (base.endsWith('.safetensors.index.json')) return 'an index of other weights';
  if (isOtherWeights(name)) return 'weights in another format';
  if (/^README(\.md)?$/i.test(name)) return 'describes the original';
  return null;
}
