import { finding } from './make-finding.ts';
import type { Finding } from './types.ts';

/** What downloaders write beside a file, or in its place, until it is whole: aria2, huggingface_hub, curl, browsers. */
const MARK = /^(.*\.safetensors)\.(aria2|incomplete|part|partial|crdownload|download|tmp)$/i;
/** What a conversion of ours writes in a shard's place until it is whole. */
const CONVERTED = /^(.*\.safetensors)\.moe-loom-part$/;

/** A finding for each shard that a download has not finished, or a conversion, by what lies beside it. */
export function unfinishedDownloads(names: readonly string[]): Finding[] {
  return names.flatMap((name) => {
    const [, converted] = CONVERTED.exec(name) ?? [];
    if (converted !== undefined) return [unfinishedConversion(name, converted)];
    const [, shard] = MARK.exec(name) ?? [];
    if (shard === undefined) return [];
    const effect = names.includes(shard) ? `bytes of ${shard} may be missing or zero` : `${shard} is not there`;
    const message = `${name} is what a download leaves that is unfinished: ${effect}. Let it run to its end, or delete both and download the file again.`;
    return [finding('download-unfinished', message, { file: shard })];
  });
}

function unfinishedConversion(name: string, shard: string): Finding {
  const message = `${name} is a shard that a conversion has not finished: this folder holds a part of a converted model. Run the conversion again with --resume and the same --out folder, or delete the folder and convert into an empty one.`;
  return finding('conversion-unfinished', message, { file: shard });
}
