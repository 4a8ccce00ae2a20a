import type { FaultRow, Place } from './row.fixture.ts';

/** Commands that need the whole checkpoint, with what they say before the sentence of the read. */
const COMMANDS: readonly (readonly [string, (id: string) => readonly string[], RegExp?])[] = [
  ['plan', (id) => ['plan', id, '--to', 'gate-up']],
  ['compare', (id) => ['compare', id, id], /Left: /],
  ['verify', (id) => ['verify', id, id], /Original: /],
  ['loads', (id) => ['loads', id]],
  ['ranks', (id) => ['ranks', id, '--framework', 'vllm', '--ep', '2']],
  ['memory', (id) => ['memory', id, '--gpus', '8']],
];

/** A shard that cannot be read this time says nothing against the checkpoint: no command ends with 1, and each names who failed. */
export const COMMAND_FAULTS: readonly FaultRow[] = [
  ...COMMANDS.map(
    ([name, args, before = /./]): FaultRow => ({
      name: `a shard that cannot be read: ${name}`,
      strikes: [{ at: 'bytes', with: { type: 'ignoreRange' } }],
      args: ({ id }: Place) => args(id),
      exit: 2,
      says: [
        before,
        ({ fileHost }) => new URL(fileHost).host,
        /sent all of model-00002-of-00002\.safetensors/,
        /\[range-ignored\]/,
      ],
      never: /! |is missing|Not equal/,
      requests: 18,
    }),
  ),
  ...['inspect', 'stats'].map(
    (name): FaultRow => ({
      name: `a shard that cannot be read: ${name} tells what it has`,
      strikes: [{ at: 'bytes', with: { type: 'ignoreRange' } }],
      args: ({ id }) => [name, id],
      exit: 2,
      answers: true,
      says: [
        /Layout {7}|Measured {5}/,
        ({ fileHost }) => new URL(fileHost).host,
        /! .* sent all of model-00002-of-00002\.safetensors .*\[shard-unread\]/,
      ],
      requests: 40,
    }),
  ),
  {
    name: 'a shard that cannot be read beside one that is no good: inspect',
    files: (files) => void files.set('model-00001-of-00002.safetensors', '<html><title>Sign in</title></html>'),
    strikes: [{ at: 'bytes', with: { type: 'ignoreRange' } }],
    // Of no shard anything is known then: the first one's error is the whole answer.
    exit: 1,
    says: [/model-00001-of-00002\.safetensors is not a safetensors file: it is a web page/],
    requests: 9,
  },
];
