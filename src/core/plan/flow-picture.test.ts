import { describe, expect, it } from 'vitest';
import { openCheckpoint } from '../checkpoint/open.ts';
import { detectLayout } from '../layouts/detect.ts';
import { openFixture } from '../testing.fixture.ts';
import { planConversion } from './conversion.ts';
import { createFlows } from './flow.ts';
import { axisLength, axisOf } from './flow-axis.ts';
import { flowPicture, flowStill, moveAt } from './flow-picture.ts';
import { flowScene } from './flow-scene.ts';
import { convertFiles } from './quantised.fixture.ts';

async function sceneOf(architecture: string, target: 'stacked' | 'gate-up-interleaved', fromApart = false) {
  const fixture = await openFixture(architecture);
  const files = fromApart ? (await convertFiles(fixture.files, 'per-expert')).files : fixture.files;
  const checkpoint = await openCheckpoint(files);
  const plan = planConversion(checkpoint, target);
  const flow = createFlows(plan, checkpoint, detectLayout(checkpoint)).layer(0);
  if (!flow) throw new Error('Layer 0 has no flow.');
  return { flow, scene: flowScene(flow, 'Layer 0') };
}

describe('the picture of a flow', () => {
  it('has every run of both sides as wide as its bytes, on one scale', async () => {
    const { flow, scene } = await sceneOf('qwen3_moe', 'stacked');
    const [first] = flow.pieces;
    const perByte = (scene.moves[0]?.to.width ?? 0) / ((first?.end ?? 0) - (first?.start ?? 0));
    flow.pieces.forEach((piece, at) => {
      const move = scene.moves[at];
      expect(move?.to.width).toBeCloseTo((piece.end - piece.start) * perByte, 3);
      expect(move?.from.width).toBeCloseTo(move?.to.width ?? 0, 3);
      expect(move?.to.x).toBeGreaterThanOrEqual(0);
      expect((move?.to.x ?? 0) + (move?.to.width ?? 0)).toBeLessThanOrEqual(scene.width + 0.01);
    });
  });

  it('moves every piece from its stored place to its written one, in the order of the bytes written', async () => {
    const { scene } = await sceneOf('qwen3_moe', 'stacked');
    const moving = (t: number) => flowPicture(scene, t).marks.length - scene.marks.length;
    expect([moving(0), moving(1)]).toEqual([0, scene.moves.length]);
    expect(moving(0.3)).toBeLessThan(moving(0.6));
    for (const move of scene.moves) {
      expect(moveAt(move, move.starts)).toBeNull();
      expect(moveAt(move, 1)).toEqual(move.to);
      const half = moveAt(move, (move.starts + move.ends) / 2);
      expect(half?.x).toBeCloseTo((move.from.x + move.to.x) / 2, 5);
    }
    const starts = scene.moves.map((move) => move.starts);
    expect(starts).toEqual([...starts].sort((a, b) => a - b));
  });

  it('lays gate over up where they alternate, and paints both as one once they are there', async () => {
    const { scene } = await sceneOf('gpt_oss', 'gate-up-interleaved', true);
    const [gate, up] = scene.moves.filter(({ landed }) => landed === 'gate-up');
    expect([gate?.ink, up?.ink]).toEqual(['gate', 'up']);
    expect(gate?.to.x).toBe(up?.to.x);
    expect((gate?.to.y ?? 0) + (gate?.to.height ?? 0)).toBe(up?.to.y);
    const inks = new Set(flowPicture(scene, 1).marks.map((mark) => mark.kind === 'box' && mark.ink));
    expect(inks.has('gate-up')).toBe(true);
  });

  it('draws lines of three experts where it stands still', async () => {
    const { scene } = await sceneOf('qwen3_moe', 'stacked');
    const lines = flowStill(scene).marks.filter(({ kind }) => kind === 'line');
    expect(lines).toHaveLength(9);
  });
});

describe('an axis of runs', () => {
  const run = (file: string, start: number, end: number) => ({ file, start, end });

  it('draws runs that are far apart near each other, and files beside each other', () => {
    const runs = [run('a', 0, 100), run('a', 1_000_000, 1_000_100), run('b', 50, 250)];
    const axis = axisOf(runs, 1);
    expect(axisLength(runs)).toBeLessThan(450);
    expect(axis.place(run('a', 20, 40))).toEqual({ x: 20, width: 20 });
    expect(axis.place(run('a', 1_000_000, 1_000_100)).x).toBeGreaterThan(100);
    expect(axis.place(run('a', 1_000_000, 1_000_100)).x).toBeLessThan(110);
    const [a, b] = axis.lanes;
    expect(b?.x).toBeGreaterThan((a?.x ?? 0) + (a?.width ?? 0));
    expect([b?.start, b?.end]).toEqual([50, 250]);
  });
});
