import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'vite';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What the development server calls a module that is to run as a worker. */
const REQUEST = /^(\/[\w./-]+\.worker\.ts)\?worker_file/;
const STARTED = /new URL\(\s*(['"])(\.[^'"]*\.worker\.ts)\1\s*,\s*import\.meta\.url\s*\)/g;

/**
 * Serves each worker to tests as one file, as the built app does. The development server would send some hundred modules
 * to each worker of each test, one request for each.
 */
export function bundledWorkers(): Plugin {
  const bundles = new Map<string, Promise<string>>();
  const bundled = (path: string) => {
    const known = bundles.get(path) ?? bundle(path);
    bundles.set(path, known);
    return known;
  };
  return {
    name: 'bundled-workers',
    configureServer: ({ middlewares }) => {
      middlewares.use((request, response, next) => {
        const path = REQUEST.exec(request.url ?? '')?.[1];
        if (path === undefined) return next();
        bundled(path).then((code) => {
          response.setHeader('Content-Type', 'text/javascript');
          response.end(code);
        }, next);
      });
    },
  };
}

async function bundle(path: string): Promise<string> {
  const built = await build({
    root: ROOT,
    configFile: false,
    logLevel: 'error',
    plugins: [servedWorkers()],
    build: {
      write: false,
      minify: false,
      target: 'es2023',
      lib: { entry: join(ROOT, path), formats: ['es'] },
      rolldownOptions: { output: { codeSplitting: false } },
    },
  });
  const [result] = [built].flat();
  if (!result || !('output' in result)) throw new Error(`${path} was not bundled.`);
  return result.output[0].code;
}

/** Workers that a worker starts come from the same server. */
function servedWorkers(): Plugin {
  return {
    name: 'served-workers',
    enforce: 'pre',
    transform: (code, id) =>
      code.replace(STARTED, (_, __, to: string) => {
        const path = relative(ROOT, join(dirname(id), to));
        return `new URL('/${path}?worker_file&type=module', location.origin)`;
      }),
  };
}
