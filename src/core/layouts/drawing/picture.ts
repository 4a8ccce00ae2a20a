import type { Role } from './role.ts';

/** What a mark is painted with: a role's colour, or one of the page's own. Painters know what they look like. */
export type Ink = Role | 'companion' | 'text' | 'quiet' | 'line' | 'surface';

/** One thing to paint. Distances are in units of the picture, y down. */
export type Mark =
  | {
      readonly kind: 'box';
      readonly x: number;
      readonly y: number;
      readonly width: number;
      readonly height: number;
      /** Null where nothing fills it. */
      readonly ink: Ink | null;
      /** The ink of its edge; absent for none. */
      readonly edge?: Ink;
      /** The whole of what it stands for, for a pointer that rests on it. */
      readonly title?: string;
      /** What it is of, so that a chosen expert can be marked. */
      readonly expert?: number;
    }
  | {
      readonly kind: 'line';
      readonly from: readonly [x: number, y: number];
      readonly to: readonly [x: number, y: number];
      readonly ink: Ink;
    }
  | {
      readonly kind: 'words';
      /** The baseline's start, middle or end. */
      readonly x: number;
      readonly y: number;
      readonly text: string;
      readonly size: number;
      readonly ink: Ink;
      readonly anchor: 'start' | 'middle' | 'end';
      /** Names and numbers stand in a face of equal widths. */
      readonly mono: boolean;
    };

/** A drawing as a value: the same on a page, in a file and in a document. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly title: string;
  /** What it shows in a sentence or two, for who does not see it. */
  readonly description: string;
  readonly marks: readonly Mark[];
}

/** Width of a character of the mono face, in parts of its size. */
const MONO_WIDTH = 0.602;

/** How much room a text in the mono face takes. */
export function monoWidth(text: string, size: number): number {
  return [...text].length * size * MONO_WIDTH;
}

/** Words in the mono face, from the left unless `anchor` says otherwise. */
export function words(
  x: number,
  y: number,
  text: string,
  {
    size = 12,
    ink = 'text',
    anchor = 'start',
    mono = true,
  }: Partial<Omit<Extract<Mark, { kind: 'words' }>, 'kind'>> = {},
): Mark {
  return { kind: 'words', x, y, text, size, ink, anchor, mono };
}

/** Marks moved by (x, y). */
export function moved(marks: readonly Mark[], x: number, y: number): Mark[] {
  return marks.map((mark): Mark => {
    if (mark.kind !== 'line') return { ...mark, x: mark.x + x, y: mark.y + y };
    return { ...mark, from: [mark.from[0] + x, mark.from[1] + y], to: [mark.to[0] + x, mark.to[1] + y] };
  });
}
