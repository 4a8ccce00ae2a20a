/** One term of the field, as pages, popovers and documents explain it. */
export interface GlossaryTerm {
  /** As it is written inside a sentence. */
  readonly term: string;
  /** Other spellings that mean the same; each belongs to one term alone. */
  readonly also?: readonly string[];
  /** One sentence that a Hugging Face user understands who has not met the term. */
  readonly says: string;
}

/**
 * What the words of this project mean: one sentence a term. Families of layouts and sizes of parallel groups use the ids
 * that addresses and the command line have.
 */
export const GLOSSARY = {
  moe: {
    term: 'mixture of experts',
    also: ['MoE'],
    says: 'A model whose layers hold many feed-forward networks, the experts, of which a router picks a few for each token.',
  },
  expert: {
    term: 'expert',
    also: ['experts', 'routed expert', 'routed experts'],
    says: 'One of the feed-forward networks of a layer; it has a gate, an up and a down matrix.',
  },
  'shared-expert': {
    term: 'shared expert',
    also: ['shared experts'],
    says: 'A feed-forward network beside the experts that every token goes through.',
  },
  router: {
    term: 'router',
    also: ['routers'],
    says: 'The small matrix that scores the experts of a layer for each token; many checkpoints call it mlp.gate.',
  },
  gate: {
    term: 'gate',
    also: ['gate_proj', 'w1'],
    says: 'The matrix of an expert whose output goes through the activation; it is not the router.',
  },
  up: {
    term: 'up',
    also: ['up_proj', 'w3'],
    says: 'The matrix of an expert whose output is multiplied by the activated output of gate.',
  },
  down: {
    term: 'down',
    also: ['down_proj', 'w2'],
    says: 'The matrix of an expert that brings the product of gate and up back to the hidden size.',
  },
  projection: {
    term: 'projection',
    also: ['projections'],
    says: 'One of the matrices of an expert: gate, up or down.',
  },
  layout: {
    term: 'layout',
    also: ['layouts'],
    says: 'How a checkpoint stores its experts: as which tensors, in which order of gate and up, and with which dimension first.',
  },
  dialect: {
    term: 'dialect',
    also: ['dialects'],
    says: 'One spelling of tensor names for a layout, such as gate_proj or w1.',
  },
  'per-expert': {
    term: 'per-expert',
    says: 'Each expert has its own tensor for gate, for up and for down.',
  },
  stacked: {
    term: 'stacked',
    also: ['fused'],
    says: 'One tensor holds the gate matrices of all experts of a layer, one holds the up and one the down matrices.',
  },
  'gate-up': {
    term: 'gate-up',
    says: 'One tensor holds gate and up of all experts of a layer, one half after the other, and one holds down.',
  },
  'gate-up-transposed': {
    term: 'gate-up-transposed',
    also: ['transposed'],
    says: 'As gate-up, with the input dimension before the output dimension in every matrix.',
  },
  'gate-up-interleaved': {
    term: 'gate-up-interleaved',
    also: ['interleaved'],
    says: 'As gate-up, with outputs of gate and of up alternating instead of in two halves.',
  },
  flat: {
    term: 'flat',
    says: 'The matrices of all experts of a layer lie below each other in one matrix, without a dimension for the experts.',
  },
  companion: {
    term: 'companion',
    also: ['companions'],
    says: 'A tensor that belongs to a weight and is converted with it, such as its bias or its scales.',
  },
  scale: {
    term: 'scale',
    also: ['scales'],
    says: 'A number that quantised weights are multiplied by to get the real ones, for a tensor, a row or a block.',
  },
  unpack: {
    term: 'unpack',
    also: ['unpacking', 'dequantise'],
    says: 'To compute bf16 weights from quantised weights and their scales.',
  },
  fp8: { term: 'FP8', says: 'A floating-point number of 8 bits; checkpoints store FP8 weights with scales.' },
  mxfp4: {
    term: 'MXFP4',
    says: 'A format of 4-bit floating-point numbers, in which 32 of them share one scale that is a power of two.',
  },
  mtp: {
    term: 'multi-token prediction',
    also: ['MTP'],
    says: 'Extra layers at the end of a model that predict tokens further ahead; many programs do not load them.',
  },
  shard: {
    term: 'shard',
    also: ['shards'],
    says: 'One of the safetensors files that a checkpoint is split into.',
  },
  header: {
    term: 'header',
    also: ['headers'],
    says: 'The beginning of a safetensors file; it lists the name, dtype, shape and byte range of every tensor.',
  },
  index: {
    term: 'index',
    says: 'The file model.safetensors.index.json; it says which shard holds which tensor.',
  },
  range: {
    term: 'range',
    also: ['ranges', 'byte range'],
    says: 'A run of bytes of a file, from its first byte to before its end.',
  },
  read: {
    term: 'read',
    also: ['reads'],
    says: 'One range that is fetched in one go; an expert whose bytes lie together takes one read.',
  },
  ep: {
    term: 'expert parallelism',
    also: ['EP'],
    says: 'The experts of a layer are divided among GPUs, and tokens travel to the GPU that holds their expert.',
  },
  tp: {
    term: 'tensor parallelism',
    also: ['TP'],
    says: 'Every matrix is cut into slices, one for each GPU of a group.',
  },
  pp: {
    term: 'pipeline parallelism',
    also: ['PP'],
    says: 'The layers are divided into stages, one for each group of GPUs.',
  },
  dp: {
    term: 'data parallelism',
    also: ['DP'],
    says: 'Groups of GPUs hold the same weights and work on different tokens.',
  },
  cp: {
    term: 'context parallelism',
    also: ['CP'],
    says: 'The tokens of one sequence are divided among GPUs.',
  },
  etp: {
    term: 'expert tensor parallelism',
    also: ['ETP'],
    says: 'The matrices of each expert are cut into slices, one for each GPU of a group.',
  },
  fsdp: {
    term: 'FSDP',
    also: ['fully sharded data parallel'],
    says: 'Each GPU keeps a part of every weight, and gathers the whole weight shortly before it is used.',
  },
  rank: {
    term: 'rank',
    also: ['ranks'],
    says: 'One process of a distributed run, usually with one GPU.',
  },
  placement: {
    term: 'placement',
    says: 'Which rank holds which experts.',
  },
  redundant: {
    term: 'redundant experts',
    also: ['EPLB'],
    says: 'Copies of busy experts on further ranks, so that all ranks get about the same number of tokens.',
  },
  'all-to-all': {
    term: 'all-to-all',
    says: 'The exchange in which every rank sends tokens to the ranks that hold their experts, and gets the results back.',
  },
  imbalance: {
    term: 'imbalance',
    says: 'The largest number of experts on a rank divided by the average of all ranks; 1.00 means that all hold the same.',
  },
  offload: {
    term: 'offload',
    also: ['offloading'],
    says: 'To keep weights, gradients or optimizer states in the computer’s main memory instead of GPU memory.',
  },
  peak: {
    term: 'peak',
    says: 'The most memory that is in use at one moment of a step.',
  },
  proven: {
    term: 'proven',
    says: 'The written file was read back, and every byte equals the source or the value that was computed from it.',
  },
  parity: {
    term: 'parity',
    says: 'A test that two layouts of the same layer give the same output for the same input.',
  },
  'active-parameters': {
    term: 'active parameters',
    also: ['active per token'],
    says: 'The parameters that one token goes through: everything but the experts that the router does not pick.',
  },
  'half-loads': {
    term: 'half-loads',
    also: ['random experts', 'half-load'],
    says: 'The program starts without an error, but some expert weights are random, wrongly scaled or left out.',
  },
  gated: {
    term: 'gated',
    says: 'A repo whose files the Hub gives only to accounts that accepted its conditions.',
  },
} as const satisfies Readonly<Record<string, GlossaryTerm>>;

export type TermId = keyof typeof GLOSSARY;

/** The term that a word means, by its id, its name or another spelling; upper and lower case are the same. Null for a word that is not explained. */
export function termOf(word: string): (GlossaryTerm & { readonly id: TermId }) | null {
  const wanted = word.trim().toLowerCase();
  const id = TERM_IDS.find((each) => {
    const { term, also = [] }: GlossaryTerm = GLOSSARY[each];
    return [each, term, ...also].some((spelling) => spelling.toLowerCase() === wanted);
  });
  return id === undefined ? null : { id, ...GLOSSARY[id] };
}

/** All terms, in the order of the alphabet by their names. */
export const TERM_IDS: readonly TermId[] = (Object.keys(GLOSSARY) as TermId[]).sort((a, b) =>
  GLOSSARY[a].term.localeCompare(GLOSSARY[b].term, 'en'),
);
