import { type Address, formatAddress } from '../address.ts';

/** The link that shows what is seen now, whatever its reader's browser remembers. */
export function linkOf(address: Address, { origin, pathname }: Pick<Location, 'origin' | 'pathname'>): string {
  const isOpen = [address.repo, address.sample, address.local, address.job].some((name) => name !== null);
  return origin + pathname + formatAddress(address, isOpen);
}

/** What an address alone does not say. */
export interface BesideAddress {
  /** A token is in use for the Hub that is read. */
  readonly token: boolean;
  /** The machine on which `moe-loom open` serves what is read; null where it is none. */
  readonly machine: string | null;
  /** Names of files that the Ranks view was given. */
  readonly files: readonly string[];
}

/** What a link does not carry, each as one sentence that says what its reader needs. */
export function notCarried(
  { local, job, compare }: Pick<Address, 'local' | 'job' | 'compare'>,
  beside: BesideAddress,
): string[] {
  const other = compare.with ?? '';
  const name = other.slice(other.indexOf(':') + 1);
  return [
    ...(local === null
      ? []
      : [
          `The link names the local files “${local}” but does not contain them. Its reader must choose the same files.`,
        ]),
    ...(job === null
      ? []
      : [`The result of the conversion “${job}” is stored in this browser only. The link does not work elsewhere.`]),
    ...(other.startsWith('local:')
      ? [
          `The link names the local files “${name}” on the right but does not contain them. Its reader must choose the same files.`,
        ]
      : []),
    ...(other.startsWith('job:')
      ? [
          `The result of the conversion “${name}” is stored in this browser only. The link does not work elsewhere for that side.`,
        ]
      : []),
    ...(beside.machine === null
      ? []
      : [
          `The link works only in this browser, and only while \`moe-loom open\` runs on ${beside.machine}. Others need the link that it prints.`,
        ]),
    ...(beside.token
      ? ['The link does not contain your access token. Its reader must sign in or enter another token.']
      : []),
    ...beside.files.map((file) => `The link does not contain the file “${file}” that the ranks are computed from.`),
  ];
}
