import { formatInteger } from '../../units.ts';
import type { Work } from './activations.ts';
import { CONSTANTS } from './constants.ts';
import type { Offloaded, Term } from './report.ts';
import { billions, times } from './terms.ts';

const FP32 = 4;

/** What is kept from step to step on the GPU, and what its host keeps instead. */
export interface States {
  readonly terms: readonly Term[];
  readonly offload: Offloaded | null;
  /** Parameters whose optimizer states are on the GPU. */
  readonly stepped: number;
}

/** What the optimizer needs for the length of a step, null where its kernels need nothing. */
export function stepTerm({ rules, choices }: Work, stepped: number): Term | null {
  const { foreach, subGroup } = CONSTANTS;
  const name = 'optimizer temporaries';
  switch (rules.step) {
    case 'foreach':
      return times(name, (stepped * choices.regime.optimizer) / 2, foreach, foreach.why);
    case 'sub-group':
      return { name, low: 0, high: Math.min(stepped, subGroup.high) * FP32, basis: subGroup.why };
    case 'none':
      return null;
  }
}

/** Weights, gradients and optimizer states of a rank. */
export function statesOf(work: Work): States {
  const { regime, leastBytes, offload } = work.choices;
  const { dense, experts } = work.held;
  const count = (of: 'weights' | 'gradients' | 'optimizer') => dense[of] + experts[of];
  const all = [
    stateTerm('weights', count('weights'), regime.weights),
    stateTerm('gradients', count('gradients'), regime.gradients),
    stateTerm('optimizer states', count('optimizer'), regime.optimizer),
  ];
  const [weights, gradients, optimizer] = all;
  if (!weights || !gradients || !optimizer) throw new RangeError('There are three states.');
  // 8-bit Adam instead of the moments is what a lower bound can mean.
  const saved = (regime.bytes - leastBytes) * count('optimizer');
  const states = saved > 0 ? { ...optimizer, low: optimizer.low - saved, readings: true } : optimizer;
  const stepped = count('optimizer');
  if (offload === 'none') return { terms: byOwnFormula(work, [weights, gradients, states]), offload: null, stepped };
  const host = optimizer.high + (offload === 'all' ? weights.high + gradients.high : gradients.high);
  const up = offload === 'all' ? 2 * weights.high : weights.high;
  const away = { host, down: gradients.high, up };
  if (offload === 'all') return { terms: [], offload: away, stepped: 0 };
  return { terms: [weights, gradients], offload: away, stepped: 0 };
}

function stateTerm(name: string, count: number, bytes: number): Term {
  const value = count * bytes;
  return { name, low: value, high: value, basis: `${billions(count)} parameters × ${bytes} bytes` };
}

/** A program's own formula is the high end, where it is higher. */
function byOwnFormula(work: Work, terms: readonly Term[]): readonly Term[] {
  const { rules, choices, mesh, shape } = work;
  if (!rules.theoretical || choices.regime.bytes !== rules.usual.regime.bytes) return terms;
  const formula = rules.theoretical(shape, mesh);
  const more = formula - terms.reduce((sum, term) => sum + term.high, 0);
  return terms.map((term) =>
    term.name === 'optimizer states' && more > 0
      ? {
          ...term,
          high: term.high + more,
          basis: `${term.basis}; to ${formatInteger(formula)} bytes of states in all by Megatron’s report_theoretical_memory`,
        }
      : term,
  );
}
