import { INKS, type Scheme } from '../core/layouts/drawing/inks.ts';

const FACE = "ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace";

/** Colours as properties that a page may set on the element: `--moe-gate`, `--moe-surface`. */
function inksOf(scheme: Scheme): string {
  return Object.entries(INKS[scheme])
    .map(([ink, colour]) => `--moe-${ink}: ${colour};`)
    .join(' ');
}

const TEXT = `
:host { display: block; color-scheme: light; ${inksOf('light')} background: var(--moe-surface); color: var(--moe-text); font: 14px/1.5 system-ui, sans-serif; padding: 12px; }
:host([hidden]) { display: none; }
@media (prefers-color-scheme: dark) { :host(:not([scheme='light'])) { color-scheme: dark; ${inksOf('dark')} } }
:host([scheme='dark']) { color-scheme: dark; ${inksOf('dark')} }
p { margin: 0; }
.scroll { overflow-x: auto; }
svg { display: block; max-width: none; }
text { font-family: system-ui, sans-serif; }
text.mono, .mono { font-family: ${FACE}; }
.says { min-height: 1.5em; color: var(--moe-quiet); overflow-wrap: anywhere; }
button { font: inherit; margin-top: 8px; }
.map:focus-visible { outline: 2px solid var(--moe-text); outline-offset: 2px; }
.texture { stroke: var(--moe-surface); stroke-opacity: 0.45; fill: none; }
.dot { fill: var(--moe-surface); fill-opacity: 0.6; }
`;

let made: CSSStyleSheet | null = null;

/** The style sheet that all elements share. It is constructed, so that a policy against inline styles does not forbid it. */
export function sheet(): CSSStyleSheet {
  if (made) return made;
  made = new CSSStyleSheet();
  made.replaceSync(TEXT);
  return made;
}
