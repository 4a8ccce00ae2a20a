import { crc32 } from 'node:zlib';

/** An entry as a reader finds it: from the end of the archive to the central directory to the local header. */
export interface FoundEntry {
  readonly name: string;
  readonly byteLength: number;
  readonly crc32: number;
  /** Where the content begins. */
  readonly start: number;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true });

/** Not `expect`, which would take most of the time of an archive of 70,000 entries. */
function same<T>(found: T, wanted: T): void {
  if (found !== wanted) throw new Error(`The archive holds ${found} where ${wanted} must stand.`);
}

/** Reads bytes of an archive at any place. */
export type ReadAt = (start: number, length: number) => Uint8Array;

/**
 * Reads an archive as the specification tells a reader to, without code of the writer, and asserts that what is written
 * twice is the same.
 */
export function readZip(byteLength: number, readAt: ReadAt): FoundEntry[] {
  const view = (start: number, length: number) => {
    const bytes = readAt(start, length);
    same(bytes.byteLength, length);
    return new DataView(bytes.buffer, bytes.byteOffset, length);
  };
  const u64 = (of: DataView, at: number) => Number(of.getBigUint64(at, true));
  const end = view(byteLength - 22, 22);
  same(end.getUint32(0, true), 0x06054b50);
  let count = end.getUint16(10, true);
  let length = end.getUint32(12, true);
  let start = end.getUint32(16, true);
  same(end.getUint16(8, true), count);
  if (count === 0xffff || length === 0xffffffff || start === 0xffffffff) {
    const locator = view(byteLength - 42, 20);
    same(locator.getUint32(0, true), 0x07064b50);
    same(locator.getUint32(16, true), 1);
    const record = view(u64(locator, 8), 56);
    same(record.getUint32(0, true), 0x06064b50);
    same(u64(record, 4), 44);
    const more = { count: u64(record, 32), length: u64(record, 40), start: u64(record, 48) };
    same(u64(record, 24), more.count);
    if (count !== 0xffff) same(count, more.count);
    ({ count, length, start } = more);
    same(u64(locator, 8), start + length);
  }
  const directory = view(start, length);
  const found: FoundEntry[] = [];
  let at = 0;
  for (let index = 0; index < count; index++) {
    same(directory.getUint32(at, true), 0x02014b50);
    const nameLength = directory.getUint16(at + 28, true);
    const extraLength = directory.getUint16(at + 30, true);
    const name = UTF8.decode(new Uint8Array(directory.buffer, directory.byteOffset + at + 46, nameLength));
    let byteLength = directory.getUint32(at + 24, true);
    let offset = directory.getUint32(at + 42, true);
    same(directory.getUint32(at + 20, true), byteLength);
    let extra = at + 46 + nameLength;
    if (extraLength > 0) {
      same(directory.getUint16(extra, true), 1);
      same(directory.getUint16(extra + 2, true), extraLength - 4);
      extra += 4;
      if (byteLength === 0xffffffff) {
        byteLength = u64(directory, extra);
        same(u64(directory, extra + 8), byteLength);
        extra += 16;
      }
      if (offset === 0xffffffff) {
        offset = u64(directory, extra);
        extra += 8;
      }
      same(extra, at + 46 + nameLength + extraLength);
    }
    const local = view(offset, 30);
    same(local.getUint32(0, true), 0x04034b50);
    same((local.getUint16(6, true) & (1 << 11)) !== 0, true);
    same(local.getUint16(8, true), 0);
    same(local.getUint32(14, true), directory.getUint32(at + 16, true));
    same(local.getUint16(26, true), nameLength);
    const rest = local.getUint16(28, true);
    same(UTF8.decode(readAt(offset + 30, nameLength)), name);
    if (local.getUint32(22, true) === 0xffffffff) {
      const wide = view(offset + 30 + nameLength, 20);
      same(wide.getUint16(0, true), 1);
      same(wide.getUint16(2, true), 16);
      same(u64(wide, 4), byteLength);
      same(u64(wide, 12), byteLength);
    } else {
      same(local.getUint32(18, true), byteLength);
      same(local.getUint32(22, true), byteLength);
    }
    found.push({ name, byteLength, crc32: local.getUint32(14, true), start: offset + 30 + nameLength + rest });
    at += 46 + nameLength + extraLength;
  }
  same(at, length);
  return found;
}

/** The files of an archive that lies in memory, each held to its checksum. */
export function unzip(archive: Uint8Array): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const { name, byteLength, start, crc32: stated } of readZip(archive.byteLength, (from, length) =>
    archive.slice(from, from + length),
  )) {
    const bytes = archive.subarray(start, start + byteLength);
    same(crc32(bytes), stated);
    files.set(name, bytes);
  }
  return files;
}
