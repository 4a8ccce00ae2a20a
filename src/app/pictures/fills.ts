import { type Ink, isLiteral, isRole, type NamedInk, textureOf } from '../../core/index.ts';

/** The page's own properties behind an ink: roles have one each, the rest are the page's text, lines and ground. */
const PROPERTIES: Partial<Record<NamedInk, string>> = {
  text: '--text',
  quiet: '--text-2',
  line: '--line-strong',
  surface: '--surface',
};

/** An ink's colour, which follows the theme unless it is a literal one. */
export function colourOf(ink: Ink): string {
  if (isLiteral(ink)) return ink;
  return `var(${PROPERTIES[ink] ?? `--role-${ink}`})`;
}

/** Where the texture of an ink is defined in a picture that begins its ids with `id`. */
export function textureId(id: string, ink: Ink): string {
  return `${id}-${ink}`;
}

/** What a shape is filled with: a texture where its role has one, so that colour is not all that tells it. */
export function fillOf(ink: Ink | null, id: string): string {
  if (ink === null) return 'none';
  return isRole(ink) && textureOf(ink) !== 'plain' ? `url(#${textureId(id, ink)})` : colourOf(ink);
}
