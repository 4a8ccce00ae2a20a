import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readManifest } from '../core/cluster/manifest-reader.fixture.ts';
import { hubFolder } from '../core/testing.fixture.ts';
import { capture } from './answers/capture.fixture.ts';

const SOURCE = hubFolder('qwen3_moe');
let work: string;
let plan: string;
beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), 'moe-loom-job-'));
  plan = join(work, 'big plan.json');
  await capture('plan', SOURCE, '--to', 'stacked', '--max-shard-size', '15KB', '--out', plan);
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

const KUBERNETES = ['--image', 'loom:1', '--claim', 'models'];

describe('job', () => {
  it('prints the script for Slurm: no more parts than shards, output and logs beside the plan', async () => {
    const { code, stdout, stderr } = await capture('job', 'slurm', plan);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^#!\/bin\/bash\n#SBATCH/);
    for (const line of [
      `PLAN='${plan}'`,
      `OUT='${work}/big plan-out'`,
      `LOGS='${work}/big plan-logs'`,
      'LOOM=(moe-loom)',
    ])
      expect(stdout.split('\n')).toContain(line);
    expect(stdout).toMatch(/--array=1-(?:[2-9]|1[0-6]) /);
    expect(stdout).toContain('case $code in 1|3) ;;');
  });

  it('writes the file once, and says how it is run', async () => {
    const file = join(work, "it's.sh");
    const args = ['job', 'slurm', plan, '--array', '4%2', '--cpus', '2', '--module', 'a', '--module', 'b', '-o', file];
    const { code, stdout } = await capture(...args, '--json');
    const answer = JSON.parse(stdout);
    expect([code, answer.parts, answer.file]).toEqual([0, 4, file]);
    expect(answer.commands).toEqual([`bash '${file.replaceAll("'", "'\\''")}'`]);
    const text = readFileSync(file, 'utf8');
    expect(answer.text).toBe(text);
    expect(text).toMatch(/--array=1-4%2 [\s\S]*module load a\n {2}module load b\n[\s\S]*--threads=2 &/);
    expect(await capture(...args)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/is there already.*\[usage\]/),
    });
  });

  it('writes the manifest for Kubernetes, and says how it is run', async () => {
    const file = join(work, 'job.yaml');
    const args = [
      ...KUBERNETES,
      '--source',
      'org/name',
      '--completions',
      '3',
      '--parallelism',
      '2',
      '--namespace',
      'ml',
    ];
    const { code, stdout } = await capture('job', 'kubernetes', plan, ...args, '-o', file, '--run-as', '1000:100');
    expect(code).toBe(0);
    const [parts, joining] = readManifest(readFileSync(file, 'utf8'));
    expect(parts?.spec).toMatchObject({ completions: 3, parallelism: 2 });
    expect(parts?.spec.template.spec.securityContext).toMatchObject({ runAsUser: 1000, runAsGroup: 100 });
    expect(parts?.spec.template.spec.containers[0].args).toEqual([
      ...['convert', '--plan=/data/plan.json', '--out=/data/plan-out', '--source=org/name'],
      '--part=$(JOB_COMPLETION_INDEX)+1/3',
    ]);
    expect(stdout).toContain(`kubectl apply -f ${file}`);
    expect(stdout).toContain(`job/${joining?.metadata.name} --namespace=ml`);
  });

  it('has commands in the manifest that convert when they are run as pods would', async () => {
    const at = ['--mount', work, '--plan-path', plan, '--out', join(work, 'pods $out'), '--source', SOURCE];
    const refused = await capture('job', 'kubernetes', plan, ...KUBERNETES, ...at);
    expect([refused.code, refused.stderr]).toEqual([2, expect.stringMatching(/--source has to be below/)]);
    cpSync(SOURCE, join(work, 'model'), { recursive: true });
    at[at.length - 1] = join(work, 'model');
    const { stdout } = await capture('job', 'kubernetes', plan, ...KUBERNETES, ...at, '--completions', '2');
    const [parts, joining] = readManifest(stdout);
    const run = async (container: { readonly args: readonly string[] }, index = '') => {
      const args = container.args.map((word) => word.replace('$(JOB_COMPLETION_INDEX)', index).replaceAll('$$', '$'));
      return (await capture(...args)).code;
    };
    const [part] = parts?.spec.template.spec.containers ?? [];
    const { initContainers, containers } = joining?.spec.template.spec ?? {};
    expect([await run(part, '1'), await run(part, '0')]).toEqual([0, 0]);
    expect([await run(initContainers[0]), await run(containers[0])]).toEqual([0, 0]);
    expect(readdirSync(join(work, 'pods $out'))).toContain('config.json');
  });

  it('ends with 3 in a job of a cluster where a retry changes nothing, with 2 elsewhere', async () => {
    const broken = join(work, 'broken.json');
    writeFileSync(broken, '{"version":1}');
    const commands = [
      ['convert', '--plan', broken, '--part', '1/2', '--out', join(work, 'none')],
      ['convert', '--plan', plan, '--parts', '1/2'],
      ['join', broken, join(work, 'none')],
      ['status', '--wait', broken, join(work, 'none')],
    ];
    for (const [final, code] of [
      ['3', 3],
      ['', 2],
    ] as const) {
      vi.stubEnv('MOE_LOOM_FINAL_EXIT', final);
      for (const command of commands)
        expect([command[0], (await capture(...command)).code]).toEqual([command[0], code]);
      vi.unstubAllEnvs();
    }
  });

  it.each([
    [['slurm', '--image', 'x'], /--image is for job kubernetes, not for job slurm/],
    [['kubernetes', ...KUBERNETES, '--partition', 'x'], /--partition is for job slurm/],
    [['kubernetes', '--image', 'x'], /needs --image and --claim/],
    [['kubernetes', ...KUBERNETES], /--source has to be below \/data/],
    [['kubernetes', ...KUBERNETES, '--source', 'o/n', '--run-as', 'root'], /--run-as takes/],
    [['slurm', '--array', '0-3'], /--array takes/],
    [['slurm', '--cpus', '0'], /--cpus takes/],
    [['slurm', '--container-engine', 'docker'], /--container-engine takes/],
    [['pbs'], /job takes slurm or kubernetes/],
  ] as const)('%j is refused by name', async ([engine, ...flags], message) => {
    const { code, stderr } = await capture('job', engine, plan, ...flags);
    expect([code, stderr]).toEqual([2, expect.stringMatching(message)]);
    expect(stderr).toContain('[usage]');
  });
});
