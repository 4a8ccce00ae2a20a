import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { presetRepos } from './presets.ts';
import { qwen3Moe235b } from './qwen3-moe.ts';
import { folderRepo, type Repo } from './repo.ts';
import { type HubServer, startHub } from './server.ts';

const USAGE = `A Hub of its own on loopback, for trying moe-loom without a network.

  --port N          the Hub (7001); CDN, control and second CDN follow on N+1, N+2, N+3
  --ttl SECONDS     how long signed addresses last (3600)
  --unbound         signed addresses serve any range
  --rate-limit      answer 429 when a quota is used up
  --ask             OAuth shows a page instead of signing in at once
  --help
`;

const OPTIONS = {
  port: { type: 'string', default: '7001' },
  ttl: { type: 'string', default: '3600' },
  unbound: { type: 'boolean', default: false },
  'rate-limit': { type: 'boolean', default: false },
  ask: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

const CHECKPOINTS = fileURLToPath(new URL('../../../fixtures/checkpoints', import.meta.url));

/** Every checkpoint of the project's fixtures that has the files of a repo, as `tiny/<name>`. */
export function tinyRepos(dir: string = CHECKPOINTS): Repo[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir)
    .sort()
    .filter((name) => existsSync(join(dir, name, 'hub')))
    .map((name) => {
      const shows = `fixtures/checkpoints/${name}`;
      return folderRepo(join(dir, name, 'hub'), `tiny/${name.replaceAll('_', '-')}`, {
        shows,
        libraryName: 'transformers',
      });
    });
}

export function allRepos(): Repo[] {
  const giants = (['per-expert', 'stacked', 'gate-up'] as const).map((layout) => qwen3Moe235b({ layout }));
  return [...tinyRepos(), ...giants, ...presetRepos()];
}

function announce(hub: HubServer, repos: readonly Repo[]): void {
  const lines = repos.map(({ id, shows }) => `  ${id.padEnd(36)} ${shows ?? ''}`);
  console.log(`Hub      ${hub.url}\nCDN      ${hub.cdnUrl}, ${hub.otherCdnUrl}\nControl  ${hub.controlUrl}\n`);
  console.log(`Tokens: hf_reader, hf_member (gated), hf_owner (gated, private), hf_expired, hf_noscope\n`);
  console.log(`${lines.join('\n')}\n\nCtrl-C ends it.`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: OPTIONS });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const port = Number(values.port);
  const repos = allRepos();
  const hub = await startHub({
    repos,
    hubPort: port,
    cdnPort: port === 0 ? 0 : port + 1,
    controlPort: port === 0 ? 0 : port + 2,
    otherCdnPort: port === 0 ? 0 : port + 3,
    urlTtlSeconds: Number(values.ttl),
    rangeBinding: values.unbound ? 'unbound' : 'bound',
    rateLimit: { enforce: values['rate-limit'] },
    oauthUser: values.ask ? null : 'member',
  });
  announce(hub, repos);
  const stop = (): void => void hub.close();
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main();
