import { describe, expect, it } from 'vitest';
import { expertRanges } from '../../parity/forms.ts';
import { bytesOf } from '../../safetensors/dtype.ts';
import { ARCHITECTURES, openFixture } from '../../testing.fixture.ts';
import { detectLayout } from '../detect.ts';
import { cellTensors } from '../map.ts';
import { layerPrefix } from '../tensor-place.ts';
import type { Projection } from '../types.ts';
import { matrixView } from '../view.ts';
import { createLayerDrawer, drawLayer, groupToDraw } from './draw.ts';
import { glyphOf } from './glyph.ts';
import { layerStrip } from './layer-strip.ts';
import { expertReads, layerReads, modelReads } from './reads.ts';
import { ROLES } from './role.ts';
import { holesOf, stripsOf } from './strips.ts';

async function opened(architecture: string) {
  const { checkpoint } = await openFixture(architecture);
  const layout = detectLayout(checkpoint);
  return { checkpoint, layout, strips: stripsOf(checkpoint, layout) };
}

describe.each(ARCHITECTURES)('the geometry of %s', (architecture) => {
  it('has every tensor once, in the order of its bytes, and no hole', async () => {
    const { checkpoint, strips } = await opened(architecture);
    expect([...strips.names].sort()).toEqual([...checkpoint.tensors.keys()].sort());
    for (const file of strips.files) {
      for (let at = file.from; at < file.to; at += 1) {
        const tensor = checkpoint.tensors.get(strips.names[at] ?? '');
        expect([tensor?.file, tensor?.start, tensor?.end]).toEqual([file.file, strips.start[at], strips.end[at]]);
        if (at > file.from) expect(strips.start[at]).toBeGreaterThanOrEqual(strips.end[at - 1] ?? 0);
      }
      expect(holesOf(strips, file)).toEqual([]);
    }
  });

  it('knows what each tensor is for', async () => {
    const { layout, strips } = await opened(architecture);
    const role = (name: string) => ROLES[strips.role[strips.names.indexOf(name)] ?? -1];
    for (const group of layout.groups) {
      for (const { template, projection } of group.members)
        expect(role(template.replaceAll('{i}', '0')), template).toBe(projection);
      for (const name of group.router) expect(role(name), name).toBe('router');
      for (const name of group.shared) expect(role(name), name).toBe('shared');
    }
    expect(strips.names.filter((name) => role(name) === 'other')).toEqual([]);
  });

  it('has a layer’s bytes in runs that touch no other, all of them and nothing else', async () => {
    const { checkpoint, layout, strips } = await opened(architecture);
    for (const [at, group] of layout.groups.entries()) {
      const strip = layerStrip(strips, group, at);
      const own = [...checkpoint.tensors.values()].filter(
        ({ name }) => layerPrefix(name) === layerPrefix(`${group.prefix}.`),
      );
      expect(strip.bytes).toBe(own.reduce((sum, { start, end }) => sum + end - start, 0));
      for (const { boxes } of strip.files)
        boxes.forEach(({ start, end }, place) => {
          expect(end).toBeGreaterThan(start);
          expect(start).toBeGreaterThanOrEqual(boxes[place - 1]?.end ?? 0);
        });
    }
  });

  it('draws a layer from its own files as from all of them', async () => {
    const { checkpoint, layout } = await opened(architecture);
    const [all, near] = [createLayerDrawer(checkpoint, layout), createLayerDrawer(checkpoint, layout)];
    all.strips();
    for (const at of layout.groups.keys()) expect(near.strip(at)).toEqual(all.strip(at));
  });

  it('has gate, up and down where the plan reads them from', async () => {
    const { checkpoint, layout, strips } = await opened(architecture);
    let compared = 0;
    for (const [at, group] of layout.groups.entries()) {
      const boxes = layerStrip(strips, group, at).files.flatMap(({ boxes: each }) => each);
      for (let expert = 0; expert < (group.experts ?? 0); expert += 1) {
        for (const projection of ['gate', 'up', 'down'] satisfies Projection[]) {
          const view = matrixView(group, projection, expert);
          const tensor = view && checkpoint.tensors.get(view.tensor);
          const own = boxes.find(
            (box) =>
              box.expert === expert &&
              box.role === projection &&
              (box.part ?? 'weight') === 'weight' &&
              box.name === view?.tensor,
          );
          if (!view || !tensor || !own) continue;
          const item = bytesOf(tensor.dtype, 1);
          expect(own.start).toBe(tensor.start + view.base * item);
          expect(own.end - own.start).toBe(view.rows * view.columns * item);
          compared += 1;
        }
      }
    }
    expect(compared).toBeGreaterThan(0);
  });

  it('counts the reads of an expert from the ranges that other rooms read', async () => {
    const { checkpoint, layout } = await opened(architecture);
    let [reads, experts] = [0, 0];
    for (const group of layout.groups.filter(({ kind }) => kind !== 'dense')) {
      for (let expert = 0; expert < (group.experts ?? 0); expert += 1) {
        const { pieces, bytes } = expertReads(checkpoint, group, expert);
        const ranges = expertRanges(checkpoint, group, expert, expert + 1);
        expect(bytes).toBe(ranges.reduce((sum, { start, end }) => sum + end - start, 0));
        for (const { file, start, end } of ranges)
          expect(pieces.some((each) => each.file === file && each.start <= start && end <= each.end)).toBe(true);
        expect(cellTensors(checkpoint, group, expert).length).toBeGreaterThanOrEqual(pieces.length);
        reads += pieces.length;
        experts += 1;
      }
    }
    expect(modelReads(checkpoint, layout)).toMatchObject({ reads, experts });
  });

  it('can be drawn, layer by layer', async () => {
    const { checkpoint, layout } = await opened(architecture);
    layout.groups.forEach((group, at) => {
      expect(drawLayer(checkpoint, layout, at, 'strip').picture.marks.length).toBeGreaterThan(0);
      if (group.kind === 'dense') expect(() => drawLayer(checkpoint, layout, at, 'glyph')).toThrow('--what strip');
      else expect(drawLayer(checkpoint, layout, at, 'glyph').picture.marks.length).toBeGreaterThan(0);
    });
  });
});

describe('a glyph', () => {
  const first = async (architecture: string) => {
    const { layout } = await opened(architecture);
    const group = layout.groups.find(({ kind }) => kind === 'moe');
    return group ? glyphOf(group) : null;
  };

  it('has experts apart as so many tensors', async () => {
    const glyph = await first('qwen3_moe');
    expect(
      glyph?.weights.map(({ stack, projection, rows, columns, rowsAre }) => [
        stack,
        projection,
        rows,
        columns,
        rowsAre,
      ]),
    ).toEqual([
      ['apart', 'gate', 48, 64, 'outputs'],
      ['apart', 'up', 48, 64, 'outputs'],
      ['apart', 'down', 64, 48, 'outputs'],
    ]);
  });

  it('has gate’s rows before up’s in a fused tensor, and columns where it is turned', async () => {
    const [granite, llama] = [await first('granitemoe'), await first('llama4_text')];
    expect(granite?.weights[0]).toMatchObject({ stack: 'stacked', rowsAre: 'outputs' });
    expect(granite?.weights[0]?.bands.map(({ projection, along, from }) => [projection, along, from])).toEqual([
      ['gate', 'rows', 0],
      ['up', 'rows', 0.5],
    ]);
    expect(llama?.weights[0]).toMatchObject({ stack: 'stacked', rowsAre: 'inputs' });
    expect(llama?.weights[0]?.bands.map(({ along }) => along)).toEqual(['columns', 'columns']);
  });

  it('has gate and up by turns where they are interleaved, with their biases beside them', async () => {
    const glyph = await first('gpt_oss');
    expect(glyph?.weights[0]?.bands.map(({ projection, along, every }) => [projection, along, every])).toEqual([
      ['gate', 'columns', 'first'],
      ['up', 'columns', 'second'],
    ]);
    expect(glyph?.companions.map(({ projection, part }) => `${projection} ${part}`)).toEqual([
      'gate-up bias',
      'down bias',
    ]);
  });
});

describe('a layer to draw', () => {
  it('is the first with experts, or the one that is asked for, or an error that lists those there are', async () => {
    const { layout } = await opened('deepseek_v3');
    const sparse = layout.groups.findIndex(({ kind }) => kind === 'moe');
    expect(groupToDraw(layout, null)).toBe(sparse);
    expect(groupToDraw(layout, 0)).toBe(0);
    expect(() => groupToDraw(layout, 99)).toThrow(/There is no layer 99\. Layers with experts: /);
  });
});

describe('reads of an expert', () => {
  it('are one for each run: runs that touch are one, and what lies between is counted', async () => {
    const { checkpoint, layout } = await opened('qwen3_moe');
    const group = layout.groups.find(({ kind }) => kind === 'moe');
    if (!group) throw new Error('no layer');
    // down, gate and up of one expert stand side by side in the files of the Hub
    expect(expertReads(checkpoint, group, 0)).toMatchObject({ files: 1, between: 0, bytes: 3 * 48 * 64 * 2 });
    expect(layerReads(checkpoint, group)).toMatchObject({ experts: 12, fewest: 1 });
  });
});

it('says how many experts a tensor is cut into where it holds all of them', async () => {
  const stacked = await opened('gpt_oss');
  const cuts = (name: RegExp) =>
    stacked.strips.names.flatMap((each, at) => (name.test(each) ? [stacked.strips.cut[at]] : []));
  const experts = stacked.layout.groups[0]?.experts;
  expect(new Set(cuts(/experts\.(gate_up|down)_proj(_blocks|_bias)?$/))).toEqual(new Set([experts]));
  expect(new Set(cuts(/self_attn|norm|router/))).toEqual(new Set([0]));
  const apart = await opened('qwen3_moe');
  expect(apart.strips.cut.every((cut) => cut === 0)).toBe(true);
});
