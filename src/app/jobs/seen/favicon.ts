import { useJob } from '../job-store.ts';
import { type JobSign, signOf } from './signs.ts';

const SIZE = 32;
const MIDDLE = SIZE / 2;
const RADIUS = 12;
/** The same in both themes: the browser draws the icon on its tab bar, not on the page. */
const GROUND = '#1d4ed8';
const COLOURS = { running: '#ffffff', paused: '#ffffff', done: '#7ee2a0', failed: '#ffb4ab' } as const;

let watching = false;

/**
 * From now on the icon of the tab shows the conversion: a ring that closes, two bars for a pause, a tick, a cross. Where
 * the browser draws no canvas, the icon stays as it is.
 */
export function watchFavicon(): void {
  const link = document.querySelector<HTMLLinkElement>('link[rel="icon"]');
  if (watching || !link) return;
  watching = true;
  const { type } = link;
  const href = link.getAttribute('href') ?? '';
  let shown = '';
  const follow = () => {
    const sign = signOf(useJob.getState());
    const wanted = sign === null ? '' : `${sign.state} ${sign.percent}`;
    if (wanted === shown) return;
    shown = wanted;
    const drawn = sign && drawSign(sign);
    link.type = drawn ? 'image/png' : type;
    link.href = drawn ?? href;
  };
  useJob.subscribe(follow);
  follow();
}

/** A picture as a `data:` address, which the page's policy allows for images; null where it cannot be drawn. */
function drawSign({ state, percent }: JobSign): string | null {
  try {
    const canvas = document.createElement('canvas');
    canvas.width = SIZE;
    canvas.height = SIZE;
    const context = canvas.getContext('2d');
    if (!context) return null;
    context.fillStyle = GROUND;
    context.fillRect(0, 0, SIZE, SIZE);
    context.lineWidth = 5;
    context.strokeStyle = COLOURS[state];
    if (state === 'running') drawRing(context, percent / 100);
    else drawLines(context, LINES[state]);
    return canvas.toDataURL('image/png');
  } catch {
    return null;
  }
}

function drawRing(context: CanvasRenderingContext2D, part: number): void {
  const top = -Math.PI / 2;
  context.globalAlpha = 0.35;
  context.beginPath();
  context.arc(MIDDLE, MIDDLE, RADIUS, 0, 2 * Math.PI);
  context.stroke();
  context.globalAlpha = 1;
  context.beginPath();
  context.arc(MIDDLE, MIDDLE, RADIUS, top, top + 2 * Math.PI * part);
  context.stroke();
}

type Line = readonly (readonly [number, number])[];

const LINES: Readonly<Record<'paused' | 'done' | 'failed', readonly Line[]>> = {
  paused: [
    [
      [11, 7],
      [11, 25],
    ],
    [
      [21, 7],
      [21, 25],
    ],
  ],
  done: [
    [
      [6, 17],
      [13, 24],
      [26, 8],
    ],
  ],
  failed: [
    [
      [7, 7],
      [25, 25],
    ],
    [
      [25, 7],
      [7, 25],
    ],
  ],
};

function drawLines(context: CanvasRenderingContext2D, lines: readonly Line[]): void {
  for (const line of lines) {
    context.beginPath();
    for (const [x, y] of line) context.lineTo(x, y);
    context.stroke();
  }
}
