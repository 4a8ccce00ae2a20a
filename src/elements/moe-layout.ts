/**
 * `<moe-layout repo="org/name" layer="3">`: one layer as it is stored, from headers alone.
 *
 * Attributes: `repo`, `revision`, `endpoint`, `layer` (the first with experts), `expert` (marked in the picture),
 * `what="glyph"` (each kind of tensor to scale) or `"strip"` (where the bytes are in the files), `scheme` (light, dark).
 */
import { visible } from '../core/embed/visible.ts';
import { LoomError } from '../core/errors.ts';
import { DRAWINGS, type Drawing, drawLayer, groupToDraw } from '../core/layouts/drawing/draw.ts';
import { spokenOf } from '../core/layouts/drawing/picture.ts';
import type { OpenedRepo } from './opened.ts';
import { paintPicture } from './painting.ts';
import { type Drawn, define, numberIn, paragraph, REPO_ATTRIBUTES, RepoElement, scrolling } from './repo-element.ts';

/** One layer of a Hub repo, drawn. Its event `moe-layout-ready` says `{ repo, commit, layer, text }`. */
export class MoeLayout extends RepoElement {
  static readonly observedAttributes = [...REPO_ATTRIBUTES, 'layer', 'expert', 'what'];

  protected drawn({ checkpoint, layout }: OpenedRepo): Drawn {
    const [layer, expert] = [numberIn(this, 'layer'), numberIn(this, 'expert')];
    const at = groupToDraw(layout, layer);
    const { picture, notes } = drawLayer(checkpoint, layout, at, drawingIn(this.getAttribute('what')));
    const says = paragraph('', 'says', 'mono');
    const svg = paintPicture(picture, expert);
    const point = ({ target }: PointerEvent) => {
      says.textContent = target instanceof SVGElement ? (target.dataset.says ?? '') : '';
    };
    svg.addEventListener('pointermove', point);
    svg.addEventListener('pointerleave', () => {
      says.textContent = '';
    });
    const lines = [visible(picture.title), ...notes.map(visible)];
    const [title = '', ...rest] = lines;
    const content = [paragraph(title), scrolling(svg, title), says, ...rest.map((note) => paragraph(note, 'says'))];
    return { content, detail: { layer: layout.groups[at]?.index ?? null, text: visible(spokenOf(picture, expert)) } };
  }
}

/** @throws LoomError `usage`. */
function drawingIn(text: string | null): Drawing {
  if (text === null || text === '') return 'glyph';
  const found = DRAWINGS.find((each) => each === text);
  if (found) return found;
  throw new LoomError('usage', `The attribute what takes ${DRAWINGS.join(' or ')}, not "${text}".`);
}

define('moe-layout', MoeLayout);
