import type { PlacementError } from '../types.ts';
import { layerInWork, lingeringTerm, lossTerm, savedActivations, type Work } from './activations.ts';
import { adaptedStates, adapterWork, FROZEN } from './adapter-terms.ts';
import { adapterHoldings, adaptersOf, loraOf } from './adapters.ts';
import { changesFor } from './changes.ts';
import { clusterOf } from './cluster.ts';
import { type Choices, chooseSetup, spansNodes } from './complete-setup.ts';
import { CONSTANTS, RESERVE, SERVING_SHARE } from './constants.ts';
import { fetchesOf } from './fetches.ts';
import { holdingsOf } from './holdings.ts';
import type { Adapters } from './lora.ts';
import { placeSetup } from './place-setup.ts';
import type { MemoryReport, Offloaded, Phase, PlainReport, Term } from './report.ts';
import type { MemoryProgram } from './rules.ts';
import { servingTerms } from './serving.ts';
import { type MemoryMesh, type MemorySetup, meshOf } from './setup.ts';
import type { ModelShape } from './shape.ts';
import { type Speed, speedOf } from './speed.ts';
import { statesOf, stepTerm } from './states.ts';
import { type Band, bandOf, billions, gigabytes, inGb, sumOf, times } from './terms.ts';
import { decidingSentence, verdictOf } from './verdict.ts';

/** A stage's memory before it is rounded. Bytes. */
interface Estimate {
  readonly low: number;
  readonly high: number;
  readonly narrowed: boolean;
  readonly terms: readonly Term[];
  readonly phase: string;
  readonly phases: readonly Phase[];
  readonly offload: Offloaded | null;
}

/**
 * What one GPU needs for a training or serving run: a band with its terms, a verdict, and the assumptions.
 *
 * Pure. An error is the framework's own message where it refuses the set-up, and this program's where the files lack experts.
 * docs/memory.md explains every term and compares with published runs.
 */
export function estimateMemory(
  program: MemoryProgram,
  shape: ModelShape,
  setup: MemorySetup,
): MemoryReport | PlacementError {
  const report = plainReport(program, shape, setup);
  if ('error' in report) return report;
  const work = (other: MemorySetup) => plainReport(program, shape, other);
  const changes = report.verdict === 'fits' ? [] : changesFor(program.memory, setup, report, work);
  return { ...report, changes };
}

/** {@link estimateMemory} without what would change it. */
export function plainReport(
  program: MemoryProgram,
  shape: ModelShape,
  setup: MemorySetup,
): PlainReport | PlacementError {
  if (shape.missing !== undefined) return { error: shape.missing, by: 'checkpoint' };
  const placement = placeSetup(program, setup, shape);
  if ('error' in placement) return placement;
  const mesh = meshOf(placement);
  const choices = chooseSetup(program, setup);
  if ('error' in choices) return choices;
  const adapters = adaptersOf(program, shape, setup);
  if (adapters && 'error' in adapters) return adapters;
  const speed = speedOf(program.memory, shape, setup, mesh, choices, adapters);
  if (speed && 'error' in speed) return speed;
  const tokens = Math.ceil((choices.context * choices.batch) / mesh.cp);
  const stages = holdingsOf(program.memory, placement, shape, choices);
  const owns = adapters && adapterHoldings(program.memory, placement, shape, choices, adapters);
  const works = stages.map(
    (held, at): Work => ({ rules: program.memory, shape, mesh, choices, held, lora: owns?.[at] ?? null, tokens }),
  );
  const estimates = works.map((work) => (program.memory.serves ? served(work) : trained(work)));
  const fullest = estimates.reduce((most, each) => (each.high > most.high ? each : most));
  return reportOf(program, shape, mesh, choices, fullest, tokens, adapters, speed);
}

function reportOf(
  { id, memory }: MemoryProgram,
  shape: ModelShape,
  mesh: MemoryMesh,
  choices: Choices,
  estimate: Estimate,
  tokens: number,
  adapters: Adapters | null,
  speed: Speed | null,
): PlainReport {
  const capacity = choices.capacityGib * 2 ** 30;
  const serving = memory.serves;
  const usable = serving ? capacity * SERVING_SHARE : capacity;
  const { terms, low, high } = estimate;
  const verdict = verdictOf(low, high, usable, serving ? 0 : RESERVE);
  const rounded = terms.map((term) => ({ ...term, low: inGb(term.low), high: inGb(term.high) }));
  return {
    unit: 'GB',
    low: inGb(low),
    high: inGb(high),
    capacity: inGb(capacity),
    verdict,
    terms: rounded,
    assumed: [
      ...shape.assumed,
      ...choices.assumed,
      ...(adapters?.said ?? []),
      ...(speed?.assumed ?? []),
      ...predictionSaid(shape, serving),
      ...(estimate.narrowed ? [narrowedSaid(terms)] : []),
    ],
    framework: id,
    mesh,
    phase: estimate.phase,
    phases: estimate.phases.map(({ name, low: least, high: most }) => ({ name, low: inGb(least), high: inGb(most) })),
    decides: decidingSentence(terms, verdict, usable),
    offload: estimate.offload && {
      host: inGb(estimate.offload.host),
      down: inGb(estimate.offload.down),
      up: inGb(estimate.offload.up),
    },
    optimizerBytes: serving ? null : choices.regime.bytes,
    tokensPerGpu: tokens,
    lora: loraOf(adapters),
    cluster: clusterOf(memory, shape, choices, mesh.gpus, adapters),
    throughput: speed?.report ?? null,
  };
}

/** Layers of multi-token prediction are in the files but in no total. */
function predictionSaid({ parameters: { prediction } }: ModelShape, serving: boolean): string[] {
  if (prediction === 0) return [];
  const left = `${billions(prediction)} parameters of multi-token prediction are not counted`;
  return serving ? [`${left}: engines load them only for speculative decoding.`] : [`${left}.`];
}

function narrowedSaid(terms: readonly Term[]): string {
  const { low, high } = sumOf(terms);
  return `The low ends of all terms add up to ${gigabytes(low)} and the high ends to ${gigabytes(high)}. The band is narrower, because errors of estimates partly cancel: estimates widen it by at most a fifth of its middle to each side.`;
}

/** Training: the states, and the largest of three phases: loss, backward, optimizer step. */
function trained(work: Work): Estimate {
  const states = work.lora ? adaptedStates(work, work.lora) : statesOf(work);
  const phases = phasesOf(work, states.stepped).map((phase) => withAll(phase, states.terms, work));
  const low = Math.max(...phases.map((phase) => phase.low));
  const fullest = phases.reduce((most, phase) => (phase.high > most.high ? phase : most));
  // A step goes through every phase, so that each phase's low end is a floor for the whole step.
  const { high, narrowed, terms, name } = fullest;
  return { low, high, narrowed, terms, phase: name, phases, offload: states.offload };
}

function phasesOf(work: Work, stepped: number): { readonly name: string; readonly terms: readonly Term[] }[] {
  const saved = savedActivations(work);
  const loss = lossTerm(work);
  const { root, backward } = fetchesOf(work);
  const lingering = lingeringTerm(work);
  const kept = [root, lingering].filter((term) => term !== null);
  const adapted = work.lora ? adapterWork(work, work.lora) : [];
  const step = stepped > 0 ? stepTerm(work, stepped) : null;
  return [
    ...(loss ? [{ name: 'loss', terms: [saved, loss, ...kept] }] : []),
    // Every saved input is there when backward starts, and none when it ends.
    { name: 'backward', terms: [{ ...saved, low: 0 }, layerInWork(work), ...adapted, ...kept, ...backward] },
    { name: 'optimizer step', terms: step ? [step] : [] },
  ];
}

/** A phase with the states, the runtime and the allocator's reserve. */
function withAll(
  phase: { readonly name: string; readonly terms: readonly Term[] },
  states: readonly Term[],
  { mesh }: Work,
): Phase & Band {
  const own = [...states, ...phase.terms];
  const terms = [...own, ...overhead(own, mesh.gpus)];
  return { name: phase.name, ...bandOf(terms), terms };
}

/** What the allocator reserves beyond `own`, and memory that holds no tensors. */
function overhead(own: readonly Term[], gpus: number): Term[] {
  const { allocator, runtimeManyNodes, runtimeOneNode } = CONSTANTS;
  const runtime = spansNodes(gpus) ? runtimeManyNodes : runtimeOneNode;
  // Frozen weights are allocated once and never freed, so that they leave no gaps.
  const { low, high } = sumOf(own.filter(({ name }) => name !== FROZEN));
  return [
    { name: 'allocator', low: low * allocator.low, high: high * allocator.high, basis: allocator.why },
    times('runtime', 1e9, runtime, runtime.why),
  ];
}

function served(work: Work): Estimate {
  const own = servingTerms(work);
  const passing = own.filter((term) => term.name === 'forward pass' || term.name === 'sampling');
  const terms = [...own, ...overhead(passing, work.mesh.gpus)];
  const phase = { name: 'serving', ...bandOf(terms), terms };
  return { ...phase, phase: phase.name, phases: [phase], offload: null };
}
