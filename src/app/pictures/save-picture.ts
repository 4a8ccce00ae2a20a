import { type Picture, type Scheme, svgOf } from '../../core/index.ts';
import { saveBlob } from '../parts/save-blob.ts';

/** Pixels of a picture for each of its units, so that it is sharp in print. */
const SCALE = 2;

interface Saving {
  readonly picture: Picture;
  /** What stands below it: where it is from, what was found. */
  readonly notes: readonly string[];
  readonly scheme: Scheme;
  /** The expert that is marked; absent or null for none. */
  readonly expert?: number | null;
  /** The file's name without its ending. */
  readonly name: string;
}

/** Saves a picture as one SVG file. */
export function saveSvg(saving: Saving): void {
  saveBlob(svgBlob(saving), `${saving.name}.svg`);
}

/** Saves a picture as PNG, two pixels a unit. @throws Error where the browser cannot paint it. */
export async function savePng(saving: Saving): Promise<void> {
  const url = URL.createObjectURL(svgBlob(saving));
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = new OffscreenCanvas(image.naturalWidth * SCALE, image.naturalHeight * SCALE);
    canvas.getContext('2d')?.drawImage(image, 0, 0, canvas.width, canvas.height);
    saveBlob(await canvas.convertToBlob({ type: 'image/png' }), `${saving.name}.png`);
  } finally {
    URL.revokeObjectURL(url);
  }
}

function svgBlob({ picture, notes, scheme, expert = null }: Saving): Blob {
  return new Blob([svgOf(picture, { scheme, notes, expert })], { type: 'image/svg+xml' });
}

/** A name as part of a file's name: letters, digits, `.`, `_` and `-`, anything else as `-`. */
export function fileName(...parts: readonly string[]): string {
  return parts
    .join('-')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[-.]+/, '')
    .slice(0, 120);
}
