import { useCallback, useRef, useState } from 'react';
import type { PlanSummary } from '../../../../../workers/inspect/protocol.ts';
import {
  type FlowScene,
  flowPicture,
  flowStill,
  formatInteger,
  type GroupStep,
  plural,
  visible,
} from '../../../../core/index.ts';
import { useFindingsSentence } from '../../../checkpoint/use-findings-sentence.ts';
import { arrivedAt, stepFrom } from '../../../pictures/flow-paths.ts';
import { FlowList, FlowView, type PieceState } from '../../../pictures/flow-view.tsx';
import { PictureLegend } from '../../../pictures/picture-view.tsx';
import { SaveButtons } from '../../../pictures/save-buttons.tsx';
import { type Player, usePlayer, useReducedMotion } from '../../../pictures/use-player.ts';
import { useWidth } from '../../../pictures/use-width.ts';
import { useFlow } from '../../../queries/queries.ts';
import { move, useAddress } from '../../../state/address-store.ts';
import { useInspection } from '../../../state/inspection.ts';
import type { TargetOrder } from '../use-plan.ts';
import { type FileStateOf, useFileStates } from './use-file-states.ts';
import './flow.css';

/** Steps of the range: fine enough for the pieces of 128 experts. */
const STEPS = 1000;

interface FlowPanelProps {
  readonly plan: PlanSummary;
  readonly order: TargetOrder;
}

/** One layer of a plan on its way from where it is stored to where it would be written. */
export function FlowPanel({ plan, order }: FlowPanelProps) {
  const layers = plan.groups.filter(({ to }) => to !== null);
  const wanted = useAddress((address) => address.layer);
  const [prefix, setPrefix] = useState<string | null>(null);
  const [panel, width] = useWidth();
  const chosen =
    layers.find((layer) => (wanted === null ? layer.prefix === prefix : layer.index === wanted)) ??
    layers.find((layer) => layer.prefix === prefix) ??
    layers[0];
  const { data, error } = useFlow(
    order.target,
    order.options,
    chosen && width !== null ? { prefix: chosen.prefix, width } : null,
  );
  if (!chosen) return null;
  const choose = (layer: GroupStep) => {
    setPrefix(layer.prefix);
    if (layer.index !== null) move({ layer: layer.index });
  };
  const name = nameOf(chosen);
  return (
    <section ref={panel} className="panel flow-panel" aria-label={`What happens to ${name}`}>
      <header className="flow-head">
        <h2>What happens to {name}</h2>
        <label className="flow-layer">
          Layer{' '}
          <select
            value={chosen.prefix}
            onChange={(event) => {
              const layer = layers.find((each) => each.prefix === event.target.value);
              if (layer) choose(layer);
            }}
          >
            {layers.map((layer) => (
              <option key={layer.prefix} value={layer.prefix}>
                {layer.index === null ? visible(layer.prefix) : layer.index}
              </option>
            ))}
          </select>
        </label>
      </header>
      {error ? (
        <p className="callout bad">{visible(error.message)}</p>
      ) : data ? (
        <Flow scene={data} name={name} plan={plan} />
      ) : (
        <p className="quiet">{data === null ? 'This layer is not rearranged.' : 'Drawing …'}</p>
      )}
    </section>
  );
}

function nameOf({ index, prefix }: GroupStep): string {
  return index === null ? visible(prefix) : `layer ${index}`;
}

interface FlowProps {
  readonly scene: FlowScene;
  readonly name: string;
  readonly plan: PlanSummary;
}

/** While the plan runs, how far the layer is; else its way, to be played. */
function Flow({ scene, name, plan }: FlowProps) {
  const stateOf = useFileStates(plan);
  return stateOf ? <RunningFlow scene={scene} stateOf={stateOf} /> : <PlayedFlow scene={scene} name={name} />;
}

function RunningFlow({ scene, stateOf }: { readonly scene: FlowScene; readonly stateOf: FileStateOf }) {
  return (
    <>
      <p className="option-note flow-says" role="status">
        {progressText(scene, stateOf)}
      </p>
      <Picture scene={scene} stateOf={stateOf} />
    </>
  );
}

/** What is known is known by shard. */
function progressText({ moves }: FlowScene, stateOf: FileStateOf): string {
  const files = [...new Set(moves.map(({ file }) => file))];
  const count = (states: readonly PieceState[]) => files.filter((file) => states.includes(stateOf(file))).length;
  const written = count(['written', 'proven']);
  return [
    `${formatInteger(written)} of the ${plural(files.length, 'shard')} of this layer written, ${formatInteger(count(['proven']))} proven.`,
    'A piece is filled when its whole shard is written, and hatched when the shard is proven.',
  ].join(' ');
}

function PlayedFlow({ scene, name }: Omit<FlowProps, 'plan'>) {
  const says = useRef<HTMLParagraphElement>(null);
  const range = useRef<HTMLInputElement>(null);
  const { moves } = scene;
  const tell = useCallback(
    (t: number) => {
      if (says.current) says.current.textContent = wordsAt(moves.length, arrivedAt(moves, t));
      if (!range.current) return;
      range.current.value = String(Math.round(t * STEPS));
      range.current.setAttribute('aria-valuetext', valueText(moves.length, arrivedAt(moves, t), t));
    },
    [moves],
  );
  const player = usePlayer(tell);
  return (
    <>
      <div className="flow-tools">
        <Buttons player={player} scene={scene} />
        <input
          ref={range}
          type="range"
          className="flow-range"
          aria-label={`Progress of the bytes of ${name}`}
          aria-valuetext={valueText(moves.length, moves.length, 1)}
          min={0}
          max={STEPS}
          step={STEPS / 100}
          defaultValue={STEPS}
          onChange={(event) => player.seek(event.target.valueAsNumber / STEPS)}
        />
        <Save scene={scene} player={player} name={name} />
      </div>
      <p ref={says} className="option-note flow-says">
        {wordsAt(moves.length, moves.length)}
      </p>
      <Picture scene={scene} brush={player.brush} />
    </>
  );
}

function wordsAt(all: number, arrived: number): string {
  if (arrived === all)
    return `All ${formatInteger(all)} pieces are in their new place. The stored files do not change.`;
  return `${formatInteger(arrived)} of ${formatInteger(all)} pieces are in their new place.`;
}

function valueText(all: number, arrived: number, t: number): string {
  return `${Math.round(t * 100)} %, ${formatInteger(arrived)} of ${formatInteger(all)} pieces in place`;
}

function Buttons({ player, scene }: { readonly player: Player; readonly scene: FlowScene }) {
  const still = useReducedMotion();
  const { playing, play, pause, seek, time } = player;
  const step = (by: 1 | -1) => seek(stepFrom(scene.moves, time(), by));
  return (
    <span className="flow-buttons">
      {!still && (
        <button type="button" className="button small" onClick={playing ? pause : play}>
          {playing ? 'Pause' : 'Play'}
        </button>
      )}
      <button type="button" className="button small" aria-label="Previous piece" onClick={() => step(-1)}>
        ◂ Piece
      </button>
      <button type="button" className="button small" aria-label="Next piece" onClick={() => step(1)}>
        Piece ▸
      </button>
    </span>
  );
}

interface PictureProps {
  readonly scene: FlowScene;
  readonly brush?: Player['brush'];
  readonly stateOf?: FileStateOf;
}

function Picture({ scene, brush, stateOf }: PictureProps) {
  const expert = useAddress((address) => address.expert);
  const [open, setOpen] = useState(false);
  return (
    <>
      <PictureLegend pictures={[flowStill(scene)]} />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className="flow-frame" tabIndex={0} aria-label="Drawing of the bytes">
        <FlowView scene={scene} brush={brush} expert={expert} stateOf={stateOf} />
      </section>
      <details className="more" onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>Every piece as a list</summary>
        {open && <FlowList scene={scene} />}
      </details>
    </>
  );
}

/** Saves what is to be seen, in the colours that the page has. */
function Save({ scene, player, name }: { readonly scene: FlowScene; readonly player: Player; readonly name: string }) {
  const identity = useInspection((state) => state.summary?.identity ?? '');
  const found = useFindingsSentence();
  return (
    <span className="flow-save">
      <SaveButtons
        picture={() => (player.time() >= 1 ? flowStill(scene) : flowPicture(scene, player.time()))}
        notes={() => {
          const t = player.time();
          return [identity, found, ...(t >= 1 ? [] : [`${Math.round(t * 100)} % of the way`])];
        }}
        name={[identity, name, 'flow']}
      />
    </span>
  );
}
