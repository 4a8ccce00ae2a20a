import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { filesOfModel, wholeModel } from '../damages/model.fixture.ts';
import type { FaultRow, Place } from './row.fixture.ts';

const PAGE = '<!doctype html><html><head><title>Sign in</title></head><body>Sign in</body></html>';
const POINTER = `version https://git-lfs.github.com/spec/v1\noid sha256:${'ab'.repeat(32)}\nsize 4976698672\n`;
const XML =
  '<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>';
const SECOND = 'model-00002-of-00002.safetensors';
const COMMIT = 'c'.repeat(40);

/** What lies in a repository under the name of a file of a checkpoint. */
export const FILE_FAULTS: readonly FaultRow[] = [
  {
    name: 'an index that names a shard that is not there',
    files: (files) => void files.delete(SECOND),
    exit: 1,
    says: [/model-00002-of-00002\.safetensors/],
    requests: 9,
  },
  {
    name: 'an index that is a web page',
    files: (files) => void files.set('model.safetensors.index.json', PAGE),
    exit: 1,
    says: [/model\.safetensors\.index\.json is not JSON: it is a web page \(HTML\), "Sign in"/, /\[index-invalid\]/],
    requests: 9,
  },
  {
    name: 'a config that is a web page',
    files: (files) => void files.set('config.json', PAGE),
    exit: 0,
    says: [
      /unknown \(config\.json cannot be used\)/,
      /config\.json is not JSON: it is a web page \(HTML\), "Sign in"/,
      /\[config-invalid\]/,
    ],
    never: /no config\.json/,
    requests: 9,
  },
  {
    name: 'a config that is an LFS pointer',
    files: (files) => void files.set('config.json', POINTER),
    exit: 0,
    says: [/config\.json is not JSON: it is a Git LFS pointer, not the file itself/, /\[config-invalid\]/],
    requests: 9,
  },
  {
    name: 'an LFS pointer instead of a shard',
    files: (files) => void files.set(SECOND, POINTER),
    exit: 1,
    says: [/model-00002-of-00002\.safetensors/, /LFS pointer/],
    requests: 9,
  },
  {
    name: 'an XML error instead of a shard (AccessDenied)',
    files: (files) => void files.set(SECOND, XML),
    exit: 1,
    says: [/model-00002-of-00002\.safetensors/, /XML/],
    requests: 9,
  },
  {
    name: 'an index that leads out of the folder',
    files: (files) =>
      void files.set(
        'model.safetensors.index.json',
        JSON.stringify({ metadata: {}, weight_map: { a: '../../other/model.safetensors' } }),
      ),
    exit: 1,
    says: [/\.\.\/\.\.\/other\/model\.safetensors/],
    requests: 9,
  },
  {
    name: 'a shard of no bytes',
    files: (files) => void files.set(SECOND, ''),
    exit: 1,
    says: [/model-00002-of-00002\.safetensors/],
    requests: 9,
  },
];

function cached(
  place: Place,
  { files = filesOfModel(wholeModel()), ref = COMMIT }: { files?: Map<string, string | Uint8Array>; ref?: string } = {},
): string {
  const root = join(place.work, 'cache', `models--${place.id.replace('/', '--')}`);
  const snapshot = join(root, 'snapshots', COMMIT);
  mkdirSync(snapshot, { recursive: true });
  mkdirSync(join(root, 'refs'));
  if (ref !== '') writeFileSync(join(root, 'refs', 'main'), ref);
  for (const [name, content] of files) writeFileSync(join(snapshot, name), content);
  return root;
}
const inCache = ({ work }: Place) => ({ HF_HUB_CACHE: join(work, 'cache') });

/** What the user's own computer is set to, and holds. */
export const SETTING_FAULTS: readonly FaultRow[] = [
  {
    name: 'HF_ENDPOINT with a path',
    env: ({ prefixed }) => ({ HF_ENDPOINT: `${prefixed}/` }),
    exit: 0,
    says: [],
    requests: 9,
  },
  {
    name: 'HF_ENDPOINT with a path where no Hub is',
    env: ({ prefixed }) => ({ HF_ENDPOINT: prefixed.replace('/api/hf', '/hub') }),
    exit: 2,
    says: [({ prefixed }) => prefixed.replace('/api/hf', '/hub'), /Check the address of the Hub/, /\[http-status\]/],
    requests: 0,
  },
  {
    name: 'HF_ENDPOINT that is no address',
    env: () => ({ HF_ENDPOINT: 'hub.example' }),
    exit: 2,
    says: [/address of the Hub is not of the form https:\/\/host/, /\[usage\]/],
    requests: 0,
  },
  {
    name: 'offline, and nothing in the cache',
    env: (place) => ({ ...inCache(place), HF_HUB_OFFLINE: '1' }),
    exit: 2,
    says: [/does not have fault\/row-\d+ at main, and the Hub is not used/, /HF_HUB_OFFLINE/, /\[path-not-found\]/],
    requests: 0,
  },
  {
    name: 'offline, and the model in the cache',
    prepare: (place) => void cached(place),
    env: (place) => ({ ...inCache(place), HF_HUB_OFFLINE: '1' }),
    exit: 0,
    says: [/Reading fault\/row-\d+ from the local Hub cache/],
    requests: 0,
  },
  {
    name: 'offline, and half of the model in the cache',
    prepare: (place) => {
      const files = filesOfModel(wholeModel());
      files.delete(SECOND);
      cached(place, { files });
    },
    env: (place) => ({ ...inCache(place), HF_HUB_OFFLINE: '1' }),
    exit: 1,
    says: [/does not have model-00002-of-00002\.safetensors/, /hf download fault\/row-\d+ --revision c{40}/],
    requests: 0,
  },
  {
    name: 'half of the model in the cache, of a commit that the Hub does not have',
    prepare: (place) => {
      const files = filesOfModel(wholeModel());
      files.delete(SECOND);
      cached(place, { files });
    },
    env: inCache,
    exit: 2,
    says: [/does not have model-00002-of-00002\.safetensors/, /\[revision-not-found\]/],
    requests: 1,
  },
  {
    name: 'a named pipe (FIFO) as a revision of the cache',
    prepare: (place) => void execFileSync('mkfifo', [join(cached(place, { ref: '' }), 'refs', 'main')]),
    env: inCache,
    exit: 2,
    says: [/refs\/main is a named pipe \(FIFO\), not a file/, /\[not-a-file\]/],
    requests: 0,
  },
  {
    name: 'a named pipe (FIFO) as the file of the token',
    prepare: ({ work }) => void execFileSync('mkfifo', [join(work, 'token')]),
    env: ({ work }) => ({ HF_TOKEN_PATH: join(work, 'token') }),
    exit: 2,
    says: [/token is a named pipe \(FIFO\)/, /\[not-a-file\]/],
    requests: 0,
  },
  {
    name: 'a device as the file of expert counts',
    args: ({ id }) => ['ranks', id, '--framework', 'vllm', '--ep', '2', '--loads', '/dev/zero'],
    exit: 2,
    says: [/\/dev\/zero is a device/, /\[not-a-file\]/],
    requests: 9,
  },
];
