import { afterAll, describe, expect, it, vi } from 'vitest';
import { shell } from '../embed/emitted.ts';
import { rankModel } from '../ranks/summary.ts';
import { openFixture } from '../testing.fixture.ts';
import type { Program } from './program.ts';

const READ = { version: '1.2.3', source: 'a test', date: '2026-12-01' };

// Other test files share the loaded modules: this one loads its own, and leaves none behind.
vi.resetModules();
vi.doMock('./all.ts', async (importOriginal) => {
  const real = await importOriginal<typeof import('./all.ts')>();
  const vllm = real.programOf('vllm');
  const fsdp2 = real.programOf('fsdp2');
  if (!vllm?.placement || !fsdp2?.memory || !vllm.loads)
    throw new Error('The programs that this one is made of are gone.');
  const made: Program = {
    id: 'my-engine',
    title: 'My Engine',
    use: 'specialised',
    placement: {
      ...vllm.placement,
      ...READ,
      inputs: { tp: 'Slicing' },
      // Every stage but the first has one layer.
      stages: (layers, pp) => [layers - (pp - 1), ...Array(pp - 1).fill(1)],
    },
    memory: { ...fsdp2.memory, ...READ, title: 'My Engine, training' },
    configuration: {
      ...READ,
      title: 'my-engine run',
      file: 'my-engine.sh',
      comment: '#',
      text: ({ mesh }) => shell`my-engine run --ep ${mesh.ep}\n`,
      limits: () => ['It is made up.'],
    },
    loads: { ...vllm.loads, ...READ },
  };
  const all = [...real.PROGRAMS, made];
  return {
    ...real,
    PROGRAMS: all,
    PROGRAM_IDS: all.map(({ id }) => id),
    isProgramId: (text: string) => all.some(({ id }) => id === text),
    programOf: (id: string) => all.find((program) => program.id === id),
  };
});

const core = await import('../index.ts');

afterAll(() => {
  vi.doUnmock('./all.ts');
  vi.resetModules();
});

const id = 'my-engine' as import('./all.ts').ProgramId;

/** One more entry of the list, and every room and list of the app and the command line has it. */
describe('a program that is one more folder', () => {
  it('is placed, by its own stages', async () => {
    const { facts } = rankModel((await openFixture('qwen3_moe')).checkpoint);
    expect(core.RANK_FRAMEWORKS.map((program) => program.id)).toContain(id);
    expect(core.isFrameworkId(id)).toBe(true);
    expect(core.frameworkOf(id)?.placement.inputs).toEqual({ tp: 'Slicing' });
    const placement = core.planPlacement({ framework: id, tp: 2, pp: 2 }, { ...facts, layers: 5 });
    expect(placement).toMatchObject({ framework: id, stages: [4, 1], mesh: { world: 4 } });
  });

  it('has its memory counted with the same stages', async () => {
    const { checkpoint } = await openFixture('qwen3_moe');
    const shape = core.shapeFromCheckpoint(checkpoint, core.detectLayout(checkpoint));
    expect(core.MEMORY_PROGRAMS.map(({ memory }) => memory.title)).toContain('My Engine, training');
    const report = core.estimateMemory(shape, { framework: id, pp: shape.layers });
    expect(report).toMatchObject({ framework: id, mesh: { stages: Array(shape.layers).fill(1) } });
  });

  it('has a configuration, under its id', async () => {
    const { checkpoint } = await openFixture('qwen3_moe');
    const shape = core.shapeFromCheckpoint(checkpoint, core.detectLayout(checkpoint));
    expect(core.configKindOf(id)).toBe(id);
    expect(core.configKinds()).toContainEqual({ kind: id, title: 'my-engine run' });
    expect(core.configFor(id, { model: 'org/name', shape, options: { tp: 2 } })).toMatchObject({
      kind: id,
      file: 'my-engine.sh',
      text: expect.stringContaining('my-engine run --ep 2'),
    });
  });

  it('is asked whether it loads a checkpoint', async () => {
    const { checkpoint } = await openFixture('qwen3_moe');
    const verdicts = core.predictLoads(checkpoint, core.detectLayout(checkpoint));
    expect(verdicts.find((verdict) => verdict.id === id)).toMatchObject({ verdict: 'loads', version: '1.2.3' });
  });
});
