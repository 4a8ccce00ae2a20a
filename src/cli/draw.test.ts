import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { hubFolder, safetensorsBytes } from '../core/testing.fixture.ts';
import { addDraw } from './draw.ts';

let printed: string;
let told: string;
let work: string;

beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'moe-loom-draw-'));
  [printed, told] = ['', ''];
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    told += String(text);
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(work, { recursive: true, force: true });
  process.exitCode = 0;
});

async function draw(...args: string[]): Promise<string> {
  const program = new Command('moe-loom').exitOverride();
  addDraw(program);
  await program.parseAsync(['node', 'moe-loom', 'draw', ...args]);
  return printed;
}

describe('draw', () => {
  it('prints the first layer with experts as one SVG file, with what it is of', async () => {
    const svg = await draw(hubFolder('deepseek_v3'));
    expect(svg.startsWith('<svg xmlns="http://www.w3.org/2000/svg"')).toBe(true);
    expect(svg.trimEnd().endsWith('</svg>')).toBe(true);
    expect(svg).toContain('per-expert (projections)');
    expect(svg).not.toContain(hubFolder('deepseek_v3'));
    expect(svg).toMatch(/per expert, in 2 reads\./);
    expect(process.exitCode ?? 0).toBe(0);
  });

  it('draws where a layer’s bytes lie: experts in the order of the file, which is that of text', async () => {
    const { marks, notes } = JSON.parse(
      await draw(hubFolder('qwen3_moe'), '--what', 'strip', '--layer', '0', '--json'),
    );
    const boxes = marks.filter((mark: { kind: string; title?: string }) => mark.kind === 'box' && mark.title);
    const order = [...new Set(boxes.map(({ expert }: { expert?: number }) => expert))].filter(
      (each) => each !== undefined,
    );
    expect(order).toEqual([0, 1, 10, 11, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(
      boxes.some(({ title }: { title: string }) => /^down 0: .*experts\.0\.down_proj\.weight, bytes /.test(title)),
    ).toBe(true);
    expect(notes[0]).toMatch(/per expert, in 1 read\./);
  });

  it('draws a layer on its way: nothing written at 0, everything at 100, and both with lines between', async () => {
    const flow = async (...args: string[]) => {
      printed = '';
      return JSON.parse(await draw(hubFolder('qwen3_moe'), '--what', 'flow', '--to', 'stacked', '--json', ...args));
    };
    const boxes = ({ marks }: { marks: readonly { kind: string; title?: string }[] }, of: RegExp) =>
      marks.filter(({ kind, title = '' }) => kind === 'box' && of.test(title)).length;
    const [before, after, still] = [await flow('--at', '0'), await flow('--at', '100'), await flow()];
    expect(before.title).toBe('Layer 0: per-expert to stacked');
    expect(before.description).toContain(
      'gate 0: from model-00001-of-00003.safetensors, bytes 76,536 to 82,680, to model.layers.0.mlp.experts.gate_proj in ',
    );
    expect([boxes(before, / to model/), boxes(after, / to model/)]).toEqual([0, 36]);
    expect(boxes(before, /^gate 0: model/)).toBe(1);
    expect(boxes(still, / to model/)).toBe(36);
    expect(still.marks.filter(({ kind }: { kind: string }) => kind === 'line')).toHaveLength(9);
  });

  it('writes a new file, and never over one that is there', async () => {
    const out = join(work, 'layer.svg');
    await draw(hubFolder('gpt_oss'), '--dark', '--out', out);
    expect(readFileSync(out, 'utf8')).toContain('gate-up-interleaved (gpt-oss)');
    expect(printed).toBe('');
    await expect(draw(hubFolder('gpt_oss'), '--out', out)).rejects.toThrow(
      'The file already exists. Give another name.',
    );
    expect(readdirSync(work)).toEqual(['layer.svg']);
  });

  it.each([
    [['--layer', '99'], 'There is no layer 99. Layers with experts: '],
    [['--layer', 'x'], '--layer takes the number of one layer, not "x".'],
    [['--what', 'photo'], '--what takes glyph, strip, flow; "photo" is not one of them.'],
    [['--what', 'flow'], '--what flow draws a conversion, so it needs --to <target>.'],
    [['--what', 'flow', '--to', 'pile'], '"pile" is not one of them.'],
    [['--what', 'flow', '--to', 'stacked', '--at', '101'], '--at takes a number from 0 to 100, not "101".'],
    [['--what', 'flow', '--to', 'gate-up-interleaved'], 'qwen3_moe is not read with gate and up alternating'],
    [['--what', 'flow', '--to', 'stacked', '--layer', '1'], 'This layer has no experts'],
    [['--what', 'strip', '--to', 'stacked'], '--to needs --what flow.'],
    [['--as', 'png'], '--as takes svg, not "png".'],
  ])('refuses %j with what it takes', async (args, message) => {
    await expect(draw(hubFolder('qwen3_moe'), ...args)).rejects.toThrow(message);
  });

  it('says what is wrong with the checkpoint, and ends with 1', async () => {
    const shape = [4, 8];
    const names = ['gate_proj', 'up_proj', 'down_proj'].flatMap((stem) =>
      [0, 2].map((expert) => `model.layers.0.mlp.experts.${expert}.${stem}.weight`),
    );
    writeFileSync(
      join(work, 'model.safetensors'),
      safetensorsBytes(names.map((name) => ({ name, dtype: 'BF16', shape: name.includes('down') ? [8, 4] : shape }))),
    );
    await draw(work, '--what', 'strip');
    expect(told).toMatch(/! .*\[expert-missing\]/);
    expect(process.exitCode).toBe(1);
  });
});
