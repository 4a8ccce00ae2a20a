import { LoomError } from '../errors.ts';
import { absolutePath } from './parts-on-cluster.ts';

const NAMES = {
  label: { form: /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, most: 63 },
  subdomain: { form: /^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/, most: 253 },
} as const;

/** A name of an object of Kubernetes (RFC 1123). @throws LoomError `usage`. */
export function isName(flag: string, name: string, kind: keyof typeof NAMES): string {
  const { form, most } = NAMES[kind];
  if (name.length <= most && form.test(name)) return name;
  throw new LoomError(
    'usage',
    `${flag} takes at most ${most} lower-case letters, digits and hyphens, not ${JSON.stringify(name)}.`,
  );
}

const FORMS = {
  quantity: { form: /^\d{1,15}(\.\d{1,3})?([mkMGTPE]|[KMGTPE]i)?$/, such: '4, 500m or 16Gi' },
  image: { form: /^[a-z0-9][\w.:/@-]{0,1000}$/i, such: 'registry.example/moe-loom:0.1.0' },
} as const;

/** @throws LoomError `usage`. */
export function matching(flag: string, value: string, kind: keyof typeof FORMS): string {
  const { form, such } = FORMS[kind];
  if (form.test(value)) return value;
  throw new LoomError('usage', `${flag} takes a value such as ${such}, not ${JSON.stringify(value)}.`);
}

/** An absolute path below a folder, which is where the volume is mounted. @throws LoomError `usage`. */
export function pathIn(flag: string, path: string, folder: string): string {
  const held = absolutePath(flag, path);
  if (held.split('/').includes('..'))
    throw new LoomError('usage', `${flag} cannot have .. in it, as in ${JSON.stringify(path)}.`);
  if (folder === '/' || held === folder || held.startsWith(`${folder}/`)) return held;
  throw new LoomError(
    'usage',
    `${flag} has to be below ${folder}, where the volume is mounted, not ${JSON.stringify(path)}.`,
  );
}
