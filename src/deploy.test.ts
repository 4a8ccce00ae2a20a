import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { framesOf, pagePolicy, snippets } from '../deploy/headers.ts';
import { frontMatter, readYaml } from '../deploy/plain-yaml.ts';
import { serverHeaders } from './cli/serve/app-headers.ts';
import { removedWorker } from './cli/serve/removed-worker.ts';
import { IMAGE_COMMAND } from './core/cluster/parts-on-cluster.ts';
import { PUBLISH_SCOPES } from './core/hub/scopes.ts';

const pathOf = (name: string) => fileURLToPath(new URL(`../deploy/${name}`, import.meta.url));

/** Directive → its sources. */
function directives(policy: string): Map<string, string> {
  return new Map(
    policy.split(';').map((part) => {
      const [name = '', ...sources] = part.trim().split(/\s+/);
      return [name, sources.join(' ')];
    }),
  );
}

describe('deploy', () => {
  for (const [name, text] of Object.entries(snippets()))
    it(`${name} is what index.html and headers.ts say`, async () => {
      await expect(text).toMatchFileSnapshot(pathOf(name));
    });

  it('removed-sw.js ends the worker of the app', async () => {
    await expect(removedWorker(false)).toMatchFileSnapshot(pathOf('removed-sw.js'));
  });

  it('a server’s policy is the page’s and who may frame it, in every snippet', () => {
    const page = directives(pagePolicy());
    expect(page.has('frame-ancestors')).toBe(false);
    for (const name of Object.keys(snippets())) {
      const text = readFileSync(pathOf(name), 'utf8');
      const found = [...text.matchAll(/Content-Security-Policy:? "?([^"\n]+)/g)];
      expect(found.length).toBeGreaterThan(0);
      const ancestors = name.startsWith('space/') ? 'https://huggingface.co' : "'none'";
      for (const [, policy = ''] of found)
        expect(directives(policy)).toEqual(new Map([...page, ['frame-ancestors', ancestors]]));
      expect(text).not.toMatch(/^\s*(add_header )?X-Frame-Options/m);
    }
  });

  it('every snippet has every header', () => {
    for (const name of Object.keys(snippets())) {
      const text = readFileSync(pathOf(name), 'utf8');
      for (const [header, value] of serverHeaders(pagePolicy(), framesOf(name)))
        expect(text).toMatch(`${header}${name === '_headers' ? ': ' : ' "'}${value}`);
    }
  });

  it('scripts, workers and code in strings stay shut', () => {
    const page = directives(pagePolicy());
    expect(page.get('default-src')).toBe("'none'");
    expect(page.get('script-src')).toBe("'self' 'wasm-unsafe-eval'");
    expect(page.get('require-trusted-types-for')).toBe("'script'");
    expect(page.get('trusted-types')).toBe('default');
  });

  for (const [program, args, name] of [
    ['nginx', (file: string) => ['-t', '-p', dirname(file), '-c', file], 'nginx.conf'],
    ['nginx', (file: string) => ['-t', '-p', dirname(file), '-c', file], 'space/nginx.conf'],
    ['caddy', (file: string) => ['validate', '--adapter', 'caddyfile', '--config', file], 'Caddyfile'],
  ] as const)
    it(`${name} is read by ${program}, where it is installed, and is whole`, () => {
      const text = readFileSync(pathOf(name), 'utf8');
      expect(text.split('{').length).toBe(text.split('}').length);
      if (program === 'nginx')
        for (const line of text.split('\n'))
          expect(line).toMatch(/^(#.*|location \S+ \{|\}| {4}add_header \S+ ".*" always;)?$/);
      if (spawnSync(program, ['-v']).error) return;
      const folder = mkdtempSync(join(tmpdir(), 'moe-loom-server-'));
      const file = join(folder, 'server.conf');
      const whole =
        program === 'nginx'
          ? `pid ${folder}/pid; error_log stderr; events {} http { access_log off; server { listen 127.0.0.1:1; ${text} } }`
          : `:1 {\n${text}\n}\n`;
      writeFileSync(file, whole);
      const { status, stderr } = spawnSync(program, args(file), { encoding: 'utf8' });
      rmSync(folder, { recursive: true });
      expect(status, stderr).toBe(0);
    });

  it('the front matter of a Space has the fields that a static Space reads', () => {
    const fields = readYaml(frontMatter(readFileSync(pathOf('space/README.md'), 'utf8')));
    expect(fields).toMatchObject({
      sdk: 'static',
      app_build_command: 'npm ci && npx vite build',
      app_file: 'dist/app/index.html',
      hf_oauth: 'true',
      hf_oauth_scopes: PUBLISH_SCOPES.split(' ').filter((scope) => scope !== 'openid' && scope !== 'profile'),
      custom_headers: Object.fromEntries(
        serverHeaders(pagePolicy(), ['https://huggingface.co'])
          .filter(([name]) => name.startsWith('Cross-Origin-'))
          .map(([name, value]) => [name.toLowerCase(), value]),
      ),
    });
  });

  it('the workflow of GitHub Pages builds the app with pinned actions and uploads it', () => {
    const workflow = readYaml(readFileSync(pathOf('github-pages.yml'), 'utf8')) as unknown as Workflow;
    const { build, deploy } = workflow.jobs;
    const steps = [...build.steps, ...deploy.steps];
    for (const { uses } of steps) if (uses !== undefined) expect(uses).toMatch(/^actions\/[\w-]+@[0-9a-f]{40}$/);
    expect(build.steps.flatMap(({ run }) => run ?? [])).toEqual(['npm ci', 'npx vite build']);
    expect(build.steps.at(-1)).toMatchObject({
      uses: expect.stringContaining('upload-pages-artifact'),
      with: { path: 'dist/app' },
    });
    expect(workflow.permissions).toEqual({ contents: 'read' });
    expect(deploy.permissions).toEqual({ pages: 'write', 'id-token': 'write' });
  });

  it('refuses YAML that it does not know', () => {
    for (const text of ['a: "b"', 'a: [b]', 'a: |\n  b', 'a: &b c', 'a: 1\na: 2', 'a:\n  b: 1\n c: 2', 'a: b: c', 'a'])
      expect(() => readYaml(text), text).toThrow(/^Line \d+ cannot be read: /);
    expect(() => frontMatter('# no')).toThrow('no front matter');
    expect(readYaml('a: b # c\nd:\n  - e\n  - f: g\n    h: i\nj:\n')).toEqual({
      a: 'b',
      d: ['e', { f: 'g', h: 'i' }],
      j: null,
    });
  });
});

interface Workflow {
  readonly permissions: unknown;
  readonly jobs: Readonly<Record<'build' | 'deploy', Job>>;
}

interface Job {
  readonly permissions?: unknown;
  readonly steps: readonly { readonly uses?: string; readonly run?: string; readonly with?: unknown }[];
}

describe('the image', () => {
  const steps = readFileSync(pathOf('Dockerfile'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => ({ step: line.split(' ')[0] ?? '', rest: line.slice(line.indexOf(' ') + 1) }));
  const restOf = (step: string) => steps.filter((each) => each.step === step).map(({ rest }) => rest);

  it('has the built command alone, on a base without a shell, and is not root', () => {
    expect(restOf('FROM')).toEqual([expect.stringMatching(/^gcr\.io\/distroless\/nodejs\d+-debian\d+:nonroot$/)]);
    expect(restOf('RUN')).toEqual([]);
    expect(restOf('USER')).toEqual(['65532:65532']);
    expect(restOf('ENTRYPOINT').map((text) => JSON.parse(text))).toEqual([IMAGE_COMMAND]);
  });

  it('copies files that the build makes, and its context holds no others', () => {
    const copied = restOf('COPY').flatMap((rest) => rest.split(' ').slice(0, -1));
    const context = readFileSync(pathOf('Dockerfile.dockerignore'), 'utf8').trim().split('\n');
    expect(context).toEqual(['*', ...copied.map((file) => `!${file}`)]);
    for (const file of copied) expect([file, existsSync(pathOf(`../${file}`))]).toEqual([file, true]);
  });

  it('has a command that runs where the image puts it: alone, under that name', () => {
    const [program = ''] = restOf('COPY').flatMap((rest) =>
      rest.endsWith(` ${IMAGE_COMMAND[1]}`) ? [rest.split(' ')[0] ?? ''] : [],
    );
    const folder = mkdtempSync(join(tmpdir(), 'moe-loom-image-'));
    const at = join(folder, 'moe-loom');
    copyFileSync(pathOf(`../${program}`), at);
    const { status, stdout } = spawnSync(process.execPath, [at, ...JSON.parse(restOf('CMD')[0] ?? '')], {
      encoding: 'utf8',
    });
    rmSync(folder, { recursive: true });
    expect([status, stdout]).toEqual([0, expect.stringContaining('Usage: moe-loom ')]);
  });
});
