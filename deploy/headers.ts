import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const META = /http-equiv="Content-Security-Policy"\s+content="([^"]+)"/;

/** The policy in index.html: the one that holds where a server sends no headers. */
export function pagePolicy(
  html = readFileSync(fileURLToPath(new URL('../index.html', import.meta.url)), 'utf8'),
): string {
  const policy = META.exec(html)?.[1];
  if (!policy) throw new Error('index.html has no Content-Security-Policy.');
  return policy;
}

/** What a page of ours never asks for. */
const NEVER = ['camera', 'display-capture', 'geolocation', 'microphone', 'payment', 'usb', 'serial', 'hid', 'midi'];

/**
 * Headers for every file of the app: the page's own policy, which then holds for its workers too, and what a page cannot say
 * of itself.
 */
export function serverHeaders(policy: string = pagePolicy()): readonly (readonly [name: string, value: string])[] {
  return [
    ['Content-Security-Policy', `${policy}; frame-ancestors 'none'`],
    ['X-Content-Type-Options', 'nosniff'],
    ['Referrer-Policy', 'no-referrer'],
    ['Permissions-Policy', NEVER.map((feature) => `${feature}=()`).join(', ')],
    ['Cross-Origin-Opener-Policy', 'same-origin'],
    // Together with the one above: memory that threads share, so that layers are computed on every core.
    ['Cross-Origin-Embedder-Policy', 'require-corp'],
    ['Cross-Origin-Resource-Policy', 'same-origin'],
  ];
}

/** Names of files under /assets/ hold a hash of what is in them; the page itself is asked for anew. */
const CACHE = { assets: 'public, max-age=31536000, immutable', page: 'no-cache' } as const;

const SOURCE = 'Generated from deploy/headers.ts and index.html: npx vitest run --project node src/deploy.test.ts -u';

/** The snippets of this folder, by file name. */
export function snippets(): Readonly<Record<string, string>> {
  return { 'nginx.conf': nginx(), Caddyfile: caddy(), _headers: headersFile() };
}

function nginx(): string {
  const add = (name: string, value: string) => `    add_header ${name} "${value}" always;`;
  const headers = serverHeaders().map(([name, value]) => add(name, value));
  const place = (path: string, cache: string) =>
    [`location ${path} {`, ...headers, add('Cache-Control', cache), '}'].join('\n');
  return [
    `# ${SOURCE}`,
    '# Include it in a server block whose root is dist/app. nginx does not inherit add_header: both places have them all.',
    place('/', CACHE.page),
    place('/assets/', CACHE.assets),
    '',
  ].join('\n');
}

function caddy(): string {
  const headers = serverHeaders().map(([name, value]) => `\t${name} "${value}"`);
  return [
    `# ${SOURCE}`,
    '# Import it into a site whose root is dist/app.',
    'header {',
    ...headers,
    '}',
    '@assets path /assets/*',
    `header @assets Cache-Control "${CACHE.assets}"`,
    '@page not path /assets/*',
    `header @page Cache-Control "${CACHE.page}"`,
    '',
  ].join('\n');
}

function headersFile(): string {
  return [
    `# ${SOURCE}`,
    '# Copy it into dist/app, for hosts that read a _headers file.',
    '/*',
    ...serverHeaders().map(([name, value]) => `  ${name}: ${value}`),
    '/',
    `  Cache-Control: ${CACHE.page}`,
    '/assets/*',
    `  Cache-Control: ${CACHE.assets}`,
    '',
  ].join('\n');
}
