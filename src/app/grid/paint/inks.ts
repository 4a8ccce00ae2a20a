/** Colours of the canvas, from the page's own properties. */
export interface Inks {
  readonly surface: string;
  readonly text: string;
  readonly quiet: string;
  readonly line: string;
  readonly accent: string;
  readonly accentSoft: string;
  readonly danger: string;
  readonly pending: string;
  readonly hatch: string;
  readonly lane: string;
  readonly mono: string;
  readonly mark: string;
  readonly markEdge: string;
  readonly dangerSoft: string;
  readonly gate: string;
  readonly up: string;
  readonly down: string;
  readonly router: string;
  readonly shared: string;
  readonly attention: string;
}

/** Reads the inks where the canvas stands. */
export function readInks(element: Element): Inks {
  const style = getComputedStyle(element);
  const ink = (name: string) => style.getPropertyValue(name).trim();
  return {
    surface: ink('--surface'),
    text: ink('--text'),
    quiet: ink('--text-2'),
    line: ink('--line'),
    accent: ink('--accent'),
    accentSoft: ink('--accent-soft'),
    danger: ink('--danger'),
    pending: ink('--cell-pending'),
    hatch: ink('--cell-hatch'),
    lane: ink('--cell-quiet'),
    mono: ink('--mono'),
    mark: ink('--cell-mark'),
    markEdge: ink('--cell-mark-edge'),
    dangerSoft: ink('--danger-soft'),
    gate: ink('--role-gate'),
    up: ink('--role-up'),
    down: ink('--role-down'),
    router: ink('--role-router'),
    shared: ink('--role-shared'),
    attention: ink('--role-attention'),
  };
}

const hatches = new WeakMap<Inks, CanvasPattern>();

/** The pattern of what is not read yet, made once for each set of inks. */
export function hatchOf(context: CanvasRenderingContext2D, inks: Inks): CanvasPattern | null {
  const made = hatches.get(inks) ?? makeHatch(context, inks);
  if (made) hatches.set(inks, made);
  return made;
}

function makeHatch(context: CanvasRenderingContext2D, inks: Inks): CanvasPattern | null {
  const tile = document.createElement('canvas');
  tile.width = tile.height = 6;
  const brush = tile.getContext('2d');
  if (!brush) return null;
  brush.fillStyle = inks.pending;
  brush.fillRect(0, 0, 6, 6);
  brush.strokeStyle = inks.hatch;
  brush.beginPath();
  for (const at of [-6, 0, 6]) {
    brush.moveTo(at, 6);
    brush.lineTo(at + 6, 0);
  }
  brush.stroke();
  return context.createPattern(tile, 'repeat');
}
