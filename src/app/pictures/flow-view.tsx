import { type Ref, useEffect, useId, useImperativeHandle, useMemo, useRef } from 'react';
import { type FlowMove, type FlowScene, flowLines, type Ink, isRole, type Mark, visible } from '../../core/index.ts';
import { colourOf, fillOf, textureId } from './fills.ts';
import { inksOf, pathsAt } from './flow-paths.ts';
import { Chosen, Painted, PictureView, Texture } from './picture-view.tsx';
import './flow-view.css';

/** Of more pieces none is wide enough to be pointed at; the list has them all. */
const MOST_POINTED = 800;

/** Paints a flow at a time from 0 to 1, without React: many times a second. */
export interface FlowBrush {
  paint(t: number): void;
}

/** How far a file of a running conversion is, and with it its pieces. */
export type PieceState = 'waiting' | 'written' | 'proven';

interface FlowViewProps {
  readonly scene: FlowScene;
  readonly brush?: Ref<FlowBrush> | undefined;
  /** The expert whose boxes are marked; null for none. */
  readonly expert: number | null;
  /** What is known of a conversion that runs; pieces then stand where they are written, and do not move. */
  readonly stateOf?: ((file: string) => PieceState) | undefined;
}

/** What is stored above, what is written below, and what moves between them in a layer of its own, so that a frame paints nothing else. */
export function FlowView({ scene, brush, expert, stateOf }: FlowViewProps) {
  // Where pieces will lie can be pointed at before anything is painted there.
  const still = useMemo(() => {
    const places = scene.moves.length > MOST_POINTED ? [] : scene.moves.map(placeOf);
    return { ...scene, marks: [...scene.marks, ...places] };
  }, [scene]);
  return (
    <div className="flow-view">
      <PictureView picture={still} expert={expert} />
      {stateOf ? <Progress scene={scene} stateOf={stateOf} /> : <Moving scene={scene} brush={brush} expert={expert} />}
    </div>
  );
}

function placeOf({ to, title, expert }: FlowMove): Mark {
  return { kind: 'box', ...to, ink: null, title, ...(expert === null ? {} : { expert }) };
}

type Paths = Map<Ink, SVGPathElement>;

function Moving({ scene, brush, expert }: Pick<FlowViewProps, 'scene' | 'brush' | 'expert'>) {
  const { width, height, moves } = scene;
  const id = `f${useId().replace(/\W/g, '')}`;
  const inks = useMemo(() => inksOf(moves), [moves]);
  const lines = useMemo(() => flowLines(scene), [scene]);
  const chosen = moves.filter((move) => expert !== null && move.expert === expert).map(placeOf);
  const paths = useRef<Paths>(new Map());
  const ways = useRef<SVGGElement>(null);
  const last = useRef(1);
  const paint = (t: number) => {
    last.current = t;
    const drawn = pathsAt(moves, t);
    for (const [ink, path] of paths.current) path.setAttribute('d', drawn.get(ink) ?? '');
    ways.current?.setAttribute('visibility', t >= 1 ? 'visible' : 'hidden');
  };
  useImperativeHandle(brush, () => ({ paint }));
  // biome-ignore lint/correctness/useExhaustiveDependencies: another scene is painted at the time that the last one was at
  useEffect(() => paint(last.current), [scene]);
  return (
    <svg className="flow-moving" aria-hidden="true" width={width} height={height} viewBox={`0 0 ${width} ${height}`}>
      <Textures id={id} inks={inks} />
      {inks.map((ink) => (
        <path
          key={ink}
          fill={fillOf(ink, id)}
          ref={(path) => {
            if (path) paths.current.set(ink, path);
            else paths.current.delete(ink);
          }}
        />
      ))}
      <g ref={ways}>
        {lines.map((mark, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: lines of a picture have no other name and never move
          <Painted key={at} mark={mark} id={id} />
        ))}
        {chosen.map((mark, at) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: as above
          <Chosen key={at} mark={mark} />
        ))}
      </g>
    </svg>
  );
}

function Textures({ id, inks }: { readonly id: string; readonly inks: readonly Ink[] }) {
  return (
    <defs>
      {inks.filter(isRole).map((role) => (
        <Texture key={role} id={textureId(id, role)} role={role} />
      ))}
    </defs>
  );
}

/** What has been written is filled; what has been proven is hatched over. */
function Progress({ scene, stateOf }: { readonly scene: FlowScene; readonly stateOf: (file: string) => PieceState }) {
  const { width, height, moves } = scene;
  const id = `f${useId().replace(/\W/g, '')}`;
  const written = moves.filter(({ file }) => stateOf(file) !== 'waiting');
  const proven = written.filter(({ file }) => stateOf(file) === 'proven');
  const hatched = [...pathsAt(proven, 1).values()].join('');
  return (
    <svg className="flow-moving" aria-hidden="true" width={width} height={height} viewBox={`0 0 ${width} ${height}`}>
      <Textures id={id} inks={inksOf(moves)} />
      <defs>
        <pattern id={`${id}-proven`} width="8" height="8" patternUnits="userSpaceOnUse">
          <path className="flow-proven" d="M-2 6L2 10M-2 -2L10 10M6 -2L10 2" />
        </pattern>
      </defs>
      {[...pathsAt(written, 1)].map(([ink, d]) => (
        <path key={ink} d={d} fill={fillOf(ink, id)} />
      ))}
      <path d={hatched} fill={`url(#${id}-proven)`} stroke={colourOf('text')} strokeOpacity={0.4} />
    </svg>
  );
}

/** Every move as a line of text. */
export function FlowList({ scene }: { readonly scene: FlowScene }) {
  return (
    <ol>
      {scene.moves.map(({ title }, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the moves of a scene stay in their order
        <li key={at} className="mono">
          {visible(title)}
        </li>
      ))}
    </ol>
  );
}
