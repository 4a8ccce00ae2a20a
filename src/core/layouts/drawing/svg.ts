import { type Emitted, joined, svg } from '../../embed/emitted.ts';
import { xmlText } from '../../embed/xml.ts';
import { inkColour, isRole, type Scheme, TEXTURE_PATHS, textureOf } from './inks.ts';
import {
  frameOf,
  type Ink,
  type Mark,
  marksOf,
  monoWidth,
  type Picture,
  ribbonOpacity,
  ribbonPath,
  spokenOf,
} from './picture.ts';
import { ROLES, type Role } from './role.ts';

type Svg = Emitted<'svg'>;

export interface SvgOptions {
  readonly scheme: Scheme;
  /** Lines below the picture: where it is from, what was found. */
  readonly notes: readonly string[];
  /** The expert that is marked; absent or null for none. */
  readonly expert?: number | null;
}

const MARGIN = 20;
const TITLE = 34;
const NOTE = 18;
const LEGEND = 30;
const MONO = xmlText("ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace");
const SANS = xmlText("system-ui, -apple-system, 'Segoe UI', Roboto, 'DejaVu Sans', sans-serif");

/**
 * A picture as one SVG file, with its title, a legend of the roles in it and notes. Nothing in it is fetched or run.
 *
 * @example
 * ```ts
 * import { detectLayout, drawLayer, openCheckpoint, svgOf } from 'moe-loom/layouts';
 * import { openFolder } from 'moe-loom/node';
 * const checkpoint = await openCheckpoint(await openFolder('model'));
 * const { picture, notes } = drawLayer(checkpoint, detectLayout(checkpoint), 0, 'glyph');
 * const svg = svgOf(picture, { scheme: 'dark', notes });
 * console.log(svg.startsWith('<svg')); // → true
 * ```
 */
export function svgOf(picture: Picture, { scheme, notes, expert = null }: SvgOptions): Svg {
  const roles = rolesIn(picture.marks);
  const legend = roles.length > 1 ? LEGEND : 0;
  const longest = Math.max(0, ...notes.map((note) => monoWidth(note, 12)), monoWidth(picture.title, 15));
  const width = Math.ceil(Math.max(picture.width, longest)) + 2 * MARGIN;
  const height = Math.ceil(picture.height) + 2 * MARGIN + TITLE + legend + notes.length * NOTE;
  const bottom = MARGIN + TITLE + picture.height + legend;
  const spoken = spokenOf(picture, expert).slice(picture.title.length + 2);
  const label = svg`<title>${xmlText(picture.title)}</title><desc>${xmlText(spoken)}</desc>`;
  const opacity = ribbonOpacity(picture.marks.filter(({ kind }) => kind === 'ribbon').length);
  return joined(
    [
      svg`<svg xmlns="http://www.w3.org/2000/svg" role="img" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}">`,
      label,
      svg`\n<defs>${joined(roles.map((role) => pattern(role, scheme)))}</defs>`,
      svg`<rect width="${width}" height="${height}" fill="${colour('surface', scheme)}"/>`,
      text(MARGIN, MARGIN + 14, picture.title, 15, colour('text', scheme), true),
      svg`<g transform="translate(${MARGIN} ${MARGIN + TITLE})">`,
      ...picture.marks.filter(isPainted).map((mark) => markText(mark, scheme, opacity)),
      ...marksOf(picture, expert).map((mark) => haloText(mark, scheme)),
      ...marksOf(picture, expert).map((mark) => chosenText(mark, scheme)),
      svg`</g>`,
      ...(legend > 0 ? [legendText(roles, MARGIN + TITLE + picture.height + 18, scheme)] : []),
      ...notes.map((note, at) => text(MARGIN, bottom + (at + 1) * NOTE, note, 12, colour('quiet', scheme))),
      svg`</svg>`,
      svg``,
    ],
    '\n',
  );
}

/** Roles that a picture paints, in the order of the table. */
export function rolesIn(marks: readonly Mark[]): readonly Role[] {
  const seen = new Set<Ink>();
  for (const mark of marks) if (mark.kind !== 'words' && mark.ink !== null) seen.add(mark.ink);
  if (seen.has('gate-up')) for (const half of ['gate', 'up'] as const) seen.add(half);
  return ROLES.filter((role) => seen.has(role));
}

function colour(ink: Ink, scheme: Scheme): Svg {
  return xmlText(inkColour(ink, scheme));
}

function fill(ink: Ink | null, scheme: Scheme): Svg {
  if (ink === null) return xmlText('none');
  return isRole(ink) && textureOf(ink) !== 'plain' ? svg`url(#${xmlText(`role-${ink}`)})` : colour(ink, scheme);
}

/** The texture of a role, over its colour. */
function pattern(role: Role, scheme: Scheme): Svg {
  const id = xmlText(`role-${role}`);
  const paper = colour('surface', scheme);
  const ground = svg`<rect width="6" height="6" fill="${colour(role, scheme)}"/>`;
  const open = svg`<pattern id="${id}" width="6" height="6" patternUnits="userSpaceOnUse">`;
  const texture = textureOf(role);
  const path = TEXTURE_PATHS[texture];
  if (path !== undefined)
    return svg`${open}${ground}<path d="${xmlText(path)}" stroke="${paper}" stroke-opacity="0.45" stroke-width="1" fill="none"/></pattern>`;
  if (texture === 'dots')
    return svg`${open}${ground}<circle cx="3" cy="3" r="1.2" fill="${paper}" fill-opacity="0.6"/></pattern>`;
  if (texture === 'halves')
    return svg`${open}${ground}<rect y="3" width="6" height="3" fill="${colour('up', scheme)}"/></pattern>`;
  return svg`${open}${ground}</pattern>`;
}

/** False for a place that shows only while its expert is chosen. */
function isPainted(mark: Mark): boolean {
  return mark.kind !== 'box' || mark.ink !== null || mark.edge !== undefined;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function markText(mark: Mark, scheme: Scheme, opacity: number): Svg {
  if (mark.kind === 'words')
    return text(mark.x, mark.y, mark.text, mark.size, colour(mark.ink, scheme), false, mark.anchor, mark.mono);
  if (mark.kind === 'line') {
    const [[x1, y1], [x2, y2]] = [mark.from, mark.to];
    return svg`<path d="M${round(x1)} ${round(y1)}L${round(x2)} ${round(y2)}" stroke="${colour(mark.ink, scheme)}" fill="none"/>`;
  }
  const title = mark.title === undefined ? svg`` : svg`<title>${xmlText(mark.title)}</title>`;
  if (mark.kind === 'ribbon')
    return svg`<path d="${xmlText(ribbonPath(mark))}" fill="${colour(mark.ink, scheme)}" fill-opacity="${opacity}">${title}</path>`;
  const edge = mark.edge === undefined ? svg`` : svg` stroke="${colour(mark.edge, scheme)}"`;
  const paint = svg`fill="${fill(mark.ink, scheme)}"${edge}`;
  return svg`<rect x="${round(mark.x)}" y="${round(mark.y)}" width="${round(mark.width)}" height="${round(mark.height)}" ${paint}>${title}</rect>`;
}

/** A frame round a box of the chosen expert, light inside dark so that it shows on every colour; its ribbons in full. */
function chosenText(mark: ReturnType<typeof marksOf>[number], scheme: Scheme): Svg {
  const [ground, ink] = [colour('surface', scheme), colour('text', scheme)];
  if (mark.kind === 'ribbon') {
    const own = colour(mark.ink, scheme);
    return svg`<path d="${xmlText(ribbonPath(mark))}" fill="${own}" stroke="${own}" stroke-width="2"/>`;
  }
  const { x, y, width, height } = frameOf(mark);
  const box = svg`<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" fill="none"`;
  return svg`${box} stroke="${ground}" stroke-width="4"/>${box} stroke="${ink}" stroke-width="2"/>`;
}

/** What keeps a chosen ribbon apart from those below it. */
function haloText(mark: ReturnType<typeof marksOf>[number], scheme: Scheme): Svg {
  if (mark.kind !== 'ribbon') return svg``;
  return svg`<path d="${xmlText(ribbonPath(mark))}" fill="none" stroke="${colour('surface', scheme)}" stroke-width="6"/>`;
}

function text(
  x: number,
  y: number,
  words: string,
  size: number,
  ink: Svg,
  strong = false,
  anchor: 'start' | 'middle' | 'end' = 'start',
  mono = !strong,
): Svg {
  const weight = strong ? svg` font-weight="600"` : svg``;
  return svg`<text x="${round(x)}" y="${round(y)}" font-family="${mono ? MONO : SANS}" font-size="${size}"${weight} fill="${ink}" text-anchor="${xmlText(anchor)}">${xmlText(words)}</text>`;
}

function legendText(roles: readonly Role[], y: number, scheme: Scheme): Svg {
  const shown = roles.filter((role) => role !== 'gate-up');
  let x = MARGIN;
  return joined(
    shown.map((role) => {
      const at = x;
      x += 18 + monoWidth(role, 12) + 16;
      const swatch = svg`<rect x="${round(at)}" y="${round(y - 10)}" width="12" height="12" fill="${fill(role, scheme)}"/>`;
      return svg`${swatch}${text(at + 18, y, role, 12, colour('quiet', scheme))}`;
    }),
  );
}
