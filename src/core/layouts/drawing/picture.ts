import type { Role } from './role.ts';

/** A role's colour, or one of the page's own: painters know what they look like, light and dark. */
export type NamedInk = Role | 'companion' | 'text' | 'quiet' | 'line' | 'surface';

/** A colour that is the same in every scheme, `#rrggbb`: a file's, a rank's, a value's. Made by {@link hexInk}. */
export type Literal = `#${string}`;

/** What a mark is painted with. */
export type Ink = NamedInk | Literal;

/** A colour as an ink. @throws RangeError for what is no `#rrggbb`. */
export function hexInk(text: string): Literal {
  const [, digits] = /^#([0-9a-f]{6})$/i.exec(text) ?? [];
  if (digits === undefined) throw new RangeError('A colour is a # and six hexadecimal digits.');
  return `#${digits}`;
}

export function isLiteral(ink: Ink): ink is Literal {
  return ink.startsWith('#');
}

/** One thing to paint. Distances are in units of the picture, y down. */
export type Mark =
  | {
      readonly kind: 'box';
      readonly x: number;
      readonly y: number;
      readonly width: number;
      readonly height: number;
      /** Null where nothing fills it. With neither ink nor edge it is a place that shows only while its expert is chosen. */
      readonly ink: Ink | null;
      /** The ink of its edge; absent for none. */
      readonly edge?: Ink;
      /** The whole of what it represents, for a pointer that rests on it. */
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
      /** Leads from a stretch on one line to a stretch on another below it. */
      readonly kind: 'ribbon';
      readonly from: readonly [start: number, end: number];
      readonly to: readonly [start: number, end: number];
      readonly top: number;
      readonly bottom: number;
      readonly ink: Ink;
      readonly title?: string;
      readonly expert: number;
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
export function moved(marks: readonly Mark[], x: number, y: number): readonly Mark[] {
  if (x === 0 && y === 0) return marks;
  return marks.map((mark): Mark => {
    if (mark.kind === 'ribbon') {
      const [from, to] = [mark.from, mark.to].map(([start, end]) => [start + x, end + x] as const);
      return { ...mark, from: from ?? mark.from, to: to ?? mark.to, top: mark.top + y, bottom: mark.bottom + y };
    }
    if (mark.kind !== 'line') return { ...mark, x: mark.x + x, y: mark.y + y };
    return { ...mark, from: [mark.from[0] + x, mark.from[1] + y], to: [mark.to[0] + x, mark.to[1] + y] };
  });
}

/** The outline of a ribbon as the path of an SVG. */
export function ribbonPath({ from, to, top, bottom }: Extract<Mark, { kind: 'ribbon' }>): string {
  const at = (value: number) => Math.round(value * 100) / 100;
  const middle = at((top + bottom) / 2);
  const [a, b, c, d] = [from[0], from[1], to[0], to[1]].map(at);
  const [up, down] = [at(top), at(bottom)];
  return `M${a} ${up}C${a} ${middle} ${c} ${middle} ${c} ${down}H${d}C${d} ${middle} ${b} ${middle} ${b} ${up}Z`;
}

/** Part of a ribbon's colour that is seen: less where there are many, all but all where its expert is chosen. */
export function ribbonOpacity(ribbons: number): number {
  return Math.max(0.14, Math.min(0.4, 24 / Math.max(1, ribbons)));
}

/** What of a picture is a chosen expert's. */
export function marksOf(
  { marks }: Pick<Picture, 'marks'>,
  expert: number | null,
): readonly Extract<Mark, { kind: 'box' | 'ribbon' }>[] {
  if (expert === null) return [];
  return marks.flatMap((mark) =>
    (mark.kind === 'box' || mark.kind === 'ribbon') && mark.expert === expert ? [mark] : [],
  );
}

/** The name of a picture, for who does not see it: with the expert that is marked in it, if one is. */
export function spokenOf(picture: Picture, expert: number | null): string {
  const marked = marksOf(picture, expert).length > 0 ? ` Expert ${expert} is marked.` : '';
  return `${picture.title}. ${picture.description}${marked}`;
}

/** Where the frame of a chosen box runs. */
export function frameOf({ x, y, width, height }: Extract<Mark, { kind: 'box' }>) {
  return { x: x - 1, y: y - 1, width: Math.max(3, width + 2), height: height + 2 };
}
