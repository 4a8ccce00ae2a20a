import { isJobName, isLoomError, isRepoAddress, parseRepoReference } from '../../core/index.ts';
import { type CompareAddress, parseCompare, writeCompare } from './compare-address.ts';
import { type ConvertAddress, PROGRAM_ID, parseConvert, writeConvert } from './convert-address.ts';
import { formatLayers, parseLayers } from './number-runs.ts';
import { type ParityAddress, parseParity, writeParity } from './parity-address.ts';
import { type Look, PLAIN_LOOK, parseLook, writeLook } from './seen/look.ts';
import { type PlaceAddress, parsePlace, writePlace } from './seen/place.ts';
import { parseTensors, type TensorAddress, writeTensors } from './tensor-address.ts';

/** The views there are, in the order of the work. */
export const VIEWS = ['map', 'tensors', 'loads', 'convert', 'ranks', 'compare'] as const;
export type View = (typeof VIEWS)[number];
export const VIEW_NAMES: Readonly<Record<View, string>> = {
  map: 'Map',
  tensors: 'Tensors',
  loads: 'Loads in',
  convert: 'Convert',
  ranks: 'Ranks',
  compare: 'Compare',
};

/** What the address says: copy it, and a colleague sees the same. Null where it says nothing. */
export interface Address {
  readonly repo: string | null;
  readonly revision: string | null;
  readonly path: string | null;
  readonly endpoint: string | null;
  /** A bundled sample instead of a repo. */
  readonly sample: string | null;
  /** A finished conversion that this browser keeps, by its name. */
  readonly job: string | null;
  /** Name of local files that were open here: it names them and cannot bring them back. */
  readonly local: string | null;
  /** A model type whose layouts are shown where nothing is open; who shows them checks that it exists. */
  readonly compat: string | null;
  readonly view: View;
  readonly layer: number | null;
  readonly expert: number | null;
  /** A program of Loads in by its id, whose row is shown; who shows it checks that it exists. */
  readonly program: string | null;
  /** A conversion target by its id; who shows it checks that it exists. */
  readonly target: string | null;
  /** Numbers of the layers chosen for conversion, ascending; empty for all. */
  readonly layers: readonly number[];
  /** `bf16`: quantised weights are unpacked by the conversion. */
  readonly unpack: 'bf16' | null;
  /** How a conversion is to be made. */
  readonly convert: ConvertAddress;
  /** What cells show of weights, and of which matrix (null: all); who shows them checks that they exist. */
  readonly statistic: string | null;
  readonly projection: string | null;
  /** A framework by its id, and how it places experts; who shows them checks that they exist. */
  readonly framework: string | null;
  readonly placement: string | null;
  /** Sizes of parallel groups. */
  readonly ep: number | null;
  readonly tp: number | null;
  readonly pp: number | null;
  readonly cp: number | null;
  readonly dp: number | null;
  /** Tensor parallel inside experts. */
  readonly etp: number | null;
  /** What EPLB balances over. */
  readonly nodes: number | null;
  readonly groups: number | null;
  /** The all-to-all backend, by the program's own word. */
  readonly all2all: string | null;
  /** Options of the program's own, `name=value`; who reads them checks that they exist. */
  readonly set: readonly string[];
  /** Redundant experts. */
  readonly redundant: number | null;
  /** Set-ups of the planner, as `parseSetup` reads them: the one that is shown, and one beside it. */
  readonly memory: string | null;
  readonly against: string | null;
  /** What a layer is computed on. */
  readonly parity: ParityAddress;
  /** What the Tensors view shows. */
  readonly tensors: TensorAddress;
  /** What the open checkpoint is compared with. */
  readonly compare: CompareAddress;
  /** How checkpoints are drawn. */
  readonly look: Look;
  /** Which part of this checkpoint is in sight. */
  readonly place: PlaceAddress;
}

const DEGREES = ['ep', 'tp', 'pp', 'cp', 'dp', 'etp', 'redundant', 'nodes', 'groups'] as const;

/** Longer values were not written by this app. */
const LIMIT_TEXT = 512;
/** No model has more layers or experts; larger numbers in an address are a mistake. */
const LIMIT_NUMBER = 99_999;

/** A model type as configs write it. */
export const TYPE_NAME = /^[\w.-]{1,64}$/;

/** `fsdp2,gpus:64,ep:64`. */
const SETUP = /^[A-Za-z0-9_.,:+-]+$/;

/**
 * Reads the query part of an address; what makes no sense is left out, never passed on. `silent` is the look where the
 * address says nothing of it.
 */
export function parseAddress(search: string, silent: Look = PLAIN_LOOK): Address {
  const query = new URLSearchParams(search.slice(0, 16 * LIMIT_TEXT));
  const text = (key: string, fits: RegExp) => {
    const value = query.get(key)?.trim() ?? '';
    return value !== '' && value.length <= LIMIT_TEXT && fits.test(value) ? value : null;
  };
  const sample = text('sample', /^[a-z0-9][a-z0-9.-]*$/);
  const repo = sample === null ? text('repo', /^[\w./@:%+-]+$/) : null;
  const job = sample === null && repo === null ? query.get('job') : null;
  const view = query.get('view');
  const local = repo === null && sample === null && job === null ? text('local', /^[^\p{C}]+$/u) : null;
  const named = {
    repo,
    revision: repo && text('revision', /^[^\p{C}\s?#\\^~:*[]+$/u),
    path: repo && text('path', /^(?!\/)(?!.*(^|\/)\.\.?(\/|$))[^\p{C}\\?#]+$/u),
    endpoint: parseEndpoint(query.get('endpoint')),
  };
  return {
    ...inParts(named),
    sample,
    job: job !== null && isJobName(job) ? job : null,
    local,
    compat: (repo ?? sample ?? job ?? local) === null ? text('compat', TYPE_NAME) : null,
    view: VIEWS.find((known) => known === view) ?? 'map',
    layer: parseNumber(query.get('layer')),
    expert: parseNumber(query.get('expert')),
    program: text('program', PROGRAM_ID),
    target: text('target', /^[a-z0-9-]+$/),
    layers: parseLayers(query.get('layers')),
    unpack: query.get('unpack') === 'bf16' ? 'bf16' : null,
    convert: parseConvert(query),
    statistic: text('statistic', /^[a-z-]+$/),
    projection: text('projection', /^[a-z-]+$/),
    framework: text('framework', PROGRAM_ID),
    placement: text('placement', /^[a-z-]+$/),
    ep: parseDegree(query.get('ep')),
    tp: parseDegree(query.get('tp')),
    pp: parseDegree(query.get('pp')),
    cp: parseDegree(query.get('cp')),
    dp: parseDegree(query.get('dp')),
    etp: parseDegree(query.get('etp')),
    nodes: parseDegree(query.get('nodes')),
    groups: parseDegree(query.get('groups')),
    all2all: text('all2all', /^[a-z0-9_]+$/),
    set: parseSet(query.get('set')),
    redundant: parseDegree(query.get('redundant')),
    memory: text('memory', SETUP),
    against: text('against', SETUP),
    parity: parseParity(query),
    tensors: parseTensors(query),
    compare: parseCompare(query),
    look: parseLook(query, silent),
    place: parsePlace(query),
  };
}

/** The query part that {@link parseAddress} reads back; empty at the start. `whole` writes the usual look too. */
export function formatAddress(address: Address, whole = false): string {
  const query = new URLSearchParams();
  for (const key of ['repo', 'revision', 'path', 'endpoint', 'sample', 'job', 'local', 'compat'] as const) {
    const value = address[key];
    if (value !== null) query.set(key, value);
  }
  if (address.view !== 'map') query.set('view', address.view);
  if (address.layer !== null) query.set('layer', String(address.layer));
  if (address.expert !== null) query.set('expert', String(address.expert));
  if (address.program !== null) query.set('program', address.program);
  if (address.target !== null) query.set('target', address.target);
  if (address.layers.length > 0) query.set('layers', formatLayers(address.layers));
  if (address.unpack !== null) query.set('unpack', address.unpack);
  writeConvert(query, address.convert);
  if (address.statistic !== null) query.set('statistic', address.statistic);
  if (address.projection !== null) query.set('projection', address.projection);
  if (address.framework !== null) query.set('framework', address.framework);
  for (const key of DEGREES) {
    const value = address[key];
    if (value !== null) query.set(key, String(value));
  }
  if (address.placement !== null) query.set('placement', address.placement);
  if (address.all2all !== null) query.set('all2all', address.all2all);
  if (address.set.length > 0) query.set('set', address.set.join(';'));
  if (address.memory !== null) query.set('memory', address.memory);
  if (address.against !== null) query.set('against', address.against);
  writeParity(query, address.parity);
  writeTensors(query, address.tensors);
  writeCompare(query, address.compare);
  writeLook(query, address.look, whole);
  writePlace(query, address.place);
  const text = query
    .toString()
    .replaceAll('%2F', '/')
    .replaceAll('%3A', ':')
    .replaceAll('%2C', ',')
    .replaceAll('%40', '@')
    .replaceAll('%3D', '=')
    .replaceAll('%3B', ';');
  return text === '' ? '' : `?${text}`;
}

/** What names a repo. */
type RepoParts = Pick<Address, 'repo' | 'revision' | 'path' | 'endpoint'>;

/**
 * The same with a repo that is a whole address, `https://host/org/name/tree/v1`, taken apart: whose server it names must
 * show wherever the endpoint does. What is no address stays, and the core says what is wrong with it.
 */
export function inParts<T extends RepoParts>(named: T): T {
  const { repo, revision, path, endpoint } = named;
  if (repo === null || !isRepoAddress(repo, endpoint ?? undefined)) return named;
  try {
    const read = parseRepoReference(repo, endpoint ?? undefined);
    return {
      ...named,
      repo: read.repo,
      revision: revision ?? read.revision,
      path: path ?? (read.path === '' ? null : read.path),
      endpoint: parseEndpoint(read.endpoint),
    };
  } catch (error) {
    if (isLoomError(error)) return named;
    throw error;
  }
}

/**
 * The address of another Hub, without a slash at the end: encrypted, or on this computer. Null for huggingface.co and for
 * nonsense.
 */
export function parseEndpoint(value: string | null): string | null {
  const text = value?.trim() ?? '';
  if (text === '' || text.length > LIMIT_TEXT || !URL.canParse(text)) return null;
  const { protocol, hostname, origin, pathname, username, password } = new URL(text);
  if (username !== '' || password !== '') return null;
  const local = hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
  if (protocol !== 'https:' && !(protocol === 'http:' && local)) return null;
  const endpoint = origin + pathname.replace(/\/+$/, '');
  return endpoint === 'https://huggingface.co' || endpoint.length > LIMIT_TEXT ? null : endpoint;
}

/** `moe_dp_size=2;enable_eplb=true`: a name is taken once, and only as many as a program has. */
function parseSet(value: string | null): readonly string[] {
  const entries = (value ?? '').slice(0, LIMIT_TEXT).split(';');
  const fitting = entries.filter((entry) => /^[A-Za-z_]\w{0,63}=[^\p{C};]{1,256}$/u.test(entry));
  const names = fitting.map((entry) => entry.slice(0, entry.indexOf('=')));
  return fitting.filter((_, at) => names.indexOf(names[at] ?? '') === at).slice(0, 16);
}

function parseNumber(value: string | null): number | null {
  if (value === null || !/^\d{1,5}$/.test(value)) return null;
  const number = Number(value);
  return number <= LIMIT_NUMBER ? number : null;
}

/** No cluster has more ranks than this; zero is no size. */
function parseDegree(value: string | null): number | null {
  const number = parseNumber(value);
  return number !== null && number >= 1 && number <= 16_384 ? number : null;
}
