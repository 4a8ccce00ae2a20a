import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { hostname } from 'node:os';
import { join } from 'node:path';

const isThere = (program: string) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;

/** Why no cluster can be started here, as a sentence; null where one can. */
export function whyNoCluster(): string | null {
  const missing = ['slurmctld', 'slurmd', 'munged', 'sbatch', 'unshare'].filter((program) => !isThere(program));
  if (missing.length > 0) return `${missing.join(', ')} not installed: apt-get install slurm-wlm munge.`;
  if (process.getuid?.() !== 0) return 'Starting slurmd takes root.';
  return spawnSync('unshare', ['--uts', '--mount', 'true']).status === 0
    ? null
    : 'No second host name can be made here.';
}

/** Polls until `look` gives something. @throws Error with what it waited for. */
export async function until<T>(what: string, look: () => T | null | Promise<T | null>, seconds = 30): Promise<T> {
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end) {
    const found = await look();
    if (found !== null) return found;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`${what}: not after ${seconds} s.`);
}

export interface Cluster {
  /** The second host's name; the first is this machine's. */
  readonly other: string;
  /** Runs a command of Slurm, and gives what it prints. */
  readonly ask: (program: string, ...args: readonly string[]) => Promise<string>;
  readonly stop: () => Promise<void>;
}

/** A Slurm of two nodes with one processor and a host name each, on loopback, with everything that it writes in one folder. */
export async function startCluster(folder: string): Promise<Cluster> {
  const other = 'loom-other';
  for (const name of ['ctld', 'n1', 'n2', 'munge']) mkdirSync(join(folder, name), { recursive: true });
  for (const name of [folder, join(folder, 'munge')]) chmodSync(name, 0o755);
  const socket = join(folder, 'munge', 'socket');
  writeFileSync(join(folder, 'munge', 'key'), randomBytes(128), { mode: 0o600 });
  const hosts = join(folder, 'hosts');
  writeFileSync(hosts, `${readFileSync('/etc/hosts', 'utf8')}\n127.0.0.1 ${other}\n`);
  const config = join(folder, 'slurm.conf');
  writeFileSync(config, configOf(folder, socket, other, await freePorts(3)));
  const env = { ...process.env, SLURM_CONF: config };
  const started: ChildProcess[] = [];
  const start = (program: string, ...args: string[]) => {
    started.push(spawn(program, args, { env, stdio: 'ignore' }));
  };
  const ask = (program: string, ...args: readonly string[]) =>
    new Promise<string>((resolve, reject) => {
      execFile(program, args, { env }, (error, stdout, stderr) =>
        error ? reject(new Error(stderr)) : resolve(stdout),
      );
    });
  const stop = async () => {
    const ends = started.map((child) => child.exitCode ?? new Promise((done) => child.on('close', done)));
    for (const child of started.reverse()) child.kill('SIGTERM');
    await Promise.all(ends);
  };
  const of = (name: string) => join(folder, 'munge', name);
  start(
    ...([
      'munged',
      '--foreground',
      `--socket=${socket}`,
      `--key-file=${of('key')}`,
      `--pid-file=${of('pid')}`,
    ] as const),
    ...[`--log-file=${of('log')}`, `--seed-file=${of('seed')}`],
  );
  const orStop = async (error: unknown) => {
    await stop();
    throw error;
  };
  await until('munged', () => (existsSync(socket) ? true : null)).catch(orStop);
  start('slurmctld', '-D', '-i');
  start('slurmd', '-D', '-N', 'n1');
  const inside = `mount --bind '${hosts}' /etc/hosts; hostname ${other}; exec slurmd -D -N n2`;
  start('unshare', '--uts', '--mount', 'sh', '-c', inside);
  const idle = async () =>
    (await ask('sinfo', '-h', '-t', 'idle', '-o', '%D').catch(() => '')).trim() === '2' ? true : null;
  await until('two idle nodes', idle).catch(orStop);
  return { other, ask, stop };
}

function configOf(folder: string, socket: string, other: string, [control, first, second]: readonly number[]): string {
  const host = hostname().split('.')[0];
  return `ClusterName=loop
SlurmctldHost=${host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=${socket}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmctldPort=${control}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_interval=1,bf_interval=1
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
KillWait=5
MinJobAge=300
StateSaveLocation=${folder}/ctld
SlurmdSpoolDir=${folder}/%n
SlurmctldPidFile=${folder}/ctld.pid
SlurmdPidFile=${folder}/%n.pid
SlurmctldLogFile=${folder}/ctld.log
SlurmdLogFile=${folder}/%n.log
NodeName=n1 NodeHostname=${host} NodeAddr=127.0.0.1 Port=${first} CPUs=1 RealMemory=500 State=UNKNOWN
NodeName=n2 NodeHostname=${other} NodeAddr=127.0.0.1 Port=${second} CPUs=1 RealMemory=500 State=UNKNOWN
PartitionName=all Nodes=n1,n2 Default=YES MaxTime=INFINITE State=UP
`;
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = servers.map(
    (server) =>
      new Promise<number>((resolve) => {
        server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
      }),
  );
  const found = await Promise.all(ports);
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return found;
}
