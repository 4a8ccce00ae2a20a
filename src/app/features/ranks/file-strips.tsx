import { useEffect, useRef } from 'react';
import type { RankFiles, RankPicture } from '../../../../workers/ranks/protocol.ts';
import { formatInteger } from '../../../core/index.ts';
import { useInks } from '../../grid/use-canvas.ts';
import { styled } from '../../parts/set-style.ts';
import { rgbOf } from '../../placement/rank-colours.ts';

/** Pixels of a row: a gap, the strip, a gap. */
const LINES = [false, true, true, false] as const;

interface StripsProps {
  readonly files: RankFiles | null;
  readonly picture: RankPicture;
  /** Ranks whose rows are drawn, half-open, and how high a row is. */
  readonly from: number;
  readonly to: number;
  readonly row: number;
}

/** The strips of every row in one canvas: a cell a file, as strong as the part of the file that the rank reads. */
export function FileStrips({ files, picture, from, to, row }: StripsProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const { accent } = useInks();
  const [width, height] = [Math.max(1, picture.files.length), Math.max(1, (to - from) * LINES.length)];
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    const image = context.createImageData(width, height);
    if (files) fill(image.data, files, { picture, from, to, ink: rgbOf(accent) });
    context.putImageData(image, 0, 0);
  }, [files, picture, from, to, width, height, accent]);
  return (
    <div
      className="rank-strips"
      aria-hidden="true"
      ref={styled({ translate: `0 ${from * row}px`, height: `${(to - from) * row}px` })}
    >
      <canvas ref={canvas} width={width} height={height} />
    </div>
  );
}

interface Filling extends Pick<StripsProps, 'picture' | 'from' | 'to'> {
  /** From the inks that are read once for each theme: reading them here would make the browser style all new rows at once. */
  readonly ink: readonly [number, number, number];
}

function fill(pixels: Uint8ClampedArray, { bytes }: RankFiles, { picture, from, to, ink }: Filling): void {
  const { files } = picture;
  for (let rank = from; rank < to; rank++) {
    for (const [file, { byteLength }] of files.entries()) {
      const share = (bytes[rank * files.length + file] ?? 0) / byteLength;
      if (!(share > 0)) continue;
      const alpha = 255 * (0.25 + 0.75 * Math.sqrt(Math.min(1, share)));
      for (const [line, inked] of LINES.entries()) {
        const at = (((rank - from) * LINES.length + line) * files.length + file) * 4;
        if (inked) pixels.set([...ink, alpha], at);
      }
    }
  }
}

/** What the strip of a rank says at a part of its width. */
export function stripTitle(rank: number, part: number, files: RankFiles | null, picture: RankPicture): string {
  const count = picture.files.length;
  const file = Math.min(count - 1, Math.max(0, Math.floor(part * count)));
  const bytes = files?.bytes[rank * count + file];
  const read = bytes === undefined ? 'still being counted' : `${formatInteger(bytes)} bytes read`;
  return `${picture.files[file]?.name}: ${read}`;
}
