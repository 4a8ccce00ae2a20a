import type { HeldLayer } from './layer-tensors.ts';

/** Tensors that one layer lacks and the others of its kind have. */
export interface Lack {
  readonly layer: HeldLayer;
  /** Below the layer, as a plain checkpoint names them. */
  readonly names: readonly string[];
}

/** Modules that some layers of a model share or leave out. Sources: GLM and HY (`indexer_types`), DeepSeek V4. */
const OPTIONAL = /^(.*\.)?(indexer|compressor|tid2eid|relative_attention_bias|rotary_emb)(\.|$)/;
/** Parts of a layer that go with its MLP: layers with experts may have others. */
const OF_MLP = /(^|[._])(mlp|ffn?|feed_?forward|moe|router|expert\w*|shared\w*)([._]|$)|(^|\.)gate\./;
/** What every layer with such a part has, whatever its kind of attention. */
const NEEDED = /(^|[._])([qkvo]_proj|qkv_proj|out_proj|\w*norm|gate|router)\.weight$/;
/** Parts of which the last is there where the others are. */
const CLOSED: readonly (readonly string[])[] = [
  ['q_proj', 'k_proj', 'v_proj', 'o_proj'],
  ['gate_proj', 'up_proj', 'down_proj'],
];
/** Beside the parts of a closed set these take no part's place. */
const BESIDE = /norm$|^(gate|router|shared_expert_gate|sinks)$/;

/**
 * What layers of one stack lack, by their siblings: a tensor that every other layer of the kind has, where the layer has
 * nothing in its place and nothing of another shape beside it.
 *
 * Attention and norms are compared with layers of one kind of attention, whether these have experts; an MLP, a router and
 * shared experts with layers that have experts too, or have none too.
 */
export function lacksBySiblings(layers: readonly HeldLayer[]): Lack[] {
  const kinds = kindsBy(layers, ({ attention, mlp }) => JSON.stringify([attention, mlp]));
  const attentions = kindsBy(layers, ({ attention }) => attention);
  const mlps = kindsBy(layers, ({ mlp }) => mlp);
  const all = kindOf(layers);
  return layers.flatMap((layer) => {
    const sameAttention = attentions(layer);
    const sameMlp = mlps(layer);
    const names = [
      ...lackedBeside(layer, kinds(layer), () => true),
      ...(sameMlp.layers.length < 3 ? [] : lackedBeside(layer, sameMlp, (name, peers) => isOfMlp(name, layer, peers))),
      ...lackedBeside(layer, sameAttention, (name, peers) => !isOfMlp(name, layer, peers)),
      ...(sameAttention.layers.length > 1 || layers.length < 3
        ? []
        : lackedBeside(layer, all, (name, peers) => NEEDED.test(name) && !isOfMlp(name, layer, peers))),
    ];
    return names.length === 0 ? [] : [{ layer, names: [...new Set(names)] }];
  });
}

/** Layers that are compared with each other. */
interface Kind {
  readonly layers: readonly HeldLayer[];
  /** Names that all of them hold but one. */
  readonly lackedByOne: readonly string[];
}

function kindOf(layers: readonly HeldLayer[]): Kind {
  const counts = new Map<string, number>();
  for (const { held } of layers) for (const name of held.keys()) counts.set(name, (counts.get(name) ?? 0) + 1);
  const wanted = layers.length - 1;
  return {
    layers,
    lackedByOne: wanted === 0 ? [] : [...counts].flatMap(([name, count]) => (count === wanted ? [name] : [])),
  };
}

/** The kind of a layer among layers that are alike by `key`. */
function kindsBy<K>(layers: readonly HeldLayer[], key: (layer: HeldLayer) => K): (layer: HeldLayer) => Kind {
  const alike = new Map<K, HeldLayer[]>();
  for (const layer of layers) {
    const own = alike.get(key(layer));
    if (own) own.push(layer);
    else alike.set(key(layer), [layer]);
  }
  const kinds = new Map(Array.from(alike, ([each, own]) => [each, kindOf(own)] as const));
  return (layer) => kinds.get(key(layer)) ?? { layers: [], lackedByOne: [] };
}

/** What this layer alone of its kind lacks, where that may be asked for. */
function lackedBeside(
  layer: HeldLayer,
  { layers, lackedByOne }: Kind,
  asks: (name: string, peers: readonly HeldLayer[]) => boolean,
): string[] {
  const names = lackedByOne.filter((name) => !layer.held.has(name));
  if (names.length === 0) return [];
  const peers = layers.filter((each) => each !== layer);
  return names.filter((name) => asks(name, peers) && !isLeftOut(layer, name) && fits(layer, name, peers));
}

/** True for a module that layers may do without, where nothing of it is here. */
function isLeftOut({ held }: HeldLayer, name: string): boolean {
  const [module = ''] = OPTIONAL.exec(name) ?? [];
  return module !== '' && ![...held.keys()].some((own) => own.startsWith(module));
}

function isOfMlp(name: string, layer: HeldLayer, peers: readonly HeldLayer[]): boolean {
  const part = partOf(name);
  return OF_MLP.test(name) || part === layer.container || peers.some(({ container }) => container === part);
}

/** True where the layer is like its peers but for what it lacks: it has no part, and no shape, that none of them has. */
function fits(layer: HeldLayer, name: string, peers: readonly HeldLayer[]): boolean {
  const part = partOf(name);
  const beside = [...layer.held].filter(([own]) => partOf(own) === part);
  const inPlace = beside.length > 0 ? beside : [...layer.held].filter(([own]) => isBeside(own, name, layer));
  return inPlace.every(([own, shape]) =>
    peers.some(({ held }) => {
      const other = held.get(own);
      return other !== undefined && (other === shape || other === '' || shape === '');
    }),
  );
}

/** What may stand in the place of a part that is not here at all: for a norm another norm, else anything but an MLP. */
function isBeside(own: string, name: string, { container }: HeldLayer): boolean {
  return /norm\.weight$/.test(name) ? /^[^.]*norm[^.]*\./.test(own) : partOf(own) !== container;
}

function partOf(name: string): string {
  return name.slice(0, name.indexOf('.'));
}

/** What a layer lacks by itself: of a closed set of parts all but one are there. `leaveOut`: parts that it may lack. */
export function lacksByParts(layers: readonly HeldLayer[], leaveOut: ReadonlySet<string>): Lack[] {
  return layers.flatMap((layer) => {
    const names = CLOSED.flatMap((parts) => missingPart(layer, parts, leaveOut));
    return names.length === 0 ? [] : [{ layer, names }];
  });
}

function missingPart({ held }: HeldLayer, parts: readonly string[], leaveOut: ReadonlySet<string>): string[] {
  const modules = new Map<string, Set<string>>();
  for (const name of held.keys()) {
    if (!name.endsWith('.weight')) continue;
    const stem = name.slice(0, -'.weight'.length);
    const dot = stem.lastIndexOf('.');
    const at = stem.slice(0, dot + 1);
    modules.set(at, (modules.get(at) ?? new Set()).add(stem.slice(dot + 1)));
  }
  return Array.from(modules).flatMap(([at, found]) => {
    const [lost, ...more] = parts.filter((part) => !found.has(part));
    const others = [...found].some((word) => !parts.includes(word) && !BESIDE.test(word));
    if (lost === undefined || more.length > 0 || others || leaveOut.has(lost)) return [];
    return [`${at}${lost}.weight`];
  });
}
