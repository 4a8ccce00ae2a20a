import { randomFillSync } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { slurmScript } from '../core/index.ts';
import { safetensorsBytes } from '../core/testing.fixture.ts';
import { run } from './run.fixture.ts';
import { type Cluster, startCluster, until, whyNoCluster } from './slurm-cluster.fixture.ts';

const BIN = fileURLToPath(new URL('../../dist/cli/moe-loom.js', import.meta.url));
const PARTS = 4;
const why = whyNoCluster();
let work = '';
let cluster: Cluster | null = null;
afterAll(async () => {
  await cluster?.stop();
  if (work !== '') rmSync(work, { recursive: true, force: true });
});

/** 201 MB: four layers of 16 experts, a file each. */
function writeCheckpoint(folder: string): void {
  mkdirSync(folder);
  const [experts, hidden, intermediate] = [16, 512, 1024];
  const tensor = (name: string, ...shape: number[]) => {
    const bytes = randomFillSync(new Uint8Array(2 * shape.reduce((all, each) => all * each)));
    return { name, dtype: 'BF16' as const, shape, bytes };
  };
  for (let layer = 0; layer < 4; layer++) {
    const at = `model.layers.${layer}.mlp`;
    const all = Array.from({ length: experts }, (_, expert) => [
      tensor(`${at}.experts.${expert}.gate_proj.weight`, intermediate, hidden),
      tensor(`${at}.experts.${expert}.up_proj.weight`, intermediate, hidden),
      tensor(`${at}.experts.${expert}.down_proj.weight`, hidden, intermediate),
    ]);
    const bytes = safetensorsBytes([tensor(`${at}.gate.weight`, experts, hidden), ...all.flat()]);
    writeFileSync(join(folder, `model-0000${layer + 1}-of-00004.safetensors`), bytes);
  }
  const config = { model_type: 'qwen3_moe', num_hidden_layers: 4, num_experts: experts, num_experts_per_tok: 2 };
  const sizes = { hidden_size: hidden, moe_intermediate_size: intermediate, intermediate_size: intermediate };
  writeFileSync(join(folder, 'config.json'), JSON.stringify({ ...config, ...sizes }));
}

interface Lock {
  readonly part: string;
  readonly pid: number;
  readonly host: string;
}

/** The run of a part that is writing a shard now. */
function writing(out: string, part: string): Lock | null {
  const folder = join(out, '.moe-loom-parts');
  for (const name of existsSync(folder) ? readdirSync(folder) : []) {
    if (!name.endsWith('.lock')) continue;
    try {
      const lock = JSON.parse(readFileSync(join(folder, name), 'utf8')) as Lock;
      if (lock.part === part) return lock;
    } catch {
      // It was renamed or is being written.
    }
  }
  return null;
}

/** Names and contents, but for the report, which names times. */
const contents = (folder: string) =>
  readdirSync(folder)
    .filter((name) => name !== 'moe-loom-report.json')
    .map((name) => [name, readFileSync(join(folder, name))] as const);

describe(`a script on a Slurm of two hosts${why === null ? '' : ` (skipped: ${why})`}`, () => {
  it.skipIf(why !== null)(
    'gives what one machine gives, though one part is requeued and one is killed',
    async () => {
      work = mkdtempSync(join(tmpdir(), 'moe-loom-on-slurm-'));
      const [source, plan, out, straight] = ['source', 'plan.json', 'out', 'straight'].map((name) =>
        join(work, name),
      ) as [string, string, string, string];
      // munged wants folders that everybody may enter.
      chmodSync(work, 0o755);
      writeCheckpoint(source);
      cluster = await startCluster(join(work, 'slurm'));
      const { ask, other } = cluster;
      const layout = ['--to', 'stacked', '--max-shard-size', '20MB'];
      const planned = await run('plan', source, ...layout, '--out', plan, '--json');
      expect([planned.code, planned.stderr]).toEqual([0, '']);
      const { hash } = JSON.parse(planned.stdout).file as { hash: string };
      const logs = join(work, 'logs');
      const script = join(work, 'job.sh');
      writeFileSync(script, slurmScript({ plan, hash, out, logs, parts: PARTS, cpus: 1, program: BIN }));
      const said = await ask('sh', script);
      const [, parts = '', joining = ''] = /as job (\d+) and their join as job (\d+)/.exec(said) ?? [];
      expect([parts, joining]).not.toContain('');

      const hosts = new Set<string>();
      /** Stops a part within a shard, so that it cannot end before what is done to it. */
      const caught = async (part: number) => {
        const lock = await until(`part ${part} at work`, () => writing(out, `${part}/${PARTS}`));
        process.kill(lock.pid, 'SIGSTOP');
        hosts.add(lock.host);
        return lock.pid;
      };
      const [, killed] = await Promise.all([
        caught(1).then(() => ask('scontrol', 'requeue', `${parts}_1`)),
        caught(2).then((pid) => process.kill(pid, 'SIGKILL')),
      ]);
      expect(killed).toBe(true);

      await until(
        'the end of every job',
        async () => {
          const jobs = (await ask('squeue', '-h', '-r', '-o', '%A %r')).trim();
          // A job that is queued again begins two minutes later, unless somebody says now.
          for (const [, id = ''] of jobs.matchAll(/^(\d+) BeginTime$/gm))
            await ask('scontrol', 'update', `jobid=${id}`, 'StartTime=now').catch(() => '');
          return jobs === '' ? true : null;
        },
        50,
      );

      const shown = (id: string) => ask('scontrol', 'show', 'job', id);
      for (let part = 1; part <= PARTS; part++) {
        const state = await shown(`${parts}_${part}`);
        const log = readFileSync(join(logs, `part-${part}.${parts}.log`), 'utf8');
        expect(state, log).toMatch(/JobState=COMPLETED/);
        expect(state).toMatch(new RegExp(`Restarts=${part <= 2 ? 1 : 0}\\b`));
      }
      expect(await shown(joining), readFileSync(join(logs, `join.${joining}.log`), 'utf8')).toMatch(
        /JobState=COMPLETED/,
      );
      expect(readFileSync(join(logs, `part-1.${parts}.log`), 'utf8')).toMatch(/Restart 1 of slurm:\d+/);
      expect(readFileSync(join(logs, `part-2.${parts}.log`), 'utf8')).toMatch(
        /ended with 137: the job is queued again/,
      );
      expect(hosts).toContain(other);
      expect(hosts.size).toBe(2);

      expect((await run('convert', source, ...layout, '--out', straight)).code).toBe(0);
      const [got, want] = [contents(out), contents(straight)];
      expect(got.map(([name]) => name)).toEqual(want.map(([name]) => name));
      expect(got.filter(([, bytes], at) => !bytes.equals(want[at]?.[1] ?? Buffer.of())).map(([name]) => name)).toEqual(
        [],
      );
    },
    120_000,
  );
});
