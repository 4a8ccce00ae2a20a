import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FIXTURES, hubFolder } from '../core/testing.fixture.ts';
import { run } from './run.fixture.ts';

const CONFIG = join(FIXTURES, 'configs/Qwen3-30B-A3B.json');
const SETUP = ['--gpus', '16', '--dp', '8', '--cp', '2', '--ep', '16', '--context', '32768'];
let work: string;

beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'moe-loom-memory-'));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

describe('memory', () => {
  it('prints the contract from a config alone', async () => {
    const { code, stdout } = await run('memory', CONFIG, ...SETUP, '--json');
    expect(code).toBe(0);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ unit: 'GB', capacity: 84.933, verdict: 'at-risk' });
    expect(report.terms.length).toBeGreaterThan(4);
    for (const term of report.terms) {
      expect(Object.keys(term)).toEqual(['name', 'low', 'high', 'basis']);
      expect(term.low).toBeLessThanOrEqual(term.high);
    }
    const sum = report.terms.reduce((total: number, term: { high: number }) => total + term.high, 0);
    expect(sum).toBeCloseTo(report.high, 2);
    expect(report.assumed).toEqual(expect.arrayContaining([expect.stringMatching(/^16 bytes per parameter/)]));
  });

  it('ends with 1 where it does not fit, with 0 offloaded, and says why in words', async () => {
    const big = join(FIXTURES, 'configs/Qwen3-235B-A22B.json');
    const setup = ['--gpus', '64', '--dp', '64', '--ep', '64', '--context', '16384'];
    const out = await run('memory', big, ...setup);
    expect(out.code).toBe(1);
    expect(out.stdout).toMatch(/^Verdict {6}out of memory: [\d.]+ – [\d.]+ GB of 84\.9 GB/);
    expect(out.stdout).toMatch(/With .*: [\d.]+ – [\d.]+ GB, fits/);
    const offloaded = await run(
      'memory',
      big,
      '--gpus',
      '64',
      '--cp',
      '8',
      '--ep',
      '64',
      '--context',
      '32768',
      '--offload',
    );
    expect(offloaded.code).toBe(0);
    expect(offloaded.stdout).toMatch(/Host {9}44\.1 GB for each GPU/);
  });

  it('reads headers of a checkpoint, or the config of a folder that holds no more', async () => {
    const whole = await run('memory', hubFolder('qwen3_moe'), '--gpus', '4', '--json');
    expect(whole.code).toBe(0);
    copyFileSync(CONFIG, join(work, 'config.json'));
    const alone = await run('memory', work, ...SETUP, '--json');
    const direct = await run('memory', CONFIG, ...SETUP, '--json');
    expect(alone.stdout).toBe(direct.stdout);
  });

  it('counts LoRA: frozen weights, adapters, and what was assumed', async () => {
    const flags = ['--framework', 'transformers-5', '--gpus', '16', '--ep', '16', '--context', '2048', '--lora'];
    const { code, stdout } = await run('memory', CONFIG, ...flags, '16', '--json');
    expect(code).toBe(0);
    const report = JSON.parse(stdout);
    expect(report.lora).toEqual({ rank: 16, targets: ['attention'], parameters: 13_369_344 });
    const names = report.terms.map((term: { name: string }) => term.name);
    expect(names.slice(0, 4)).toEqual(['frozen weights', 'adapters', 'gradients', 'optimizer states']);
    expect(report.assumed).toEqual(expect.arrayContaining([expect.stringMatching(/^LoRA targets: q_proj, k_proj/)]));
    const named = await run('memory', CONFIG, ...flags, 'r=16,targets=q_proj+k_proj+v_proj+o_proj');
    expect(named.stdout).toMatch(/^LoRA {9}rank 16 on q_proj, k_proj, v_proj, o_proj: 13,369,344 parameters$/m);
    const full = await run('memory', CONFIG, ...SETUP, '--json');
    expect(JSON.parse(full.stdout).lora).toBeNull();
  });

  it('prints MFU of a speed, the speed of an MFU, and whether the sum fits', async () => {
    const given = await run('memory', CONFIG, ...SETUP, '--tokens-per-second', '20000');
    expect(given.stdout).toMatch(
      /^All GPUs {5}488\.5 GB of weights, gradients and optimizer states in 1\.36 TB on 16 GPUs, 36 % of the memory\. The sum fits\./m,
    );
    expect(given.stdout.match(/^ {2}MFU [\d.]+ %: 20,000 tokens per second \(1,250 per GPU\)/gm)).toHaveLength(3);
    const wanted = await run('memory', CONFIG, ...SETUP, '--mfu', '30', '--gpu-tflops', '312', '--json');
    const { throughput, cluster } = JSON.parse(wanted.stdout);
    expect(throughput).toMatchObject({
      gpuTflops: 312,
      tokensPerStep: 8 * 32_768,
      causal: { mfu: 30 },
      full: { mfu: 30 },
    });
    expect(throughput.causal.tokensPerSecond).toBeGreaterThan(throughput.full.tokensPerSecond);
    expect(cluster).toMatchObject({ states: 488.514, capacity: 1358.928, fits: true });
    const step = JSON.parse((await run('memory', CONFIG, ...SETUP, '--step-seconds', '16', '--json')).stdout);
    expect(step.throughput.full.tokensPerSecond).toBe(16_380);
  });

  it.each([
    [['--lora', '0'], '--lora takes a rank, or r=<rank>,targets=<name>[+<name>…]'],
    [['--lora', 'r=16,targets=$(rm)'], 'not "r=16,targets=$(rm)"'],
    [['--lora', '16,targets=nowhere'], "Target modules {'nowhere'} not found in the base model."],
    [['--lora', '16', '--framework', 'vllm'], 'LoRA needs a training program'],
    [['--mfu', '0'], '--mfu takes a number above 0'],
    [['--mfu', '200'], 'at most 100 %'],
    [['--mfu', '30', '--step-seconds', '2'], 'Give only one of tokens per second'],
    [['--tokens-per-second', '1e9'], '--tokens-per-second takes a number above 0'],
    [['--gpus', '16', '--dp', '3'], 'dp × cp × tp = 3 × 1 × 1 = 3 GPUs, but the number of GPUs is set to 16.'],
    [['--framework', 'nobody'], '--framework takes one of transformers-5, fsdp2'],
    [['--framework', 'transformers-5', '--ep', '6', '--gpus', '6'], 'Cannot evenly shard 128 experts across 6'],
    [['--optimizer-bytes', '7'], 'Optimizer bytes per parameter must be one of 6, 8'],
    [['--gpus', 'many'], '--gpus takes a whole number from 1, not "many".'],
    [['--offload', 'most'], '--offload takes one of optimizer, all, none'],
    [['--capacity', '-1'], '--capacity takes a number above 0'],
  ])('refuses %o with 2', async (flags, message) => {
    const { code, stderr } = await run('memory', CONFIG, ...flags);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it('refuses a config that names no sizes', async () => {
    const path = join(work, 'empty.json');
    writeFileSync(path, '[]');
    expect(await run('memory', path)).toMatchObject({ code: 1, stderr: expect.stringContaining('[config-invalid]') });
    writeFileSync(path, '{"hidden_size": 8}');
    expect((await run('memory', path, '--json')).stdout).toContain('"tag":"config-invalid"');
  });
});

describe('ranks', () => {
  it('prints the contract, and ends with 1 and the framework’s words where it is refused', async () => {
    const { code, stdout } = await run(
      'ranks',
      hubFolder('qwen3_moe'),
      '--framework',
      'transformers-5',
      '--ep',
      '4',
      '--json',
    );
    expect(code).toBe(0);
    const summary = JSON.parse(stdout);
    expect(summary).toMatchObject({ framework: 'transformers-5', error: null, mesh: { world: 4, dims: { tp: 4 } } });
    expect(summary.ranks.map((rank: { experts: number[][] }) => rank.experts)).toEqual([
      [[0, 3]],
      [[3, 6]],
      [[6, 9]],
      [[9, 12]],
    ]);
    for (const rank of summary.ranks) {
      const read = rank.reads.reduce((sum: number, each: { length: number }) => sum + each.length, 0);
      expect(read).toBe(rank.bytes);
      expect(rank.layers).toBeNull();
    }
    const refused = await run('ranks', hubFolder('qwen3_moe'), '--framework', 'transformers-5', '--ep', '5', '--json');
    expect(refused.code).toBe(1);
    expect(JSON.parse(refused.stdout)).toMatchObject({
      error: 'Cannot evenly shard 12 experts across 5 expert-parallel ranks.',
      ranks: [],
    });
  });

  it('asks for the file that a placement goes by, instead of calling that a refusal', async () => {
    const asked = async (framework: string) => {
      const { code, stderr } = await run('ranks', hubFolder('qwen3_moe'), '--framework', framework, '--ep', '4');
      return { code, stderr };
    };
    expect(await asked('eplb')).toEqual({ code: 2, stderr: expect.stringContaining('Give the file with --loads.') });
    expect(await asked('custom')).toEqual({ code: 2, stderr: expect.stringContaining('Give the file with --map.') });
  });

  it('hashes what each rank holds when asked, and takes the hashes along', async () => {
    const ask = ['ranks', hubFolder('qwen3_moe'), '--framework', 'transformers-5', '--ep', '2'];
    const plain = JSON.parse((await run(...ask, '--json')).stdout);
    const hashed = JSON.parse((await run(...ask, '--hashes', '--json')).stdout);
    type Hashed = { readonly expert_sha256: Readonly<Record<string, string>> };
    const hashes = hashed.ranks.map((rank: Hashed) => rank.expert_sha256);
    for (const each of hashes) expect(Object.keys(each)).toHaveLength(2 * 6 * 3);
    for (const rank of hashed.ranks) delete rank.expert_sha256;
    expect(hashed).toEqual(plain);
    const manifest = JSON.parse((await run(...ask, '--hashes', '--take', 'manifest')).stdout);
    expect(manifest).toMatchObject({ format: 'ep-shard-plan', checkpoint: { index_sha256: expect.any(String) } });
    expect(manifest.ranks.map((rank: Hashed) => rank.expert_sha256)).toEqual(hashes);
    const script = (await run(...ask, '--hashes', '--take', 'assertion')).stdout;
    for (const each of hashes) for (const sha256 of Object.values(each)) expect(script).toContain(sha256);
    const early = await run(...ask, '--hashes', '--to', 'gate-up');
    expect(early).toMatchObject({ code: 2, stderr: expect.stringContaining('Convert first') });
    expect(await run(...ask, '--take', 'nothing')).toMatchObject({ code: 2 });
  });

  it('prints the expert-parallel plan of the program', async () => {
    const { stdout } = await run('ranks', hubFolder('qwen3_moe'), '--framework', 'transformers-5', '--ep', '2');
    expect(stdout).toContain(
      'Plan         layers.*.mlp.gate: ep_router\n             layers.*.mlp.experts.gate_up_proj: grouped_gemm',
    );
    const none = await run('ranks', hubFolder('qwen3_moe'), '--framework', 'torchtitan', '--ep', '2');
    expect(none.stdout).not.toContain('Plan');
  });

  it('prints a configuration, and refuses in its program’s words', async () => {
    const hub = hubFolder('qwen3_moe');
    const vllm = await run('ranks', hub, '--config', 'vllm', '--ep', '4');
    expect(vllm).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('--data-parallel-size 4 \\\n  --enable-expert-parallel'),
    });
    const json = await run('ranks', hub, '--config', 'megatron', '--ep', '4', '--json');
    expect(JSON.parse(json.stdout)).toMatchObject({
      kind: 'megatron-core',
      version: expect.stringContaining('d98e8a6'),
    });
    // A format without comments keeps its text readable: what else is to be said stands on the error stream.
    const plain = await run('ranks', hub, '--config', 'deepspeed-autoep', '--set', 'autoep_size=4');
    expect(JSON.parse(plain.stdout)).toMatchObject({ expert_parallel: { enabled: true, autoep_size: 4 } });
    expect(plain.stderr).toMatch(/^! Launch 4 ranks/m);
    const refused = await run('ranks', hub, '--config', 'transformers', '--ep', '5');
    expect(refused).toMatchObject({ code: 1, stdout: expect.stringContaining('Cannot evenly shard 12 experts') });
    expect(await run('ranks', hub, '--config', 'nobody', '--ep', '4')).toMatchObject({ code: 2 });
    expect(await run('ranks', hub, '--ep', '4')).toMatchObject({ code: 2 });
  });
});
