import { type Ink, isLiteral, type NamedInk } from './picture.ts';
import { ROLES, type Role } from './role.ts';

export type Scheme = 'light' | 'dark';

/**
 * Colours of inks: those of roles are told apart with any colour vision (after Okabe and Ito), and each stands 3 to 1 from
 * the surface at least. The page's own properties have the same values; a test compares them.
 */
export const INKS: Readonly<Record<Scheme, Readonly<Record<NamedInk, string>>>> = {
  light: {
    gate: '#0072b2',
    up: '#c47800',
    'gate-up': '#0072b2',
    down: '#008f68',
    router: '#d55e00',
    shared: '#b8578c',
    attention: '#4a90c2',
    mlp: '#7d6fb8',
    norm: '#828b97',
    embedding: '#9a8700',
    other: '#868f9c',
    companion: '#5b6470',
    text: '#171a1f',
    quiet: '#4d5561',
    line: '#b9c0ca',
    surface: '#ffffff',
  },
  dark: {
    gate: '#4aa8e0',
    up: '#f0b63c',
    'gate-up': '#4aa8e0',
    down: '#2fc59a',
    router: '#ff8a4c',
    shared: '#e39cc4',
    attention: '#8fd0f5',
    mlp: '#b3a8e6',
    norm: '#8d97a5',
    embedding: '#e0cf4a',
    other: '#76808e',
    companion: '#98a2b0',
    text: '#e9ecf1',
    quiet: '#a9b3c1',
    line: '#4d5868',
    surface: '#181c22',
  },
};

/** The colour of an ink in a scheme. */
export function inkColour(ink: Ink, scheme: Scheme): string {
  return isLiteral(ink) ? ink : INKS[scheme][ink];
}

/** A texture, so that a role is told without its colour. */
export type Texture = 'plain' | 'rising' | 'level' | 'dots' | 'crossed' | 'halves';

const TEXTURES: Partial<Record<NamedInk, Texture>> = {
  up: 'rising',
  down: 'level',
  'gate-up': 'halves',
  shared: 'dots',
  router: 'crossed',
};

/** The texture of an ink; `halves` are stripes of gate's and up's colour by turns. */
export function textureOf(ink: Ink): Texture {
  return isLiteral(ink) ? 'plain' : (TEXTURES[ink] ?? 'plain');
}

/** Lines of a texture in a square of six units, as the path of an SVG; absent where it is made of something else. */
export const TEXTURE_PATHS: Partial<Record<Texture, string>> = {
  rising: 'M-1 7L7 -1M-1 1L1 -1M5 7L7 5',
  level: 'M0 1.5H6M0 4.5H6',
  crossed: 'M0 0L6 6M6 0L0 6',
};

/** True for the inks of roles, which a legend names. */
export function isRole(ink: Ink): ink is Role {
  return (ROLES as readonly string[]).includes(ink);
}
