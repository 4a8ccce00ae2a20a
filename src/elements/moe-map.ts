/**
 * `<moe-map repo="org/name">`: layers by experts, coloured by file, from headers alone.
 *
 * Attributes: `repo`, `revision`, `endpoint`, `scheme` (light, dark). The pointer and the keys (arrows, Home, End, Page Up, Page
 * Down) say what a cell is; Enter and a click send `moe-map-choose` with `{ layer, expert }`.
 */
import { visible } from '../core/embed/visible.ts';
import { LoomError } from '../core/errors.ts';
import { type ExpertMap, mapExperts } from '../core/layouts/map.ts';
import { cellInWords, mapInWords, moved, type Place, runsOf } from './map-picture.ts';
import type { OpenedRepo } from './opened.ts';
import { colourOf, framed, svgElement } from './painting.ts';
import { type Drawn, define, paragraph, REPO_ATTRIBUTES, RepoElement } from './repo-element.ts';

const CELL = 8;
const AXIS = 18;
const GUTTER = 40;

/** Layers by experts of a Hub repo. Its event `moe-map-ready` says `{ repo, commit, layers, experts, text }`. */
export class MoeMap extends RepoElement {
  static readonly observedAttributes = [...REPO_ATTRIBUTES];

  protected drawn({ repo, checkpoint, layout }: OpenedRepo): Drawn {
    const map = mapExperts(checkpoint, layout, { complete: true });
    if (map.columns === 0) throw new LoomError('usage', `${repo} has no layer with experts, so there is no map of it.`);
    const text = mapInWords(map);
    const says = paragraph('', 'says', 'mono');
    says.setAttribute('aria-live', 'polite');
    const choose = (place: Place) => {
      const detail = { layer: map.rows[place.row]?.index ?? null, expert: place.column };
      this.dispatchEvent(new CustomEvent('moe-map-choose', { detail }));
    };
    const grid = gridOf(map, `${visible(repo)}: ${text}`, says, choose);
    return {
      content: [paragraph(text), says, grid],
      detail: { layers: map.rows.length, experts: map.columns, text },
    };
  }
}

function gridOf(map: ExpertMap, label: string, says: HTMLElement, choose: (place: Place) => void): HTMLElement {
  const { rows, columns } = map;
  const [width, height] = [GUTTER + columns * CELL + 4, AXIS + rows.length * CELL + 4];
  const cursor = svgElement('g', {});
  const svg = svgElement('svg', { 'aria-hidden': 'true', width, height, viewBox: `0 0 ${width} ${height}` }, [
    ...axes(map),
    ...cells(map),
    cursor,
  ]);
  const box = document.createElement('div');
  box.className = 'map scroll';
  box.tabIndex = 0;
  box.setAttribute('role', 'application');
  box.setAttribute('aria-roledescription', 'map of experts');
  box.setAttribute('aria-label', label);
  box.append(svg);
  let place: Place = {
    row: Math.max(
      0,
      rows.findIndex(({ kind }) => kind !== 'dense'),
    ),
    column: 0,
  };
  const show = (next: Place) => {
    place = next;
    const at = { x: GUTTER + next.column * CELL - 1, y: AXIS + next.row * CELL - 1 };
    cursor.replaceChildren(...framed({ ...at, width: CELL + 1, height: CELL + 1 }));
    says.textContent = cellInWords(map, next);
  };
  const under = ({ clientX, clientY }: MouseEvent): Place | null => {
    const { left, top } = svg.getBoundingClientRect();
    const [column, row] = [Math.floor((clientX - left - GUTTER) / CELL), Math.floor((clientY - top - AXIS) / CELL)];
    return row >= 0 && row < rows.length && column >= 0 && column < columns ? { row, column } : null;
  };
  svg.addEventListener('pointermove', (event) => {
    const next = under(event);
    if (next) show(next);
  });
  svg.addEventListener('click', (event) => {
    const next = under(event);
    if (next) choose(next);
  });
  box.addEventListener('focus', () => show(place));
  box.addEventListener('keydown', (event) => {
    const next = moved(place, event.key, map);
    if (next) show(next);
    else if (event.key === 'Enter') choose(place);
    else return;
    event.preventDefault();
  });
  return box;
}

function cells(map: ExpertMap): readonly SVGElement[] {
  return runsOf(map).flatMap(({ row, from, to, colour, defect }) => {
    const [x, y] = [GUTTER + from * CELL, AXIS + row * CELL];
    const [width, height] = [(to - from) * CELL - 0.5, CELL - 0.5];
    const rect = svgElement('rect', { x, y, width, height, fill: defect ? 'none' : colour });
    if (!defect) return [rect];
    const cross = `M${x} ${y}h${width}v${height}h${-width}zM${x} ${y + height}L${x + width} ${y}`;
    return [svgElement('path', { d: cross, fill: 'none', stroke: colourOf('text') })];
  });
}

function axes({ rows, columns }: ExpertMap): readonly SVGElement[] {
  const word = (x: number, y: number, text: string, anchor: string) => {
    const attributes = { x, y, 'font-size': 11, fill: colourOf('quiet'), 'text-anchor': anchor, class: 'mono' };
    return svgElement('text', attributes, [document.createTextNode(text)]);
  };
  const step = columns > 16 ? 8 : 2;
  const above = Array.from({ length: Math.ceil(columns / step) }, (_, at) =>
    word(GUTTER + (at * step + 0.5) * CELL, 12, String(at * step), 'middle'),
  );
  const beside = rows.flatMap(({ index }, row) =>
    row % 2 === 0 && index !== null ? [word(GUTTER - 8, AXIS + row * CELL + 8, String(index), 'end')] : [],
  );
  return [...above, ...beside];
}

define('moe-map', MoeMap);
