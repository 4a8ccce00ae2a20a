import { useEffect } from 'react';
import type { FlowScene } from '../../../../core/index.ts';
import { FlowView } from '../../../pictures/flow-view.tsx';
import { usePlayer, useReducedMotion } from '../../../pictures/use-player.ts';
import scene from './sample-flow.json';

/** The picture has come and what stands around it has been seen: then it begins. */
const BEGIN_MS = 500;

const SCENE = scene as unknown as FlowScene;
const nobody = () => {};

/** A layer of a bundled sample, from one tensor an expert to one tensor a projection: played once. */
export function StartFlow() {
  const still = useReducedMotion();
  const { playing, brush, play, seek } = usePlayer(nobody);
  useEffect(() => {
    if (still) return;
    seek(0);
    const timer = setTimeout(play, BEGIN_MS);
    return () => clearTimeout(timer);
  }, [still, play, seek]);
  return (
    <>
      <FlowView scene={SCENE} brush={brush} expert={null} />
      <figcaption className="start-flow-says">
        <span>
          Each of the twelve experts of this layer has three matrices. A conversion stacks them in three tensors. No
          number changes.
        </span>
        {!still && (
          <button type="button" className="button small" disabled={playing} onClick={play}>
            Play again
          </button>
        )}
      </figcaption>
    </>
  );
}
