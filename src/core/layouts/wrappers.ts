/** A segment that a wrapper class puts into the names of what it wraps. */
export interface Wrapper {
  /** Segments of a name, without the dot at the end. */
  readonly word: string;
  /** `start`: only where names begin. */
  readonly where: 'start' | 'anywhere';
  /** Whose wrapper it is. */
  readonly by: string;
}

/**
 * Every known wrapper. Loaders look for the names without it.
 *
 * Sources: torch 2.9 `_dynamo/eval_frame.py` (OptimizedModule), `distributed/algorithms/_checkpoint/checkpoint_wrapper.py`,
 * `distributed/fsdp/_common_utils.py`, `nn/parallel/distributed.py`; peft 0.18 `peft_model.py` and `tuners_utils.py`.
 */
export const WRAPPERS: readonly Wrapper[] = [
  { word: '_orig_mod', where: 'anywhere', by: 'torch.compile' },
  { word: '_checkpoint_wrapped_module', where: 'anywhere', by: 'activation checkpointing of torch' },
  { word: '_fsdp_wrapped_module', where: 'anywhere', by: 'FullyShardedDataParallel of torch' },
  { word: 'module', where: 'start', by: 'DistributedDataParallel or DeepSpeed' },
  { word: 'base_model.model', where: 'start', by: 'PEFT' },
];

const INNER: ReadonlyMap<string, Wrapper> = new Map(
  WRAPPERS.filter(({ where }) => where === 'anywhere').map((wrapper) => [wrapper.word, wrapper]),
);
const OUTER = WRAPPERS.filter(({ where }) => where === 'start').map((wrapper) => ({
  wrapper,
  segments: wrapper.word.split('.'),
}));

/** Tells the few names that have a wrapper without taking each apart. */
const WRAPPED = new RegExp(
  `(?:^|\\.)(?:${[...INNER.keys()].join('|')})(?:\\.|$)|^(?:${OUTER.map(({ segments }) => segments.join('\\.')).join('|')})\\.`,
);

/** A name without wrappers, and where its pieces stand in the name as it is. */
export interface Unwrapped {
  readonly bare: string;
  /** The place in the whole name of a character of the bare one; with `end`, of the end of a piece. */
  readonly place: (offset: number, end?: 'end') => number;
}

const SAME = (offset: number) => offset;

/** Takes every wrapper out of a tensor's name or of a prefix of names. */
export function unwrap(name: string): Unwrapped {
  if (!WRAPPED.test(name)) return { bare: name, place: SAME };
  const { kept } = takeApart(name);
  const starts: { readonly bare: number; readonly whole: number }[] = [];
  let length = 0;
  for (const { text, at } of kept) {
    starts.push({ bare: length, whole: at });
    length += text.length + 1;
  }
  const place = (offset: number, end?: 'end') => {
    const segment = starts.findLast(({ bare }) => (end ? bare < offset : bare <= offset));
    return segment ? segment.whole + offset - segment.bare : 0;
  };
  return { bare: kept.map(({ text }) => text).join('.'), place };
}

/** A name or a prefix of names without its wrappers. */
export function bareName(name: string): string {
  return unwrap(name).bare;
}

/** The wrappers of a name, each once. */
export function wrappersIn(name: string): readonly Wrapper[] {
  return WRAPPED.test(name) ? [...new Set(takeApart(name).wrappers)] : [];
}

/** What a conversion says of names with wrappers: nothing where there are none. */
export function unwrapNotes(names: Iterable<string>): readonly string[] {
  const found = new Set<Wrapper>();
  for (const name of names) for (const wrapper of wrappersIn(name)) found.add(wrapper);
  if (found.size === 0) return [];
  const words = Array.from(found, ({ word, by }) => `${word}. (${by})`);
  return [`Names are written without the segments of wrapper classes: ${words.join(', ')}.`];
}

interface Segment {
  readonly text: string;
  readonly at: number;
}

function takeApart(name: string): { readonly kept: readonly Segment[]; readonly wrappers: readonly Wrapper[] } {
  const all: Segment[] = [];
  let at = 0;
  for (const text of name.split('.')) {
    all.push({ text, at });
    at += text.length + 1;
  }
  const wrappers: Wrapper[] = [];
  let kept = all.filter(({ text }) => {
    const inner = INNER.get(text);
    if (inner) wrappers.push(inner);
    return inner === undefined;
  });
  for (;;) {
    const start = OUTER.find(({ segments }) => {
      return segments.length < kept.length && segments.every((word, at) => kept[at]?.text === word);
    });
    if (!start) return { kept, wrappers };
    wrappers.push(start.wrapper);
    kept = kept.slice(start.segments.length);
  }
}
