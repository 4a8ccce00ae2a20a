import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { HOSTILE } from '../embed/hostile.fixture.ts';
import { visible } from '../embed/visible.ts';
import { slurmScript } from './slurm.ts';
import type { SlurmJob } from './slurm-job.ts';

const work = mkdtempSync(join(tmpdir(), 'moe-loom-slurm-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

/** A program that writes its name and arguments into a file, each with a NUL behind it, and prints what sbatch would. */
const RECORDER = `#!/bin/bash
{ printf '%s\\0' "\${0##*/}" "$@"; printf '\\0'; } >> "$RECORD"
[ "\${0##*/}" != sbatch ] || echo '41;cluster'
`;
const bin = join(work, 'bin');
mkdirSync(bin);
for (const name of ['sbatch', 'scontrol', 'srun', 'moe-loom', 'apptainer', 'npx', 'node']) {
  writeFileSync(join(bin, name), RECORDER);
  chmodSync(join(bin, name), 0o755);
}

let place: string;
let count = 0;
beforeEach(() => {
  place = join(work, `${count++}`);
  mkdirSync(place);
});

const job = (more: Partial<SlurmJob> = {}): SlurmJob => ({
  plan: join(place, 'plan.json'),
  hash: 'ab'.repeat(32),
  out: join(place, 'out'),
  logs: join(place, 'logs'),
  parts: 4,
  ...more,
});

const env = (record: string) => ({
  PATH: `${bin}:/usr/bin:/bin`,
  RECORD: record,
  SLURM_ARRAY_TASK_ID: '3',
  SLURM_JOB_ID: '43',
});

/** Runs the script in a folder without anything else, and gives the command lines that it ran. */
function ran(
  job: SlurmJob,
  shell: 'sh' | 'bash',
  ...args: string[]
): { calls: string[][]; stderr: string; stdout: string } {
  const script = join(place, 'job.sh');
  const record = join(place, 'record');
  rmSync(record, { force: true });
  writeFileSync(script, slurmScript(job));
  const { stderr, stdout } = spawnSync(shell, [script, ...args], { cwd: place, env: env(record), encoding: 'utf8' });
  const text = existsSync(record) ? readFileSync(record, 'utf8') : '';
  const calls = text
    .split('\0\0')
    .slice(0, -1)
    .map((call) => call.split('\0'));
  return { calls, stderr, stdout };
}

describe('a script for Slurm', () => {
  it('submits an array with a task for each part, and a join that waits for all of them', () => {
    const { calls, stdout, stderr } = ran(job({ atOnce: 2 }), 'sh');
    const script = join(place, 'job.sh');
    expect(stderr).toBe('');
    expect(calls).toEqual([
      ['sbatch', '--parsable', '--array=1-4%2', `--output=${place}/logs/part-%a.%A.log`, script, 'part'],
      [
        ...['sbatch', '--parsable', '--dependency=afterok:41', '--kill-on-invalid-dep=yes'],
        ...[`--output=${place}/logs/join.%j.log`, script, 'join'],
      ],
    ]);
    expect(existsSync(join(place, 'logs'))).toBe(true);
    expect(stdout).toBe(`Submitted 4 parts as job 41 and their join as job 41; logs are in ${place}/logs.\n`);
  });

  it('says what it wants of Slurm in lines of #SBATCH before its first command', () => {
    const text = slurmScript(
      job({
        partition: 'cpu',
        account: 'lab',
        qos: 'low',
        constraint: 'nvme&big',
        time: '1-02:00:00',
        mem: '8G',
        cpus: 4,
      }),
    );
    const [first, ...lines] = text.split('\n');
    expect(first).toBe('#!/bin/bash');
    expect(
      lines.slice(
        0,
        lines.findIndex((line) => !line.startsWith('#SBATCH')),
      ),
    ).toEqual([
      ...['#SBATCH --job-name=moe-loom-abababab', '#SBATCH --partition=cpu', '#SBATCH --account=lab'],
      ...['#SBATCH --qos=low', '#SBATCH --constraint="nvme&big"', '#SBATCH --time=1-02:00:00', '#SBATCH --mem=8G'],
      ...['#SBATCH --nodes=1', '#SBATCH --ntasks=1', '#SBATCH --cpus-per-task=4', '#SBATCH --open-mode=append'],
      ...['#SBATCH --signal=B:USR2@120', '#SBATCH --requeue'],
    ]);
  });

  it.each([
    [undefined, 120],
    ['90', 120],
    ['02:00:00', 120],
    ['1-12', 120],
    ['1-00:00:00', 120],
    ['9:59', 119],
    ['5', 60],
    ['2', 24],
    ['1:30', 18],
    ['00:00:30', 6],
    ['0:01', 1],
  ])('with a limit of %s, stops a part %d seconds before it, and no earlier than its last fifth', (time, seconds) => {
    const script = slurmScript(job(time === undefined ? {} : { time }));
    expect(script).toContain(`#SBATCH --signal=B:USR2@${seconds}\n`);
  });

  it('runs a part and the join with the command that was asked for', () => {
    const { plan, out } = job();
    const convert = ['convert', `--plan=${plan}`, '--part=3/4', `--out=${out}`];
    expect(ran(job(), 'sh', 'part').calls).toEqual([['moe-loom', ...convert]]);
    expect(ran(job(), 'bash', 'join').calls).toEqual([['moe-loom', 'join', plan, out]]);
    expect(ran(job({ program: '/apps/hf-moe', cpus: 2 }), 'sh', 'part').calls).toEqual([
      ['node', '/apps/hf-moe', ...convert, '--threads=2'],
    ]);
    expect(ran(job({ npx: true, endpoint: 'http://127.0.0.1' }), 'sh', 'join').calls).toEqual([
      ['npx', '--yes', expect.stringMatching(/^moe-loom@\d/), 'join', plan, out, '--endpoint=http://127.0.0.1'],
    ]);
    const image = ['/nodejs/bin/node', '/moe-loom'];
    expect(ran(job({ container: 'loom.sif', reads: '/models/x' }), 'sh', 'part').calls).toEqual([
      ['apptainer', 'exec', `--bind=${plan}`, `--bind=${out}`, '--bind=/models/x', 'loom.sif', ...image, ...convert],
    ]);
    const pyxis = job({ container: 'reg#loom:1', containerEngine: 'pyxis', source: '/elsewhere', reads: '/models/x' });
    expect(ran(pyxis, 'sh', 'part').calls).toEqual([
      [
        ...[
          'srun',
          '--container-image=reg#loom:1',
          `--container-mounts=${plan}:${plan},${out}:${out},/elsewhere:/elsewhere`,
        ],
        ...[...image, ...convert, '--source=/elsewhere'],
      ],
    ]);
  });

  it('loads modules, and takes temporary files to the disk of the node for as long as it runs', () => {
    const text = slurmScript(job({ modules: ['nodejs/22', 'apptainer'], scratch: '$SLURM_TMPDIR' }));
    expect(text).toMatch(/^#!\/bin\/bash -l\n/);
    expect(text).toContain('\n  module load nodejs/22\n  module load apptainer\n');
    const unset = ran(job({ scratch: '$NOT_THERE' }), 'sh', 'part');
    expect(unset.calls).toEqual([]);
    expect(unset.stderr).toContain('NOT_THERE: this node does not set it');
    const folder = join(place, 'node disk $(x)');
    mkdirSync(folder);
    expect(ran(job({ scratch: folder }), 'sh', 'part').calls).toHaveLength(1);
    expect(spawnSync('ls', [folder], { encoding: 'utf8' }).stdout).toBe('');
  });

  it('runs exactly what was said, whatever the names: nothing of them is run', () => {
    const names = HOSTILE.filter((each) => !each.includes('\0') && !/\p{Surrogate}/u.test(each));
    const nameAt = (at: number) => names[at % names.length] as string;
    const partOf = (name: string) => name.replaceAll('/', '|').slice(0, 200);
    // Processes are dear: a script holds four names, each name is in one script, and two of three commands are run of each.
    for (let at = 0; at < names.length; at += 4) {
      const source = nameAt(at);
      const logs = join(place, `l ${partOf(nameAt(at + 1)).replaceAll('\\', '|')}`);
      const plan = `${place}/p ${partOf(nameAt(at + 2))}`;
      const out = `${place}/o ${partOf(nameAt(at + 3))}`;
      const made = job({ plan, out, logs, source });
      const script = slurmScript(made);
      expect(script.split('\n').map(visible), source).toEqual(script.split('\n'));
      expect([at, ran(made, 'sh', 'part').calls]).toEqual([
        at,
        [['moe-loom', 'convert', `--plan=${plan}`, '--part=3/4', `--out=${out}`, `--source=${source}`]],
      ]);
      if (at % 8 === 0) {
        const outputs = ran(made, 'sh').calls.map((call) => call.find((word) => word.startsWith('--output=')));
        const pattern = `--output=${logs.replaceAll('%', '%%')}`;
        expect([at, outputs]).toEqual([at, [`${pattern}/part-%a.%A.log`, `${pattern}/join.%j.log`]]);
        expect(existsSync(logs)).toBe(true);
      } else expect(ran(made, 'bash', 'join').calls).toEqual([['moe-loom', 'join', plan, out, `--source=${source}`]]);
      for (const pwned of [place, bin, '/']) expect(existsSync(join(pwned, 'pwned'))).toBe(false);
    }
  }, 60_000);

  it('holds values for Slurm as sbatch reads them, and refuses line breaks by name', () => {
    for (const partition of ['a"b', '$(x)`y`', "it's #1", '-rf', 'é模', 'a\\b'])
      expect(slurmScript(job({ partition }))).toContain(
        `#SBATCH --partition=${partition === '-rf' ? partition : `"${partition.replace(/["\\]/g, '\\$&')}"`}\n`,
      );
    const refused: readonly (readonly [Partial<SlurmJob>, RegExp])[] = [
      [{ partition: 'a\n#SBATCH --uid=0' }, /--partition takes .* without line breaks/],
      [{ account: '' }, /--account takes 1 to/],
      [{ qos: 'a\u202eb' }, /--qos takes/],
      [{ time: '1:00\n' }, /--time takes a value such as/],
      [{ mem: 'lots' }, /--mem takes a value such as 8G/],
      [{ modules: ['-x'] }, /--module takes the name of a module/],
      [{ modules: ['a b'] }, /--module takes/],
      [{ scratch: '$(x)' }, /--scratch has to be an absolute path/],
      [{ logs: '/a\\b' }, /--logs cannot be .* backslashes/],
      [{ out: 'out' }, /--out has to be an absolute path on the nodes/],
      [{ plan: '/a\0b' }, /<plan> cannot be/],
      [{ source: 'a\ud800' }, /--source cannot be/],
      [{ parts: 0 }, /number of parts/],
      [{ container: '-x' }, /--container takes an image/],
      [{ container: 'x', out: '/a,b' }, /--container cannot mount "\/a,b"/],
      [{ container: 'x', npx: true }, /--npx cannot be combined/],
    ];
    for (const [more, message] of refused)
      expect(() => slurmScript(job(more))).toThrow(
        expect.objectContaining({ tag: 'usage', message: expect.stringMatching(message) }),
      );
  });
});

describe('a part under Slurm', () => {
  /** A command that says that it has started, and each signal that comes, and ends at the first of `ends`. */
  const slow = (ends: string) => `
    for (const name of ['SIGTERM', 'SIGHUP', 'SIGUSR1'])
      process.on(name, () => { console.log(name); if (name === '${ends}') process.exit(2); });
    setInterval(() => {}, 1000); console.log('started');`;

  it('sets the exit code of an end that a retry does not change', () => {
    writeFileSync(join(place, 'moe-loom'), '#!/bin/bash\nexit "$MOE_LOOM_FINAL_EXIT"\n');
    chmodSync(join(place, 'moe-loom'), 0o755);
    writeFileSync(join(place, 'job.sh'), slurmScript(job()));
    const known = env(join(place, 'record'));
    const { status } = spawnSync('bash', [join(place, 'job.sh'), 'join'], {
      env: { ...known, PATH: `${place}:${known.PATH}` },
    });
    expect([status, existsSync(join(place, 'record'))]).toEqual([3, false]);
  });

  it.each([
    [1, '', false],
    [3, '', false],
    [2, '', true],
    [137, '2', true],
    [2, '3', false],
  ] as const)('that ends with %i after %s starts more is queued again: %s', (code, restarts, isAgain) => {
    writeFileSync(join(place, 'moe-loom'), `#!/bin/bash\nexit ${code}\n`);
    chmodSync(join(place, 'moe-loom'), 0o755);
    writeFileSync(join(place, 'job.sh'), slurmScript(job()));
    const record = join(place, 'record');
    const known = { ...env(record), PATH: `${place}:${env(record).PATH}`, SLURM_RESTART_COUNT: restarts };
    const { status } = spawnSync('bash', [join(place, 'job.sh'), 'part'], { env: known });
    expect(status).toBe(code);
    expect(existsSync(record) ? readFileSync(record, 'utf8') : '').toBe(isAgain ? 'scontrol\0requeue\x0043\0\0' : '');
  });

  async function stopped(signals: readonly NodeJS.Signals[], ends: string) {
    writeFileSync(join(place, 'slow.cjs'), slow(ends));
    const real = join(place, 'moe-loom');
    writeFileSync(real, `#!/bin/bash\nexec ${process.execPath} ${join(place, 'slow.cjs')}\n`);
    chmodSync(real, 0o755);
    const script = join(place, 'job.sh');
    writeFileSync(script, slurmScript(job()));
    const record = join(place, 'record');
    const known = env(record);
    const child = spawn('bash', [script, 'part'], { env: { ...known, PATH: `${place}:${known.PATH}` } });
    let said = '';
    const left = [...signals];
    child.stdout.on('data', (text) => {
      said += text;
      const next = left.shift();
      if (next) child.kill(next);
    });
    const code = await new Promise((done) => child.on('close', done));
    return { code, said: said.trim().split('\n'), record: existsSync(record) ? readFileSync(record, 'utf8') : '' };
  }

  it('passes SIGTERM on as SIGHUP, waits for the end of the command, and ends with its code', async () => {
    expect(await stopped(['SIGUSR1', 'SIGTERM'], 'SIGHUP')).toEqual({
      code: 2,
      said: ['started', 'SIGUSR1', 'SIGHUP'],
      record: '',
    });
  });

  it('stops the command near the time limit, and is queued again', async () => {
    expect(await stopped(['SIGUSR2'], 'SIGTERM')).toEqual({
      code: 2,
      said: ['started', 'SIGTERM'],
      record: 'scontrol\0requeue\x0043\0\0',
    });
  });
});
