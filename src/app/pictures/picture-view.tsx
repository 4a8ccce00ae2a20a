import { type PointerEvent, useId, useMemo, useState } from 'react';
import {
  frameOf,
  type Mark,
  marksOf,
  type Picture,
  type Role,
  ribbonOpacity,
  ribbonPath,
  rolesIn,
  spokenOf,
  TEXTURE_PATHS,
  textureOf,
  visible,
} from '../../core/index.ts';
import { colourOf, fillOf, textureId } from './fills.ts';
import './pictures.css';

interface PictureViewProps {
  readonly picture: Picture;
  /** The expert whose boxes are marked; null for none. */
  readonly expert: number | null;
}

/** A drawing of core's, painted as SVG in the page's own colours. */
export function PictureView({ picture, expert }: PictureViewProps) {
  const id = `p${useId().replace(/\W/g, '')}`;
  const [says, setSays] = useState<string | null>(null);
  const { width, height, marks } = picture;
  const chosen = marksOf(picture, expert);
  // Of a thousand shapes none is made again while the pointer or the chosen expert moves.
  const painted = useMemo(() => {
    const opacity = ribbonOpacity(marks.filter(({ kind }) => kind === 'ribbon').length);
    // biome-ignore lint/suspicious/noArrayIndexKey: marks of a picture have no other name and never move
    return marks.map((mark, at) => <Painted key={at} mark={mark} id={id} opacity={opacity} />);
  }, [marks, id]);
  const point = ({ target }: PointerEvent) =>
    setSays(target instanceof SVGElement ? (target.dataset.says ?? null) : null);
  return (
    <figure>
      <svg
        onPointerMove={point}
        onPointerLeave={() => setSays(null)}
        className="picture"
        role="img"
        aria-label={visible(spokenOf(picture, expert))}
        width={width}
        height={height}
        viewBox={`0 0 ${width} ${height}`}
      >
        <defs>
          {rolesIn(marks).map((role) => (
            <Texture key={role} id={textureId(id, role)} role={role} />
          ))}
        </defs>
        {painted}
        {chosen.map((mark, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: as above
          <Halo key={at} mark={mark} />
        ))}
        {chosen.map((mark, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: as above
          <Chosen key={at} mark={mark} />
        ))}
      </svg>
      <figcaption className="picture-says mono">
        {says !== null ? visible(says) : chosen.length > 0 && `Expert ${expert} is marked.`}
      </figcaption>
    </figure>
  );
}

interface PaintedProps {
  readonly mark: Mark;
  readonly id: string;
  /** Of ribbons. */
  readonly opacity?: number;
}

export function Painted({ mark, id, opacity = 1 }: PaintedProps) {
  if (mark.kind === 'ribbon')
    return <path d={ribbonPath(mark)} fill={colourOf(mark.ink)} fillOpacity={opacity} data-says={mark.title} />;
  if (mark.kind === 'words')
    return (
      <text
        x={mark.x}
        y={mark.y}
        className={mark.mono ? 'mono' : undefined}
        fontSize={mark.size}
        fill={colourOf(mark.ink)}
        textAnchor={mark.anchor}
      >
        {visible(mark.text)}
      </text>
    );
  if (mark.kind === 'line') {
    const [[x1, y1], [x2, y2]] = [mark.from, mark.to];
    return <line x1={x1} y1={y1} x2={x2} y2={y2} stroke={colourOf(mark.ink)} />;
  }
  const { x, y, width, height, ink, edge, title } = mark;
  if (ink === null && edge === undefined) return null;
  return (
    <rect
      x={x}
      y={y}
      width={width}
      height={height}
      fill={fillOf(ink, id)}
      stroke={edge && colourOf(edge)}
      data-says={title}
    />
  );
}

/** A frame round a box of the chosen expert, light inside dark so that it shows on every colour; its ribbons in full. */
export function Chosen({ mark }: { readonly mark: Mark }) {
  if (mark.kind === 'ribbon')
    return (
      <path
        className="picture-chosen"
        d={ribbonPath(mark)}
        fill={colourOf(mark.ink)}
        stroke={colourOf(mark.ink)}
        strokeWidth={2}
      />
    );
  if (mark.kind !== 'box') return null;
  const box = { ...frameOf(mark), fill: 'none' };
  return (
    <g className="picture-chosen">
      <rect {...box} stroke={colourOf('surface')} strokeWidth={4} />
      <rect {...box} stroke={colourOf('text')} strokeWidth={2} />
    </g>
  );
}

/** What keeps a chosen ribbon apart from those below it. */
function Halo({ mark }: { readonly mark: Mark }) {
  if (mark.kind !== 'ribbon') return null;
  return <path d={ribbonPath(mark)} fill="none" stroke={colourOf('surface')} strokeWidth={6} />;
}

/** The texture of a role over its colour, as a pattern with an id. */
export function Texture({ id, role }: { readonly id: string; readonly role: Role }) {
  const texture = textureOf(role);
  const path = TEXTURE_PATHS[texture];
  return (
    <pattern id={id} width="6" height="6" patternUnits="userSpaceOnUse">
      <rect width="6" height="6" fill={colourOf(role)} />
      {path !== undefined && <path className="picture-texture" d={path} />}
      {texture === 'dots' && <circle className="picture-dot" cx="3" cy="3" r="1.2" />}
      {texture === 'halves' && <rect y="3" width="6" height="3" fill={colourOf('up')} />}
    </pattern>
  );
}

/** What the colours and textures of pictures mean. */
export function PictureLegend({ pictures }: { readonly pictures: readonly Picture[] }) {
  return <RoleLegend roles={rolesIn(pictures.flatMap(({ marks }) => marks)).filter((role) => role !== 'gate-up')} />;
}

/** What the colours and textures of roles are. */
export function RoleLegend({ roles }: { readonly roles: readonly Role[] }) {
  const id = `l${useId().replace(/\W/g, '')}`;
  return (
    <figure className="legend" aria-label="Legend">
      {roles.map((role) => (
        <span key={role} className="legend-item">
          <svg className="swatch" viewBox="0 0 12 12" aria-hidden="true">
            <defs>
              <Texture id={textureId(id, role)} role={role} />
            </defs>
            <rect width="12" height="12" fill={fillOf(role, id)} />
          </svg>
          <span className="mono">{role}</span>
        </span>
      ))}
    </figure>
  );
}
