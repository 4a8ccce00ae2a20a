import { visible } from '../core/embed/visible.ts';
import { isRole, TEXTURE_PATHS, textureOf } from '../core/layouts/drawing/inks.ts';
import {
  frameOf,
  type Ink,
  isLiteral,
  type Mark,
  marksOf,
  type Picture,
  ribbonOpacity,
  ribbonPath,
  spokenOf,
} from '../core/layouts/drawing/picture.ts';
import type { Role } from '../core/layouts/drawing/role.ts';
import { rolesIn } from '../core/layouts/drawing/svg.ts';

const NAMESPACE = 'http://www.w3.org/2000/svg';

type Attributes = Readonly<Record<string, string | number>>;

/** An element of SVG with these attributes and children. */
export function svgElement<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Attributes,
  children: readonly Node[] = [],
): SVGElementTagNameMap[Name] {
  const element = document.createElementNS(NAMESPACE, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  element.append(...children);
  return element;
}

/** The colour of an ink as an attribute: a property of the element, which follows its scheme. */
export function colourOf(ink: Ink): string {
  return isLiteral(ink) ? ink : `var(--moe-${ink})`;
}

/** A picture as an image with a name. What a shape says is its `data-says`. Nothing is parsed as markup. */
export function paintPicture(picture: Picture, expert: number | null): SVGSVGElement {
  const { width, height, marks } = picture;
  const opacity = ribbonOpacity(marks.filter(({ kind }) => kind === 'ribbon').length);
  const attributes = { role: 'img', 'aria-label': visible(spokenOf(picture, expert)), width, height };
  return svgElement('svg', { ...attributes, viewBox: `0 0 ${width} ${height}` }, [
    svgElement('defs', {}, rolesIn(marks).map(pattern)),
    ...marks.flatMap((mark) => painted(mark, opacity)),
    ...marksOf(picture, expert).flatMap(chosen),
  ]);
}

function fillOf(ink: Ink | null): string {
  if (ink === null) return 'none';
  return isRole(ink) && textureOf(ink) !== 'plain' ? `url(#role-${ink})` : colourOf(ink);
}

function painted(mark: Mark, opacity: number): readonly SVGElement[] {
  if (mark.kind === 'words') {
    const { x, y, size, ink, anchor, mono } = mark;
    const attributes = { x, y, 'font-size': size, fill: colourOf(ink), 'text-anchor': anchor };
    return [svgElement('text', mono ? { ...attributes, class: 'mono' } : attributes, [textOf(mark.text)])];
  }
  if (mark.kind === 'line') {
    const [[x1, y1], [x2, y2]] = [mark.from, mark.to];
    return [svgElement('line', { x1, y1, x2, y2, stroke: colourOf(mark.ink) })];
  }
  const says: Attributes = mark.title === undefined ? {} : { 'data-says': visible(mark.title) };
  if (mark.kind === 'ribbon') {
    return [svgElement('path', { d: ribbonPath(mark), fill: colourOf(mark.ink), 'fill-opacity': opacity, ...says })];
  }
  const { x, y, width, height, ink, edge } = mark;
  if (ink === null && edge === undefined) return [];
  const stroke: Attributes = edge === undefined ? {} : { stroke: colourOf(edge) };
  return [svgElement('rect', { x, y, width, height, fill: fillOf(ink), ...stroke, ...says })];
}

function chosen(mark: ReturnType<typeof marksOf>[number]): readonly SVGElement[] {
  if (mark.kind === 'ribbon') {
    const own = colourOf(mark.ink);
    return [svgElement('path', { d: ribbonPath(mark), fill: own, stroke: own, 'stroke-width': 2 })];
  }
  return framed(frameOf(mark));
}

/** A frame, light inside dark, so that it shows on every colour. */
export function framed(box: Attributes): readonly SVGElement[] {
  const rect = (ink: Ink, width: number) =>
    svgElement('rect', { ...box, fill: 'none', stroke: colourOf(ink), 'stroke-width': width });
  return [rect('surface', 4), rect('text', 2)];
}

function pattern(role: Role): SVGElement {
  const texture = textureOf(role);
  const path = TEXTURE_PATHS[texture];
  const attributes = { id: `role-${role}`, width: 6, height: 6, patternUnits: 'userSpaceOnUse' };
  return svgElement('pattern', attributes, [
    svgElement('rect', { width: 6, height: 6, fill: colourOf(role) }),
    ...(path === undefined ? [] : [svgElement('path', { d: path, class: 'texture' })]),
    ...(texture === 'dots' ? [svgElement('circle', { cx: 3, cy: 3, r: 1.2, class: 'dot' })] : []),
    ...(texture === 'halves' ? [svgElement('rect', { y: 3, width: 6, height: 3, fill: colourOf('up') })] : []),
  ]);
}

function textOf(text: string): Text {
  return document.createTextNode(visible(text));
}
