import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { HOSTILE } from '../embed/hostile.fixture.ts';
import { visible } from '../embed/visible.ts';
import { FIXTURES } from '../testing.fixture.ts';
import { jobNames, type KubernetesJob, kubernetesManifest } from './kubernetes.ts';
import { readManifest } from './manifest-reader.fixture.ts';

const job = (more: Partial<KubernetesJob> = {}): KubernetesJob => ({
  plan: '/data/plan.json',
  hash: 'ab'.repeat(32),
  out: '/data/out',
  parts: 16,
  image: 'registry.example/moe-loom:0.1.0',
  claim: 'models',
  mount: '/data',
  ...more,
});

const schema = JSON.parse(readFileSync(`${FIXTURES}kubernetes/api-1.30.json`, 'utf8'));
const ajv = new Ajv2020({ strict: false, allErrors: true });
ajv.addSchema(schema, 'api');

/** What the API would refuse, each with its place. */
function faultsOf(document: { readonly kind: string }): string[] {
  const validate = ajv.getSchema(`api#/$defs/${document.kind}`);
  if (!validate) throw new Error(`There is no schema of ${document.kind}.`);
  if (validate(document)) return [];
  return (validate.errors ?? []).map((each) => `${each.instancePath} ${each.message}`);
}

/** How the kubelet reads a word of a command (k8s.io/kubernetes/third_party/forked/golang/expansion). */
function expanded(word: string, variables: Readonly<Record<string, string>>): string {
  return word.replace(/\$(?:\$|\(([^)]*)\))/g, (whole, name: string | undefined) =>
    name === undefined ? '$' : (variables[name] ?? whole),
  );
}

const every = { claimSize: '2Ti', storageClass: 'nfs', namespace: 'loom', cpu: '4', memory: '16Gi', tokenSecret: 'hf' };

describe('a manifest for Kubernetes', () => {
  it('is what the published API describes, with every option and with none', () => {
    for (const more of [
      {},
      every,
      { atOnce: 4, source: 'org/name', endpoint: 'http://127.0.0.1', program: '/x.cjs' },
    ]) {
      const documents = readManifest(kubernetesManifest(job(more)));
      expect(documents.flatMap(faultsOf)).toEqual([]);
      const claims = 'claimSize' in more ? ['PersistentVolumeClaim'] : [];
      expect(documents.map(({ kind }) => kind)).toEqual([...claims, 'Job', 'Job']);
    }
    // The schema refuses what the API does not know.
    const [first] = readManifest(kubernetesManifest(job()));
    expect(faultsOf({ ...first, spec: { ...first?.spec, completion: 1 } } as never)).toHaveLength(1);
  });

  it('runs each part once in an Indexed Job, and repeats only what a retry may change', () => {
    const [parts] = readManifest(kubernetesManifest(job({ atOnce: 4 })));
    expect(parts?.metadata.name).toBe('moe-loom-abababab-parts');
    expect(parts?.spec).toMatchObject({
      completionMode: 'Indexed',
      completions: 16,
      parallelism: 4,
      backoffLimitPerIndex: 6,
    });
    expect(parts?.spec.podFailurePolicy.rules).toEqual([
      { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
      { action: 'FailIndex', onExitCodes: { containerName: 'part', operator: 'In', values: [1, 3] } },
    ]);
    const { containers, restartPolicy } = parts?.spec.template.spec ?? {};
    expect(restartPolicy).toBe('Never');
    expect(containers?.[0].command).toEqual(['/nodejs/bin/node', '/moe-loom']);
    expect(containers?.[0].args.map((word: string) => expanded(word, { JOB_COMPLETION_INDEX: '2' }))).toEqual([
      ...['convert', '--plan=/data/plan.json', '--out=/data/out', '--part=2+1/16'],
    ]);
  });

  it('ends the join with a reason once a part or the join has failed for good, and within a bounded time', () => {
    const joinOf = (more: Partial<KubernetesJob>) => readManifest(kubernetesManifest(job(more)))[1]?.spec;
    const spec = joinOf({});
    expect(spec.podFailurePolicy.rules).toEqual([
      { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
      { action: 'FailJob', onExitCodes: { containerName: 'wait', operator: 'In', values: [1, 3] } },
      { action: 'FailJob', onExitCodes: { containerName: 'join', operator: 'In', values: [1, 3] } },
    ]);
    // Kubernetes refuses a policy for pods whose containers the kubelet starts again.
    expect([spec.template.spec.restartPolicy, spec.backoffLimit]).toEqual(['Never', 6]);
    const { containers, initContainers } = spec.template.spec;
    for (const { env } of [...containers, ...initContainers])
      expect(env).toContainEqual({ name: 'MOE_LOOM_FINAL_EXIT', value: '3' });
    const days = (more: Partial<KubernetesJob>) => joinOf(more).activeDeadlineSeconds / 86_400;
    expect([days({}), days({ atOnce: 4 }), days({ atOnce: 5 }), days({ atOnce: 1 })]).toEqual([1, 4, 4, 7]);
  });

  it('joins in a Job that waits until status says that every shard is done', () => {
    const [, joining] = readManifest(kubernetesManifest(job({ source: '/data/model' })));
    expect(joining?.metadata.name).toBe(jobNames(job()).join);
    const { restartPolicy, initContainers, containers } = joining?.spec.template.spec ?? {};
    expect(restartPolicy).toBe('Never');
    expect(initContainers?.map(({ args }: { args: string[] }) => args)).toEqual([
      ['status', '--wait', '/data/plan.json', '/data/out'],
    ]);
    expect(containers?.map(({ args }: { args: string[] }) => args)).toEqual([
      ['join', '/data/plan.json', '/data/out', '--source=/data/model'],
    ]);
  });

  it('asks for no right that the command does not need', () => {
    const [parts, joining] = readManifest(kubernetesManifest(job(every))).slice(1);
    for (const [{ spec }, cpu] of [
      [parts?.spec.template, '4'],
      [joining?.spec.template, '100m'],
    ]) {
      expect(spec.automountServiceAccountToken).toBe(false);
      expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      for (const { securityContext, resources, env } of [...(spec.initContainers ?? []), ...spec.containers]) {
        expect(securityContext).toEqual({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
        expect(resources).toEqual({ requests: { cpu, memory: '16Gi' }, limits: { memory: '16Gi' } });
        expect(env[2]).toEqual({ name: 'HF_TOKEN', valueFrom: { secretKeyRef: { name: 'hf', key: 'HF_TOKEN' } } });
      }
    }
  });

  it('gives exactly the names that were said, whatever they hold', () => {
    const names = HOSTILE.filter((each) => !/\0|\p{Surrogate}|^\.\.$|\.\.\//u.test(each));
    const texts = names.map((name) =>
      kubernetesManifest(job({ plan: `/data/p ${name}`, out: `/data/o ${name}`, source: name })),
    );
    for (const [at, name] of names.entries()) {
      const text = texts[at] ?? '';
      expect(text.split('\n').map(visible)).toEqual(text.split('\n'));
      const [parts, joining] = readManifest(text);
      const read = (words: string[]) => words.map((word) => expanded(word, { JOB_COMPLETION_INDEX: '0' }));
      expect([name, read(parts?.spec.template.spec.containers[0].args)]).toEqual([
        name,
        ['convert', `--plan=/data/p ${name}`, `--out=/data/o ${name}`, `--source=${name}`, '--part=0+1/16'],
      ]);
      expect([name, read(joining?.spec.template.spec.containers[0].args)]).toEqual([
        name,
        ['join', `/data/p ${name}`, `/data/o ${name}`, `--source=${name}`],
      ]);
    }
  });

  const PYTHON = spawnSync('python3', ['-c', 'import yaml']).status === 0;
  it.skipIf(!PYTHON)('is read alike by another reader of YAML', () => {
    const text = HOSTILE.filter((each) => !/\0|\p{Surrogate}|^\.\.$|\.\.\//u.test(each))
      .map((name) => kubernetesManifest(job({ ...every, plan: `/data/p ${name}`, source: name })))
      .join('---\n');
    const program =
      'import json,sys,yaml; print(json.dumps(list(yaml.safe_load_all(sys.stdin.buffer.read().decode()))))';
    const { stdout, stderr } = spawnSync('python3', ['-c', program], {
      input: text,
      encoding: 'utf8',
      maxBuffer: 64e6,
    });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual(readManifest(text));
  });

  it('refuses what Kubernetes would refuse, by the name of the flag', () => {
    const refused: readonly (readonly [Partial<KubernetesJob>, RegExp])[] = [
      [{ claim: 'Models' }, /--claim takes/],
      [{ claim: 'a\nb' }, /--claim takes/],
      [{ namespace: 'a.b' }, /--namespace takes/],
      [{ tokenSecret: '-x' }, /--token-secret takes/],
      [{ claimSize: '2 TB' }, /--claim-size takes/],
      [{ claimSize: '1Ti', storageClass: '$(x)' }, /--storage-class takes/],
      [{ cpu: 'all' }, /--cpu takes/],
      [{ memory: '16GB' }, /--memory takes/],
      [{ image: 'a b' }, /--image takes/],
      [{ mount: '/a:b', plan: '/a:b/p', out: '/a:b/o' }, /--mount takes a folder without a colon/],
      [{ out: '/elsewhere' }, /--out has to be below \/data/],
      [{ out: '/data/../etc' }, /--out cannot have \.\./],
      [{ plan: 'plan.json' }, /--plan-path has to be an absolute path/],
      [{ reads: '/models/x' }, /--source has to be below \/data/],
      [{ user: 0 }, /--run-as takes/],
      [{ parts: 100_001 }, /number of parts/],
    ];
    for (const [more, message] of refused)
      expect(() => kubernetesManifest(job(more)), `${message}`).toThrow(
        expect.objectContaining({ tag: 'usage', message: expect.stringMatching(message) }),
      );
  });
});
