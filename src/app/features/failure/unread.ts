import type { WireFinding } from '../../../../workers/protocol.ts';

/** True for a file that was not read this time; one that is no good stays so. */
export function isUnread({ tag }: WireFinding): boolean {
  return tag === 'shard-unread' || tag === 'file-unread';
}
