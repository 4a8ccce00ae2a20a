import { LoomError } from '../errors.ts';
import { isInside } from '../inside.ts';

/** A file of an archive whose content is known: nothing is compressed, so its length in the archive is its own. */
export interface ZipEntry {
  /** Path inside the archive, parts joined by `/`. */
  readonly name: string;
  readonly byteLength: number;
  /** CRC-32 (IEEE 802.3) of the content, unsigned. */
  readonly crc32: number;
  /** Written in local time with steps of two seconds: the format has no other. */
  readonly modified: Date;
}

/** The parts of an archive, in order: bytes as they are, or the content of the entry at an index. */
export type ZipPart =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly kind: 'content'; readonly entry: number };

export interface ZipLayout {
  readonly parts: readonly ZipPart[];
  /** Length of the whole archive. */
  readonly byteLength: number;
}

const MAX_16 = 0xffff;
const MAX_32 = 0xffffffff;
/** What an entry needs of its reader: 2.0 for a stored file, 4.5 for ZIP64. */
const PLAIN_VERSION = 20;
const ZIP64_VERSION = 45;
/** Made by Unix, so that the mode below is read. */
const MADE_BY_UNIX = (3 << 8) | ZIP64_VERSION;
/** A regular file, `-rw-r--r--`. */
const MODE = 0o100644;
/** Names are UTF-8. */
const UTF8 = 1 << 11;

/** The fields that a local header and the central directory share. */
interface Described extends ZipEntry {
  readonly encoded: Uint8Array;
  /** Where the local header begins. */
  readonly offset: number;
}

/**
 * Lays out a ZIP archive of stored (uncompressed) files. ZIP64 fields are written only where a length, an offset or the
 * number of entries does not fit the fields of the first format, so that old readers can open small archives. Lengths and
 * checksums are known beforehand and stand in the local headers: no data descriptors. It holds the headers only, about 100
 * bytes and twice the name for each entry; the contents are put in place by whoever writes the parts out.
 *
 * Source: PKWARE APPNOTE.TXT 6.3.10, sections 4.3.6 to 4.3.16, 4.5.3 and appendix D.
 *
 * @throws LoomError `path-outside-folder` for a name that leads out of the folder, `usage` for a name that is too long or
 * stands twice.
 */
export function layOutZip(entries: readonly ZipEntry[]): ZipLayout {
  const parts: ZipPart[] = [];
  const described: Described[] = [];
  const names = new Set<string>();
  let offset = 0;
  for (const [index, entry] of entries.entries()) {
    const encoded = encodeName(entry.name, names);
    const one = { ...entry, encoded, offset };
    const header = localHeader(one);
    described.push(one);
    parts.push({ kind: 'bytes', bytes: header }, { kind: 'content', entry: index });
    offset += header.byteLength + entry.byteLength;
  }
  const directory = centralDirectory(described, offset);
  parts.push({ kind: 'bytes', bytes: directory });
  return { parts, byteLength: offset + directory.byteLength };
}

function encodeName(name: string, names: Set<string>): Uint8Array {
  if (!isInside(`/${name}`, '') || name.includes('\\') || name.startsWith('/'))
    throw new LoomError('path-outside-folder', `The name ${name} leads out of the archive.`, { file: name });
  if (names.has(name))
    throw new LoomError('usage', `Two files of the archive are called ${name}. Rename one of them.`, { file: name });
  names.add(name);
  const encoded = new TextEncoder().encode(name);
  if (encoded.byteLength > MAX_16)
    throw new LoomError('usage', `A name in a ZIP archive has at most ${MAX_16} bytes.`, { file: name });
  return encoded;
}

/** Writes numbers of the format, little-endian, one after another. */
class Fields {
  readonly #view: DataView<ArrayBuffer>;
  #at = 0;

  constructor(byteLength: number) {
    this.#view = new DataView(new ArrayBuffer(byteLength));
  }

  u16(...values: readonly number[]): this {
    for (const value of values) {
      this.#view.setUint16(this.#at, value, true);
      this.#at += 2;
    }
    return this;
  }

  u32(...values: readonly number[]): this {
    for (const value of values) {
      this.#view.setUint32(this.#at, value, true);
      this.#at += 4;
    }
    return this;
  }

  u64(...values: readonly number[]): this {
    for (const value of values) {
      this.#view.setBigUint64(this.#at, BigInt(value), true);
      this.#at += 8;
    }
    return this;
  }

  raw(bytes: Uint8Array): this {
    this.bytes().set(bytes, this.#at);
    this.#at += bytes.byteLength;
    return this;
  }

  bytes(): Uint8Array<ArrayBuffer> {
    return new Uint8Array(this.#view.buffer);
  }
}

/** The value, or the mark that says that it stands in a ZIP64 field. */
function narrow(value: number, most: number): number {
  return value >= most ? most : value;
}

/** A local header with a ZIP64 field holds both lengths, whichever of them is too large (4.5.3). */
function localHeader({ encoded, byteLength, crc32, modified }: Described): Uint8Array<ArrayBuffer> {
  const large = byteLength >= MAX_32;
  const extra = large ? 20 : 0;
  const fields = new Fields(30 + encoded.byteLength + extra)
    .u32(0x04034b50)
    .u16(large ? ZIP64_VERSION : PLAIN_VERSION, UTF8, 0, ...dosTime(modified))
    .u32(crc32, narrow(byteLength, MAX_32), narrow(byteLength, MAX_32))
    .u16(encoded.byteLength, extra)
    .raw(encoded);
  if (large) fields.u16(1, 16).u64(byteLength, byteLength);
  return fields.bytes();
}

function centralDirectory(entries: readonly Described[], start: number): Uint8Array<ArrayBuffer> {
  const headers = entries.map(centralHeader);
  const length = headers.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const large = entries.length >= MAX_16 || start >= MAX_32 || length >= MAX_32;
  const fields = new Fields(length + (large ? 76 : 0) + 22);
  for (const header of headers) fields.raw(header);
  if (large) {
    fields
      .u32(0x06064b50)
      .u64(44)
      .u16(MADE_BY_UNIX, ZIP64_VERSION)
      .u32(0, 0)
      .u64(entries.length, entries.length, length, start);
    fields
      .u32(0x07064b50, 0)
      .u64(start + length)
      .u32(1);
  }
  const count = narrow(entries.length, MAX_16);
  return fields
    .u32(0x06054b50)
    .u16(0, 0, count, count)
    .u32(narrow(length, MAX_32), narrow(start, MAX_32))
    .u16(0)
    .bytes();
}

/** A central header holds in its ZIP64 field what does not fit, and nothing else (4.5.3). */
function centralHeader({ encoded, byteLength, crc32, modified, offset }: Described): Uint8Array<ArrayBuffer> {
  const wide = [...(byteLength >= MAX_32 ? [byteLength, byteLength] : []), ...(offset >= MAX_32 ? [offset] : [])];
  const extra = wide.length > 0 ? 4 + 8 * wide.length : 0;
  const fields = new Fields(46 + encoded.byteLength + extra)
    .u32(0x02014b50)
    .u16(MADE_BY_UNIX, extra > 0 ? ZIP64_VERSION : PLAIN_VERSION, UTF8, 0, ...dosTime(modified))
    .u32(crc32, narrow(byteLength, MAX_32), narrow(byteLength, MAX_32))
    .u16(encoded.byteLength, extra, 0, 0, 0)
    .u32((MODE << 16) >>> 0, narrow(offset, MAX_32))
    .raw(encoded);
  if (extra > 0) fields.u16(1, extra - 4).u64(...wide);
  return fields.bytes();
}

/** Time and date as MS-DOS wrote them; years outside 1980 to 2107 become the nearest that it had. */
function dosTime(date: Date): readonly [number, number] {
  const year = date.getFullYear();
  if (!(year >= 1980)) return [0, (1 << 5) | 1];
  if (year > 2107) return [0xbf7d, 0xff9f];
  return [
    (date.getHours() << 11) | (date.getMinutes() << 5) | (date.getSeconds() >> 1),
    ((year - 1980) << 9) | ((date.getMonth() + 1) << 5) | date.getDate(),
  ];
}
