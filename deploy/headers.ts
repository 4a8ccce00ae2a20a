import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { serverHeaders } from '../src/cli/serve/app-headers.ts';

const META = /http-equiv="Content-Security-Policy"\s+content="([^"]+)"/;

/** The policy in index.html: the one that holds where a server sends no headers. */
export function pagePolicy(
  html = readFileSync(fileURLToPath(new URL('../index.html', import.meta.url)), 'utf8'),
): string {
  const policy = META.exec(html)?.[1];
  if (!policy) throw new Error('index.html has no Content-Security-Policy.');
  return policy;
}

/** Names of files under /assets/ hold a hash of what is in them; the page itself is asked for anew. */
const CACHE = { assets: 'public, max-age=31536000, immutable', page: 'no-cache' } as const;

const SOURCE = 'Generated from deploy/headers.ts and index.html: npx vitest run --project node src/deploy.test.ts -u';

/** The site that shows a Space in a frame. */
export const SPACE_FRAMES: readonly string[] = ['https://huggingface.co'];

/** Origins that may show the page in a frame, where a server sends the headers of this snippet. */
export function framesOf(snippet: string): readonly string[] {
  return snippet.startsWith('space/') ? SPACE_FRAMES : [];
}

/** The snippets of this folder, by file name. */
export function snippets(): Readonly<Record<string, string>> {
  return {
    'nginx.conf': nginx(),
    Caddyfile: caddy(),
    _headers: headersFile(),
    'space/nginx.conf': nginx(framesOf('space/nginx.conf')),
  };
}

function nginx(framedBy: readonly string[] = []): string {
  const add = (name: string, value: string) => `    add_header ${name} "${value}" always;`;
  const headers = serverHeaders(pagePolicy(), framedBy).map(([name, value]) => add(name, value));
  const place = (path: string, cache: string) =>
    [`location ${path} {`, ...headers, add('Cache-Control', cache), '}'].join('\n');
  return [
    `# ${SOURCE}`,
    '# Include it in a server block whose root is dist/app. nginx does not inherit add_header: both places have them all.',
    ...framedBy.map((site) => `# ${site} may show the page in a frame. Send no X-Frame-Options beside it.`),
    place('/', CACHE.page),
    place('/assets/', CACHE.assets),
    '',
  ].join('\n');
}

function caddy(): string {
  const headers = serverHeaders(pagePolicy()).map(([name, value]) => `\t${name} "${value}"`);
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
    ...serverHeaders(pagePolicy()).map(([name, value]) => `  ${name}: ${value}`),
    '/',
    `  Cache-Control: ${CACHE.page}`,
    '/assets/*',
    `  Cache-Control: ${CACHE.assets}`,
    '',
  ].join('\n');
}
