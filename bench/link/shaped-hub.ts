/**
 * A process for `bench/hub-link.ts`: a loopback Hub behind a line of `--gbps` with a round trip of `--rtt` milliseconds. It
 * prints its addresses and ends with its input. Bytes of weights come from one tile again and again: making them would take
 * longer than sending them.
 */
import { parseArgs } from 'node:util';
import type { Body } from '../../e2e/support/hub/body.ts';
import { BF16_WEIGHTS, fill, fillKey } from '../../e2e/support/hub/fill.ts';
import { QWEN3_235B, qwen3Moe } from '../../e2e/support/hub/qwen3-moe.ts';
import type { RepoFile } from '../../e2e/support/hub/repo.ts';
import { startHub } from '../../e2e/support/hub/server.ts';

const { values: flags } = parseArgs({
  options: { repo: { type: 'string' }, gbps: { type: 'string' }, rtt: { type: 'string' }, experts: { type: 'string' } },
});
const TILE_BYTES = 16 * 2 ** 20;
/** The longest part that is sent at once. */
const PART_BYTES = 2 ** 20;
/** Headers of these sizes end before. */
const HEADER_BYTES = 2 ** 20;

const tile = new Uint8Array(TILE_BYTES + PART_BYTES);
fill(tile, fillKey('tile'), BF16_WEIGHTS, 0);

function tiled(file: RepoFile): RepoFile {
  if (!file.path.endsWith('.safetensors')) return file;
  const { body } = file;
  const read: Body['read'] = (start, end) =>
    start < HEADER_BYTES || end - start > PART_BYTES
      ? body.read(start, end)
      : tile.subarray(start % TILE_BYTES, (start % TILE_BYTES) + end - start);
  return {
    ...file,
    body: {
      get size() {
        return body.size;
      },
      read,
    },
  };
}

const dims = { ...QWEN3_235B, layers: 2, experts: Number(flags.experts) };
const model = qwen3Moe(flags.repo ?? '', { dims, layout: 'per-expert', seed: 'link', maxShardBytes: 40e9 });
const hub = await startHub({
  repos: [{ ...model, files: model.files.map(tiled) }],
  link: { bytesPerSecond: (Number(flags.gbps) * 1e9) / 8, roundTripMs: Number(flags.rtt) },
});
process.stdout.write(`${JSON.stringify({ url: hub.url, controlUrl: hub.controlUrl })}\n`);
process.stdin.on('end', () => process.exit()).resume();
