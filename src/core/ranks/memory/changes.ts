import type { PlacementError } from '../types.ts';
import type { Change, PlainReport } from './report.ts';
import type { MemoryRules } from './rules.ts';
import type { MemorySetup } from './setup.ts';

const MOST = 4;
const ORDER = { fits: 0, 'at-risk': 1, 'out-of-memory': 2 } as const;

/** Single changes with which a set-up needs less memory, best first. Each is estimated like the set-up itself. */
export function changesFor(
  rules: MemoryRules,
  setup: MemorySetup,
  report: PlainReport,
  work: (setup: MemorySetup) => PlainReport | PlacementError,
): Change[] {
  const out: Change[] = [];
  for (const [change, other] of candidates(rules, setup, report)) {
    const next = work(other);
    if ('error' in next || next.high > report.high * 0.97) continue;
    out.push({ change, low: next.low, high: next.high, verdict: next.verdict });
  }
  return out.sort((a, b) => ORDER[a.verdict] - ORDER[b.verdict] || a.high - b.high).slice(0, MOST);
}

function candidates(
  { serves, changes, offloads }: MemoryRules,
  setup: MemorySetup,
  { mesh, optimizerBytes }: PlainReport,
): [string, MemorySetup][] {
  const { gpus, cp, dp, ep, tp } = mesh;
  const sized = { ...setup, gpus, cp, dp };
  const out: [string, MemorySetup][] = [];
  if (serves) {
    out.push([
      `tp ${tp * 2} on ${gpus * 2} GPUs`,
      { ...setup, gpus: undefined, dp, tp: tp * 2, ep: ep > 1 ? ep * 2 : undefined },
    ]);
    if (setup.context !== undefined)
      out.push([`context ${Math.floor(setup.context / 2)}`, { ...setup, context: Math.floor(setup.context / 2) }]);
    return out;
  }
  if (setup.chunkedLoss !== true) out.push(['a chunked or fused loss', { ...setup, chunkedLoss: true }]);
  if (setup.checkpointing === false) out.push(['activation checkpointing', { ...setup, checkpointing: true }]);
  for (const by of [2, 4])
    if (changes.context && dp % by === 0)
      out.push([`cp ${cp * by} with dp ${dp / by} on the same GPUs`, { ...sized, cp: cp * by, dp: dp / by }]);
  out.push([`${changes.data} ${dp * 2} on ${gpus * 2} GPUs`, { ...sized, gpus: gpus * 2, dp: dp * 2 }]);
  const offloaded = setup.offload ?? 'none';
  if (offloaded === 'none' && offloads.includes('optimizer'))
    out.push(['offload of optimizer states', { ...setup, offload: 'optimizer' }]);
  if (offloaded !== 'all' && offloads.includes('all'))
    out.push(['offload of weights, gradients and optimizer states', { ...setup, offload: 'all' }]);
  if (setup.dense === 'replicated' || changes.shardDense)
    out.push(['weights other than experts sharded over all ranks', { ...setup, dense: 'sharded' }]);
  if ((optimizerBytes ?? 0) > 8) out.push(['AdamW in bf16 (8 bytes per parameter)', { ...setup, optimizerBytes: 8 }]);
  return out;
}
