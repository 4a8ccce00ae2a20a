import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../program.ts';
import { capture } from './capture.fixture.ts';
import { askedOf, type Case, oddCases, writeSources } from './cases.fixture.ts';

const FOLDER = fileURLToPath(new URL('../../../docs/schemas/', import.meta.url));
const NAMES = readdirSync(FOLDER).flatMap((file) => (file.endsWith('.json') ? [file.slice(0, -5)] : []));

const BIN = fileURLToPath(new URL('../../../dist/cli/moe-loom.js', import.meta.url));

/** Objects whose keys are names from the files or the set-up. */
const MAPS: readonly string[] = [
  'compare/groups/*/operations',
  'convert/sha256',
  'inspect/parameterCounts/perDtype',
  'join/sha256',
  'parity/expected',
  'plan/configChanges/*/before',
  'ranks/mesh/dims',
  'ranks/near/*',
  'ranks/ranks/*/coords',
];
/** Keys of answers that are there only in some. */
const SPARE: readonly string[] = [
  'convert/engine',
  'convert/sha256',
  'convert/sourceHashes',
  'convert/unpacked',
  'inspect/evidence',
  'join/sha256',
  'join/sourceHashes',
  'join/unpacked',
  'plan/file',
  'ranks/by',
  'ranks/loading',
  'ranks/near',
  'status/parts',
  'verify/incomplete',
];

const validators = new Map<string, ValidateFunction>();
let work: string;
let sources: ReadonlyMap<string, string>;

/** A command with the one JSON document that it printed. */
interface Answer {
  readonly args: Case;
  readonly schema: string;
  readonly value: Record<string, unknown>;
}

async function answerOf(args: Case): Promise<Answer> {
  const { code, stdout } = await capture(...args, '--json');
  const value = JSON.parse(stdout) as Record<string, unknown>;
  const isError = code !== 0 && typeof value.error === 'object' && value.error !== null;
  return { args, schema: isError ? 'error' : args[0], value };
}

function faultsOf({ args, schema, value }: Answer): string[] {
  const validate = validators.get(schema);
  if (!validate) return [`${args.join(' ')}: no schema ${schema}`];
  if (validate(value)) return [];
  return (validate.errors ?? []).map(
    ({ instancePath, message, params }) =>
      `${args.join(' ')}: ${schema}${instancePath} ${message} ${JSON.stringify(params)}`,
  );
}

beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'moe-loom-answers-'));
  sources = writeSources(work, 12);
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true, allErrors: true });
  for (const name of NAMES)
    validators.set(name, ajv.compile(JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8'))));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

describe('answers as JSON', () => {
  it('have a schema for every command with --json, and for errors', () => {
    const commands = createProgram().commands.filter(({ options }) => options.some(({ long }) => long === '--json'));
    expect(NAMES.sort()).toEqual([...commands.map((command) => command.name()), 'error'].sort());
  });

  const seen: Answer[] = [];

  it('are what the schemas say, of sources of every kind', async () => {
    const good = sources.get('good') ?? '';
    const faults: string[] = [];
    const asked = [...sources.values()].flatMap((folder, at) => askedOf(folder, good, join(work, `out-${at}`)));
    for (const args of [...asked, ...oddCases(sources, join(work, 'odd'))]) {
      const answer = await answerOf(args);
      seen.push(answer);
      faults.push(...faultsOf(answer));
    }
    const few = new Map(faults.map((fault) => [fault.replace(/^.*?: (?=\w+[ /])/, ''), fault]));
    expect([...few.values()]).toEqual([]);
    // Every command but open, which is below, answered; every one refused something.
    const answered = NAMES.filter((name) => !['error', 'open'].includes(name));
    expect([...new Set(seen.map(({ schema }) => schema))].sort()).toEqual([...answered, 'error'].sort());
    const refused = seen.filter(({ schema }) => schema === 'error').map(({ args: [command] }) => command);
    expect([...new Set(refused)].sort()).toEqual(NAMES.filter((name) => name !== 'error').sort());
  }, 120_000);

  it('begin with their version', () => {
    for (const { value } of seen) {
      const [first = ''] = Object.keys(value);
      // A configuration says the version of its program; it did so before answers had one.
      expect([first, value[first]]).toEqual([typeof value.version === 'string' ? 'formatVersion' : 'version', 1]);
    }
  });

  it('have no key that a schema does not know, in any object that is no map', () => {
    const open = new Set<string>();
    for (const { schema, value } of samples(seen))
      for (const [path, object] of objectsIn(value, schema)) {
        for (const probe of [1, '0'.repeat(64), []]) {
          object['an unknown key'] = probe;
          if (validators.get(schema)?.(value)) open.add(path);
        }
        delete object['an unknown key'];
      }
    expect([...open].sort()).toEqual(MAPS);
  });

  it('lack no key that a schema asks for', () => {
    const spare = new Set<string>();
    for (const { schema, value } of samples(seen))
      for (const key of Object.keys(value)) {
        const { [key]: _, ...rest } = value;
        if (validators.get(schema)?.(rest)) spare.add(`${schema}/${key}`);
      }
    expect([...spare].sort()).toEqual(SPARE);
  });

  it('come from open before it serves', async () => {
    const child = spawn(process.execPath, [BIN, 'open', sources.get('good') ?? '', '--json', '--port', '0']);
    const ended = new Promise((done) => child.on('close', done));
    let stdout = '';
    for await (const chunk of child.stdout.setEncoding('utf8')) {
      stdout += chunk;
      if (stdout.includes('\n')) break;
    }
    child.kill('SIGTERM');
    await ended;
    expect(faultsOf({ args: ['open'], schema: 'open', value: JSON.parse(stdout) })).toEqual([]);
  });
});

/** Some answers of each form, so that mutating them takes little time. */
function samples(seen: readonly Answer[]): Answer[] {
  const forms = new Map(seen.map((answer) => [`${answer.schema} ${Object.keys(answer.value).join()}`, answer]));
  return [...forms.values()];
}

/** Every object of an answer by its path, once for each path; places in arrays are `*`. */
function objectsIn(value: unknown, path: string): [path: string, object: Record<string, unknown>][] {
  const found = new Map<string, Record<string, unknown>>();
  const walk = (each: unknown, at: string) => {
    if (Array.isArray(each)) for (const item of each) walk(item, `${at}/*`);
    else if (typeof each === 'object' && each !== null) {
      if (!found.has(at)) found.set(at, each as Record<string, unknown>);
      for (const [key, inner] of Object.entries(each)) walk(inner, `${at}/${key}`);
    }
  };
  walk(value, path);
  return [...found];
}
