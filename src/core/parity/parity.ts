import { LoomError } from '../errors.ts';
import { refuseUnusable } from '../layouts/usable.ts';
import { type Block, findBlock } from './block.ts';
import { diagnose } from './diagnose.ts';
import { countTokens, dispatchFaults, dispatchToRanks, type RankShare } from './dispatch.ts';
import { expertRanges, FORMS, type Form, type FormAnswer, planForm, storedForm } from './forms.ts';
import { type HiddenStates, randomStates } from './hidden-states.ts';
import { checkOperator } from './moe-operator.ts';
import { maxRelative } from './numbers.ts';
import { createReader, type ReadableSource, type Reader, readable, storedRanges } from './reading.ts';
import { groupsOf, runSide, SESSION_NUMBERS, type SideResult, type Way } from './run.ts';
import type { ParityFault, ParityOptions, ParityPair, ParityReport, ParityRun, ParitySource, RunId } from './types.ts';

/**
 * Two outputs are the same when max|a − b| ÷ max|ref| is at most this.
 *
 * A sum of n products in f32, in one order or another, moves by about √n × 6e-8 of its size: 5e-6 for the widest layers
 * there are (n = 7,168), 4e-7 as measured here on small ones. What goes wrong in a layout (an expert in another's place,
 * gate for up, a rank left out) moves outputs by 1e-2 and more. 1e-5 lies between, and far from both.
 */
export const TOLERANCE = 1e-5;

/**
 * Computes a layer's block in every way its experts can be held, and compares the outputs.
 *
 * Parity shows equality on the inputs that were run: a demonstration. Equal bytes, which `verify` shows, are proof.
 * @throws LoomError `checkpoint-unusable`, `usage`, `block-unknown`, `runtime-failed`, `cancelled`, and what reading throws.
 */
export async function compareBlock(given: ParitySource, options: ParityOptions): Promise<ParityReport> {
  refuseUnusable(given.checkpoint);
  if (options.other) refuseUnusable(options.other.checkpoint);
  const source = readable(given);
  const otherSource = options.other && readable(options.other);
  const block = findBlock(source.checkpoint, options.layer, options.assume);
  const other = otherSource && findBlock(otherSource.checkpoint, options.layer, options.assume);
  if (other && other.hidden !== block.hidden)
    throw new LoomError(
      'usage',
      `The layers take ${block.hidden} and ${other.hidden} numbers a token: not the same layer.`,
    );
  const ep = chooseEp(block.experts, options.ep);
  const x = inputOf(options.input, block.hidden);
  const progress = createProgress(options);
  const plan = planWays(block, source);
  const sides = [{ block, source, ways: plan.forms.length + (plan.ranked ? 1 : 0) }];
  if (other && otherSource) sides.push({ block: other, source: otherSource, ways: 1 });
  for (const side of sides) progress.expect(side);
  const reader = createReader(source, options.signal, progress.read);
  const otherReader = otherSource && createReader(otherSource, options.signal, progress.read);
  try {
    const common = { runtime: options.runtime, x, signal: options.signal, onStep: progress.step };
    const sessionNumbers = options.sessionNumbers ?? SESSION_NUMBERS;
    const dispatch = options.dispatch ?? dispatchToRanks;
    const first = await runSide({
      ...common,
      block,
      reader,
      sessionNumbers,
      ways: (routing) => waysOf(plan, () => dispatch(routing, ep)),
    });
    const second =
      other && otherReader
        ? await runSide({
            ...common,
            block: other,
            reader: otherReader,
            sessionNumbers,
            ways: () => [otherWay(other, otherReader)],
          })
        : null;
    const operator = await checkOperator({
      block,
      reader,
      form: plan.ranked,
      x,
      result: first,
      runtime: options.runtime,
      signal: options.signal,
    });
    const report = reportOf({
      block,
      ep,
      options,
      x,
      plan,
      first,
      second,
      sources: [source, otherSource],
      operator,
    });
    const suspects: ParityFault[] = [...rankFaults(first, ep)];
    if (report.verdict === 'different' && other && second && otherReader)
      suspects.push(
        ...(await diagnose(
          { block, reader, weights: first.weights },
          { block: other, reader: otherReader, weights: second.weights },
          sessionNumbers,
        )),
      );
    progress.step('done');
    return {
      ...report,
      faults: report.verdict === 'different' ? suspects : [],
      bytesRead: reader.bytes + (otherReader?.bytes ?? 0),
    };
  } finally {
    await reader.dispose();
    await otherReader?.dispose();
  }
}

/** A small number of ranks that divides the experts, or the one that was asked for. @throws LoomError `usage`. */
export function chooseEp(experts: number, asked: number | undefined): number {
  const divisors = Array.from({ length: experts }, (_, at) => at + 1).filter((each) => experts % each === 0);
  if (asked === undefined) return divisors.includes(4) ? 4 : (divisors.find((each) => each > 1) ?? 1);
  if (divisors.includes(asked)) return asked;
  throw new LoomError(
    'usage',
    `${experts} experts cannot be divided evenly among ${asked} ranks evenly; ${divisors.join(', ')} ranks would do.`,
  );
}

function inputOf(input: ParityOptions['input'], hidden: number): HiddenStates {
  if (!('values' in input)) return randomStates(input.tokens, hidden, input.seed);
  if (input.hidden === hidden) return input;
  throw new LoomError('usage', `The input has rows of ${input.hidden} numbers, the layer takes ${hidden}.`);
}

interface WayPlan {
  readonly forms: readonly Form[];
  /** The form whose bytes the ranks hold: gate-up, as transformers 5 does. */
  readonly ranked: Form | null;
  readonly missing: ParityReport['missing'];
}

function planWays(block: Block, { checkpoint }: ParitySource): WayPlan {
  const answers = FORMS.map((id): [typeof id, FormAnswer] => [
    id,
    planForm(id, checkpoint, block.group, block.modelType),
  ]);
  const forms = answers.flatMap(([, answer]) => ('form' in answer ? [answer.form] : []));
  const [any] = forms;
  const missing = answers.flatMap(([id, answer]) => ('reason' in answer ? [{ id, reason: answer.reason }] : []));
  if (!any)
    throw new LoomError('block-unknown', missing[0]?.reason ?? 'This program knows no way to compute these experts.');
  return { forms, ranked: forms.find(({ id }) => id === 'gateUp') ?? any, missing };
}

function waysOf({ forms, ranked }: WayPlan, shares: () => readonly RankShare[]): Way[] {
  const ways: Way[] = forms.map((form) => ({ id: form.id, form, shares: null }));
  return ranked ? [...ways, { id: 'expertParallel', form: ranked, shares: shares() }] : ways;
}

/** The second checkpoint's block as it stores it. */
function otherWay(block: Block, { checkpoint }: Reader): Way {
  const id = storedForm(block.group) ?? 'perExpert';
  const answer = planForm(id, checkpoint, block.group, block.modelType);
  if ('reason' in answer) throw new LoomError('block-unknown', answer.reason);
  return { id: 'other', form: answer.form, shares: null };
}

function rankFaults({ routing, ways }: SideResult, ep: number): ParityFault[] {
  const shares = ways.find(({ id }) => id === 'expertParallel')?.shares;
  return shares ? dispatchFaults(routing, shares, ep) : [];
}

interface ReportFacts {
  readonly block: Block;
  readonly ep: number;
  readonly options: ParityOptions;
  readonly x: HiddenStates;
  readonly plan: WayPlan;
  readonly first: SideResult;
  readonly second: SideResult | null;
  readonly sources: readonly (ReadableSource | undefined)[];
  readonly operator: ParityReport['operator'];
}

function reportOf(facts: ReportFacts): ParityReport {
  const { block, ep, options, x, plan, first, second, sources, operator } = facts;
  const outputs = new Map([...first.outputs, ...(second?.outputs ?? [])]);
  const expect = options.expect;
  if (expect && expect.length !== x.tokens * x.hidden)
    throw new LoomError(
      'usage',
      `The expected output has ${expect.length} numbers, the block gives ${x.tokens * x.hidden}.`,
    );
  const runs = [...first.ways, ...(second?.ways ?? [])].map(
    ({ id, form }): ParityRun => ({
      id,
      stored: form.stored,
      operations: form.operations,
      source: sources[id === 'other' ? 1 : 0]?.checkpoint.identity ?? '',
      expected: expect ? maxRelative(expect, outputs.get(id) ?? []) : null,
    }),
  );
  const pairs = pairsOf([...outputs]);
  const counts = countTokens(first.routing, ep);
  const wrong =
    pairs.some(({ maxRelative: size }) => !(size <= TOLERANCE)) ||
    runs.some(({ expected }) => expected !== null && !(expected <= TOLERANCE));
  return {
    layer: options.layer,
    prefix: block.group.prefix,
    modelType: block.modelType,
    block: block.rules.source,
    experts: block.experts,
    topK: block.rules.router.topK,
    hidden: block.hidden,
    tokens: x.tokens,
    seed: 'seed' in options.input ? options.input.seed : null,
    ep,
    runs,
    missing: plan.missing,
    pairs,
    routing: first.routing,
    tokensPerExpert: counts.perExpert,
    tokensPerRank: counts.perRank,
    operator,
    tolerance: TOLERANCE,
    verdict: wrong ? 'different' : 'same',
    faults: [],
    notes: notesOf(block, counts.perExpert, sources),
    runtime: { name: options.runtime.name, threads: options.runtime.threads },
    bytesRead: 0,
  };
}

function pairsOf(outputs: readonly (readonly [RunId, Float32Array])[]): ParityPair[] {
  return outputs.flatMap(([a, left], at) =>
    outputs.slice(at + 1).map(([b, right]) => ({ a, b, maxRelative: maxRelative(left, right) })),
  );
}

function notesOf({ rules }: Block, perExpert: readonly number[], sources: ReportFacts['sources']): string[] {
  const idle = perExpert.filter((count) => count === 0).length;
  const notes = rules.note === null ? [] : [rules.note];
  const formats = [...new Set(sources.flatMap((source) => source?.formats ?? []))];
  if (formats.length > 0)
    notes.push(
      `${formats.join(' and ')} is decoded and rounded to bf16 before the computation; activations are not quantised.`,
    );
  if (idle > 0)
    notes.push(
      `${idle} of ${perExpert.length} experts received no token, so they were not tested. Use more tokens to reach more experts.`,
    );
  return notes;
}

/** Counts bytes and sessions of all sides together. */
function createProgress({ onProgress, sessionNumbers = SESSION_NUMBERS }: ParityOptions) {
  const state = { read: 0, total: 0, done: -1, steps: 0, doing: '' };
  const tell = () => onProgress?.({ ...state, done: Math.max(0, state.done), read: Math.min(state.read, state.total) });
  return {
    expect: ({ block, source, ways }: { block: Block; source: ReadableSource; ways: number }) => {
      const ranges = storedRanges(expertRanges(source.checkpoint, block.group, 0, block.experts), source.packed);
      state.total += ranges.reduce((sum, { start, end }) => sum + end - start, 0);
      state.steps += 2 + ways * groupsOf(block, sessionNumbers).length;
    },
    read: (bytes: number) => {
      state.read += bytes;
      tell();
    },
    step: (doing: string) => {
      state.done++;
      state.doing = doing;
      tell();
    },
  };
}
