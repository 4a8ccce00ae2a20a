import { type EngineChoice, isEngineChoice } from '../../core/index.ts';

/** How a conversion is to be made, as part of the address; sizes as they were typed, null for the usual. */
export interface ConvertAddress {
  /** The program that the target is chosen for, by its id; who shows it checks that it exists. */
  readonly for: string | null;
  /** How the experts are read where the files do not decide it, as `--assume` takes it: an orientation or the id of a layout. */
  readonly assume: string | null;
  /** Beside chosen layers everything else is kept as it is. */
  readonly keepRest: boolean;
  /** Layers of multi-token prediction stay as they are stored. */
  readonly keepMtp: boolean;
  readonly maxShard: string | null;
  readonly engine: EngineChoice | null;
  /** Memory for buffers. */
  readonly buffers: string | null;
  readonly sha256: boolean;
  /** Check source hashes before converting. */
  readonly checkSource: boolean;
}

export const USUAL_CONVERT: ConvertAddress = {
  for: null,
  assume: null,
  keepRest: false,
  keepMtp: false,
  maxShard: null,
  engine: null,
  buffers: null,
  sha256: false,
  checkSource: false,
};

/** Ids of programs consist of these characters. */
export const PROGRAM_ID = /^[a-z0-9.-]+$/;

/** An orientation, or a layout such as `gate-up/w13`; whoever uses it checks that it is one. */
const READING = /^[a-z0-9-]+(\/[a-z0-9-]+)?$/;

/** What a person may be in the middle of typing; whoever uses it parses it. */
const SIZE_TEXT = /^[\d., A-Za-z]{0,24}$/;
const NOT_IN_SIZES = /[^\d., A-Za-z]/g;

/** Typed text as far as the address takes it: what it does not take is not typed, rather than all of it lost. */
export function sizeText(typed: string): string {
  return typed.replace(NOT_IN_SIZES, '').slice(0, 24);
}

/** Reads the parts that {@link writeConvert} wrote; what makes no sense is left out. */
export function parseConvert(query: URLSearchParams): ConvertAddress {
  const size = (key: string) => {
    const text = query.get(key);
    return text !== null && SIZE_TEXT.test(text) ? text : null;
  };
  const engine = query.get('engine');
  const program = query.get('for');
  const assume = query.get('assume');
  return {
    for: program !== null && program.length <= 64 && PROGRAM_ID.test(program) ? program : null,
    assume: assume !== null && assume.length <= 64 && READING.test(assume) ? assume : null,
    keepRest: query.get('rest') === 'keep',
    keepMtp: query.get('mtp') === 'keep',
    maxShard: size('max-shard'),
    engine: engine !== null && isEngineChoice(engine) ? engine : null,
    buffers: size('buffers'),
    sha256: query.get('sha256') === 'yes',
    checkSource: query.get('check-source') === 'yes',
  };
}

/** Writes what differs from {@link USUAL_CONVERT}. */
export function writeConvert(query: URLSearchParams, address: ConvertAddress): void {
  if (address.for !== null) query.set('for', address.for);
  if (address.assume !== null) query.set('assume', address.assume);
  if (address.keepRest) query.set('rest', 'keep');
  if (address.keepMtp) query.set('mtp', 'keep');
  if (address.maxShard !== null) query.set('max-shard', address.maxShard);
  if (address.engine !== null) query.set('engine', address.engine);
  if (address.buffers !== null) query.set('buffers', address.buffers);
  if (address.sha256) query.set('sha256', 'yes');
  if (address.checkSource) query.set('check-source', 'yes');
}
