import { GB, MIB } from '../units.ts';
import { type Gpu, MAP, USAGE } from './device.ts';
import { RING, type RingSize } from './ring.ts';

/** A ring as a device was found to take it; `rate`: bytes that went up and came back per second / 10⁹. */
export interface MeasuredRing extends RingSize {
  /** Null when nothing could be measured. */
  readonly rate: number | null;
}

/** No measured ring has smaller tiles. */
export const SMALLEST_TILE_BYTES = MIB;

/** Tried in this order: the usual one first, as the time may be over before the last. */
export const CANDIDATES: readonly RingSize[] = [
  RING,
  { tileBytes: 4 * MIB, depth: 8 },
  { tileBytes: 2 * MIB, depth: 8 },
  { tileBytes: 8 * MIB, depth: 4 },
  { tileBytes: SMALLEST_TILE_BYTES, depth: 8 },
  { tileBytes: 16 * MIB, depth: 4 },
];

/** A reader waits for this before the first conversion on a device. */
const TRIAL_MS = 250;
/** Bytes that each candidate moves up and down again: enough for several turns of every ring. */
const TRIAL_BYTES = 24 * MIB;
/** Another ring than the usual one has to be this much faster: less is chance. */
const CLEARLY = 1.1;

/** Finds the ring in which bytes go to a device and back fastest, in about a quarter of a second. Never fails. */
export async function measureRing(gpu: Gpu, now: () => number = () => performance.now()): Promise<MeasuredRing> {
  const start = now();
  let best: MeasuredRing = { ...RING, rate: null };
  try {
    for (const size of CANDIDATES.filter(({ tileBytes }) => tileBytes <= Math.max(RING.tileBytes, gpu.mostTileBytes))) {
      const rate = await passThrough(gpu, size, now);
      if (rate > (best.rate ?? 0) * (best.rate === null ? 1 : CLEARLY)) best = { ...size, rate };
      if (now() - start > TRIAL_MS) break;
    }
  } catch {
    // A device that fails here fails in its first run, which says why.
  }
  return best;
}

/** Moves bytes through a device in a ring, without computing: bytes up, and as many down, per second / 10⁹. */
async function passThrough({ device, lost }: Gpu, { tileBytes, depth }: RingSize, now: () => number): Promise<number> {
  const from = new Uint8Array(tileBytes).fill(7);
  const into = new Uint8Array(tileBytes);
  const places = Array.from({ length: depth }, () => ({
    up: device.createBuffer({ size: tileBytes, usage: USAGE.mapWrite | USAGE.copySrc, mappedAtCreation: true }),
    middle: device.createBuffer({ size: tileBytes, usage: USAGE.storage | USAGE.copySrc | USAGE.copyDst }),
    down: device.createBuffer({ size: tileBytes, usage: USAGE.mapRead | USAGE.copyDst }),
  }));
  const move = async ({ up, middle, down }: (typeof places)[number]) => {
    new Uint8Array(up.getMappedRange()).set(from);
    up.unmap();
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(up, 0, middle, 0, tileBytes);
    encoder.copyBufferToBuffer(middle, 0, down, 0, tileBytes);
    device.queue.submit([encoder.finish()]);
    await Promise.all([up.mapAsync(MAP.write), down.mapAsync(MAP.read)]);
    into.set(new Uint8Array(down.getMappedRange()));
    down.unmap();
  };
  const moveAll = async (tiles: number) => {
    let begun = 0;
    const turn = async (place: (typeof places)[number]) => {
      while (begun < tiles) {
        begun++;
        await move(place);
      }
    };
    await Promise.race([Promise.all(places.map(turn)), lost]);
  };
  try {
    await moveAll(depth);
    const tiles = Math.max(depth, Math.ceil(TRIAL_BYTES / tileBytes));
    const start = now();
    await moveAll(tiles);
    return (tiles * tileBytes) / GB / Math.max((now() - start) / 1000, 1e-6);
  } finally {
    for (const buffer of places.flatMap(({ up, middle, down }) => [up, middle, down])) buffer.destroy();
  }
}
