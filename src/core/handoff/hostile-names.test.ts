import { expect, it, test } from 'vitest';
import { correspond } from '../compare/correspond.ts';
import { compareMarkdown } from '../compare/markdown.ts';
import { compareReport } from '../compare/report.ts';
import type { Emitted } from '../embed/emitted.ts';
import { HOSTILE } from '../embed/hostile.fixture.ts';
import { hasPython, readByPython } from '../embed/python-reader.fixture.ts';
import { tsvText } from '../embed/tsv.ts';
import { visible } from '../embed/visible.ts';
import { detectLayout } from '../layouts/detect.ts';
import { planConversion } from '../plan/conversion.ts';
import { parseYaml } from '../programs/config.fixture.ts';
import { type ConsumerVerdict, loadScript, modelCard } from '../programs/loading.ts';
import { planPlacement, rankAssertion } from '../programs/placing.ts';
import { placed } from '../ranks/facts.fixture.ts';
import { rankModel } from '../ranks/summary.ts';
import { openFixture } from '../testing.fixture.ts';
import { statisticsTsv } from '../values/tsv.ts';
import type { CardFacts } from './model-card.ts';

const PYTHON = hasPython();
const noneHides = (text: string) => {
  const lines = text.split('\n');
  expect(lines.map(visible)).toEqual(lines);
};

function verdict(name: string): ConsumerVerdict {
  return {
    id: 'transformers-5',
    title: 'transformers 5',
    version: name,
    verdict: 'partial',
    missing: [name],
    unexpected: [`model.${name}.weight`],
    mismatched: [],
    evidence: { kind: 'run', source: 'a test', date: '2026-11-22' },
    cure: null,
    needs: [],
  };
}

test.skipIf(!PYTHON)('scripts that load are the same Python, whatever the names of tensors', () => {
  for (const id of ['transformers-5', 'transformers-4.57', 'mlx'] as const) {
    const scripts = ['plain', ...HOSTILE].map((name): Emitted<'python'> => {
      const made = loadScript({ ...verdict(name), id });
      if ('reason' in made) throw new Error(made.reason);
      noneHides(made.script);
      return made.script;
    });
    const [benign, ...read] = readByPython(scripts);
    for (const [at, name] of HOSTILE.entries()) {
      expect([name, read[at]?.tree]).toEqual([name, benign?.tree]);
      const held = read[at]?.strings.find((text) => text.includes('"consumer"')) ?? '';
      expect(JSON.parse(held)).toMatchObject({ version: name, missing: [name], unexpected: [`model.${name}.weight`] });
    }
  }
});

test.skipIf(!PYTHON)(
  'scripts that look at ranks are the same Python, whatever the names of files and tensors',
  async () => {
    const model = rankModel((await openFixture('qwen3_moe')).checkpoint);
    const placement = placed(planPlacement({ framework: 'transformers-5', ep: 4 }, model.facts));
    const scripts = ['plain.safetensors', ...HOSTILE].map((name): Emitted<'python'> => {
      const files = model.tensorIndex.files.map((file) => ({ ...file, name }));
      const script = rankAssertion({ ...model, tensorIndex: { ...model.tensorIndex, files } }, placement);
      if (script === null) throw new Error('There is no script.');
      noneHides(script);
      return script;
    });
    const [benign, ...read] = readByPython(scripts);
    for (const [at, name] of HOSTILE.entries()) {
      expect([name, read[at]?.tree]).toEqual([name, benign?.tree]);
      const held = read[at]?.strings.find((text) => text.includes('"world"')) ?? '';
      const { down } = JSON.parse(held) as { down: Record<string, { file: string }[]> };
      expect(new Set(Object.values(down).flatMap((all) => all.map(({ file }) => file)))).toEqual(new Set([name]));
    }
  },
);

/** Cells of a line of a table: a bar ends one unless a backslash stands before it. */
const cellsOf = (line: string) => line.split(/(?<!\\)\|/).length;

/** What a line is to Markdown by its start, and how many cells it has. */
const shapeOf = (line: string) => [
  /^(?:#+ |\| |- |```|---$|\*|$)/.exec(line)?.[0] ?? '',
  line.startsWith('|') ? cellsOf(line) : 0,
];

/** Everything that a reader of Markdown would act on, outside code and our own link and marks. */
function actsOn(markdown: string): string[] {
  const prose = markdown
    .replace(/^---\n[\s\S]*?\n---$/m, '')
    .replace(/^(`{3,})[\s\S]*?^\1$/gm, '')
    .replace(/(?<!\\)`[^`\n]*`/g, '')
    .replace(/<\/?code>/g, '')
    .replace(/\\[!-/:-@[-`{-~]/g, '')
    .replace(/&(?:amp|lt|#\d+);/g, '');
  return prose.match(/<|&|`|!\[|\]\((?!https:\/\/huggingface\.co\/)|~~|\$/g) ?? [];
}

test('a model card has the same parts, whatever it is told', async () => {
  const { checkpoint } = await openFixture('qwen3_moe');
  const plan = planConversion(checkpoint, 'stacked');
  const facts = (name: string): CardFacts => ({
    plan: {
      ...plan,
      skipped: [{ file: name, reason: name }],
      notes: [name],
      configChanges: [{ key: name, before: name, after: { [name]: name }, reason: name }],
    },
    layout: detectLayout(checkpoint),
    config: { ...checkpoint.config, architectures: [name] },
    source: { repo: name, revision: name },
    licence: { license: name, licenseName: name, licenseLink: name },
    name,
    proof: { tensors: 1, bytes: 1, method: name },
    hashes: [{ file: name, algorithm: name, hash: name }],
  });
  const benign: Emitted<'markdown'> = modelCard(facts('org'));
  for (const name of HOSTILE) {
    const card = modelCard(facts(name));
    noneHides(card);
    const body = (text: string) => text.replace(/^---\n[\s\S]*?\n---\n/, '');
    expect([name, body(card).split('\n').map(shapeOf)]).toEqual([name, body(benign).split('\n').map(shapeOf)]);
    expect([name, actsOn(card)]).toEqual([name, []]);
    const [, front = ''] = /^---\n([\s\S]*?)^---$/m.exec(card) ?? [];
    const held = name.replace(/\p{Surrogate}/gu, '\ufffd');
    expect(parseYaml(front.replace(/^#.*\n/gm, ''))).toMatchObject({ license: held, base_model: [held] });
  }
});

test('a comparison has the same parts, whatever it is told', async () => {
  const { checkpoint } = await openFixture('qwen3_moe');
  const report = compareReport(correspond(checkpoint, checkpoint), null);
  const told = (name: string): Emitted<'markdown'> => {
    const side = { ...report.left, identity: name, modelType: name };
    const note = { status: 'only-left', left: { tensor: name, bytes: 1 }, right: null, expert: null, note: name };
    return compareMarkdown({
      ...report,
      left: side,
      right: side,
      prefixes: [{ left: name, right: name, reason: name }],
      notes: [name],
      differences: [{ ...report.differences[0], ...note } as unknown as (typeof report.differences)[number]],
    });
  };
  const benign = told('org').split('\n').map(shapeOf);
  for (const name of HOSTILE) {
    noneHides(told(name));
    expect([name, told(name).split('\n').map(shapeOf)]).toEqual([name, benign]);
    expect([name, actsOn(told(name))]).toEqual([name, []]);
  }
});

it('keeps a cell of a table one cell, which no spreadsheet computes', () => {
  for (const name of HOSTILE) {
    const text: Emitted<'tsv'> = tsvText([
      ['name', 'number'],
      [name, -1.5],
    ]);
    noneHides(text.replaceAll('\t', ' '));
    const [, line = '', end] = text.split('\n');
    expect(end).toBe('');
    expect(line.split('\t')).toHaveLength(2);
    expect(line).not.toMatch(/^\s*[=+\-@"]/);
    expect(line.endsWith('\t-1.5')).toBe(true);
  }
  expect(statisticsTsv([])).not.toContain('undefined');
});
