import { isLoomError, type LoomError } from '../errors.ts';
import { release } from '../release.ts';
import type { ByteRange, ByteSource } from '../source/types.ts';
import { MIB } from '../units.ts';
import { JsonScanner, OPEN_BRACE, type ScanTags } from './json-scanner.ts';
import { withoutCutCharacter } from './utf8.ts';

/** Long texts are read in parts of this length: two are in memory, one read while the other is parsed. */
export const JSON_PART_BYTES = 8 * MIB;
/** A buffer for a part has room for what is left over of the one before it. */
const ROOM = 1.125;

/** A place in a text between two steps: the levels that are open there, and the step that goes on from it. */
interface PlaceRow<P extends string> {
  readonly depth: number;
  /** Gives the next place, and null where the step may not be over: only the byte behind it tells. */
  readonly step: (scanner: JsonScanner, isCut: () => boolean) => P | 'done' | null;
}

/** Goes through a text by steps; one that the bytes end within changes nothing and is taken again. */
export interface Walk {
  readonly depth: number;
  /**
   * Reads on as far as the bytes tell, and gives the position from which they are needed again when more have come.
   *
   * @throws LoomError for a fault that stays one whatever follows.
   */
  on(scanner: JsonScanner, final: boolean): number;
}

export function createWalk<P extends string>(first: P, places: Readonly<Record<P, PlaceRow<P>>>): Walk {
  let place: P | 'done' = first;
  return {
    get depth() {
      return place === 'done' ? 0 : places[place].depth;
    },
    on: (scanner, final) => {
      const isCut = () => !final && scanner.pos >= scanner.bytes.length;
      let start = 0;
      try {
        while (place !== 'done') {
          scanner.peek();
          start = scanner.pos;
          const next: P | 'done' | null = places[place].step(scanner, isCut);
          if (next === null) return start;
          place = next;
        }
        return scanner.pos;
      } catch (error) {
        if (final || scanner.isDecided) throw error;
        return start;
      }
    },
  };
}

/** Begins a text that is an object: its first member comes next, or its end. `what` names the text in a refusal. */
export function rootObject<P extends string>(tags: ScanTags, what: string, member: P, end: P): PlaceRow<P> {
  return {
    depth: 0,
    step: (scanner, isCut) => {
      if (scanner.peek() !== OPEN_BRACE) scanner.wrongType(tags.syntax, `${what} is not a JSON object`);
      const more = scanner.openObject();
      if (isCut()) return null;
      return more ? member : end;
    },
  };
}

/** Goes on after a member of an object that is `depth` levels deep: another member comes next, or what follows the object. */
export function afterMember<P extends string>(depth: number, member: P, end: P): PlaceRow<P> {
  return {
    depth,
    step: (scanner, isCut) => {
      const more = scanner.nextMember();
      if (isCut()) return null;
      return more ? member : end;
    },
  };
}

/** The end of a text: nothing but whitespace follows. */
export const TEXT_END: PlaceRow<never> = {
  depth: 0,
  step: (scanner, isCut) => {
    scanner.expectEnd();
    return isCut() ? null : 'done';
  },
};

/** Takes a text in parts, cut anywhere, and holds of them what is not parsed yet. */
export interface PartReader {
  /** The part is copied. @throws LoomError where the bytes are not UTF-8; other faults are told at the end, as of a text read whole. */
  push(part: Uint8Array): void;
  /** @throws LoomError for the first fault of the text. */
  end(): void;
}

export interface PartOptions {
  readonly file: string;
  readonly tags: ScanTags;
  /** Where the text starts in the file. */
  readonly base: number;
}

/** One buffer takes all parts, so that none is left for a collection; it grows with the longest member. */
export function createPartReader({ file, tags, base: origin }: PartOptions, walk: Walk): PartReader {
  let buffer = new Uint8Array(0);
  let length = 0;
  let base = origin;
  /** What is left over is looked at again when it is twice as long, so that a long value costs no more than twice. */
  let enough = 0;
  let fault: LoomError | null = null;
  const append = (part: Uint8Array) => {
    if (length + part.length > buffer.length) {
      const more = new Uint8Array(length + Math.max(Math.ceil(part.length * ROOM), length));
      more.set(buffer.subarray(0, length));
      release(buffer);
      buffer = more;
    }
    buffer.set(part, length);
    length += part.length;
  };
  const scan = (final: boolean) => {
    const rest = buffer.subarray(0, length);
    const bytes = final ? rest : withoutCutCharacter(rest);
    const scanner = new JsonScanner(bytes, { file, tags, base, depth: base === origin ? undefined : walk.depth });
    let kept = bytes.length;
    if (fault === null) {
      try {
        kept = walk.on(scanner, final);
      } catch (error) {
        if (!isLoomError(error)) throw error;
        fault = error;
      }
    }
    buffer.copyWithin(0, kept, length);
    length -= kept;
    base += kept;
    enough = 2 * length;
  };
  return {
    push: (part) => {
      append(part);
      if (length >= enough) scan(false);
    },
    end: () => {
      scan(true);
      release(buffer);
      if (fault !== null) throw fault;
    },
  };
}

/** Reads a range part by part into a reader, each byte once. @throws LoomError as the reader, and what the source throws. */
export async function readParts(
  source: ByteSource,
  { start, end }: ByteRange,
  reader: PartReader,
  signal?: AbortSignal | undefined,
): Promise<void> {
  // The reader copies what it is given: two buffers take all parts in turn.
  const longest = Math.min(JSON_PART_BYTES, end - start);
  const buffers = [new Uint8Array(longest), new Uint8Array(longest)];
  const partAt = (at: number) => {
    const into = buffers[((at - start) / JSON_PART_BYTES) % 2];
    return source.read({ start: at, end: Math.min(at + JSON_PART_BYTES, end) }, { signal, into });
  };
  let coming = partAt(start);
  for (let next = start + JSON_PART_BYTES; ; next += JSON_PART_BYTES) {
    const part = await coming;
    if (next >= end) {
      reader.push(part);
      reader.end();
      for (const buffer of buffers) release(buffer);
      return;
    }
    coming = partAt(next);
    // Awaited above, or given up when this part is refused.
    coming.catch(() => {});
    reader.push(part);
  }
}
