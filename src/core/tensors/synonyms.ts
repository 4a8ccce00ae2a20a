import { TENSOR_ROLES, type TensorRole } from './role.ts';

/** Words that people use for a role, which names of tensors may not have. */
interface Synonym {
  /** In lower case; several words stand in this order in a search. */
  readonly said: readonly string[];
  readonly roles: readonly TensorRole[];
}

const ATTENTION: readonly TensorRole[] = ['attention-q', 'attention-k', 'attention-v', 'attention-o', 'attention'];

/** The one table of what search words mean beside the letters of a name. */
export const SYNONYMS: readonly Synonym[] = [
  { said: ['router', 'routers', 'gating'], roles: ['router', 'router-bias'] },
  { said: ['router bias', 'correction bias', 'expert bias'], roles: ['router-bias'] },
  { said: ['gate', 'gate_proj', 'gate proj', 'w1'], roles: ['gate', 'gate-up'] },
  { said: ['up', 'up_proj', 'up proj', 'w3'], roles: ['up', 'gate-up'] },
  { said: ['gate_up', 'gate up', 'gate-up', 'w13'], roles: ['gate-up'] },
  { said: ['down', 'down_proj', 'down proj', 'w2'], roles: ['down'] },
  { said: ['shared', 'shared expert', 'shared experts'], roles: ['shared'] },
  { said: ['scale', 'scales', 'zero point', 'zero points'], roles: ['scale'] },
  { said: ['attention', 'attn', 'self attention'], roles: ATTENTION },
  { said: ['query', 'q_proj', 'q proj'], roles: ['attention-q'] },
  { said: ['key', 'k_proj', 'k proj'], roles: ['attention-k'] },
  { said: ['value', 'v_proj', 'v proj'], roles: ['attention-v'] },
  { said: ['o_proj', 'o proj', 'out proj', 'output projection'], roles: ['attention-o'] },
  { said: ['dense', 'dense mlp', 'ffn', 'feed forward'], roles: ['mlp'] },
  { said: ['norm', 'norms', 'layernorm', 'layer norm', 'rmsnorm', 'rms norm'], roles: ['norm'] },
  { said: ['embedding', 'embeddings', 'embed', 'input embedding', 'token embedding'], roles: ['embedding'] },
  { said: ['lm head', 'lm_head', 'head', 'output head', 'unembedding', 'logits'], roles: ['head'] },
  { said: ['mtp', 'multi-token prediction', 'nextn'], roles: ['mtp'] },
  { said: ['vision', 'visual', 'image', 'audio', 'speech'], roles: ['vision'] },
];

/** What a piece of a search was taken for beside letters of names. */
export type SearchMeaning =
  | { readonly kind: 'role'; readonly said: string; readonly roles: readonly TensorRole[] }
  | { readonly kind: 'layer' | 'expert'; readonly said: string; readonly number: number };

/** A piece of a search: what names must contain, and what else lets a tensor through. */
export interface SearchTerm {
  /** Parts of a name in lower case; a tensor whose name has them all is let through. Empty: names do not count. */
  readonly words: readonly string[];
  readonly meaning: SearchMeaning | null;
}

const BY_PHRASE: ReadonlyMap<string, readonly TensorRole[]> = new Map(
  SYNONYMS.flatMap(({ said, roles }) => said.map((phrase) => [phrase, roles] as const)),
);
const LONGEST = Math.max(...[...BY_PHRASE.keys()].map((phrase) => phrase.split(' ').length));
/** `L47`, `E99`. */
const SHORT = /^([le])(\d{1,5})$/;
const COUNTED = /^(layer|expert)s?$/;
const NUMBER = /^\d{1,5}$/;

/** Takes a search apart into its terms, all of which a tensor must meet. The longest phrase of the table goes first. */
export function parseSearch(text: string): readonly SearchTerm[] {
  const tokens = text
    .toLowerCase()
    .split(/\s+/)
    .filter((token) => token !== '');
  const terms: SearchTerm[] = [];
  for (let at = 0; at < tokens.length; ) {
    const { length, term } = termAt(tokens, at);
    terms.push(term);
    at += length;
  }
  return terms;
}

function termAt(tokens: readonly string[], at: number): { readonly length: number; readonly term: SearchTerm } {
  const [token = '', next = ''] = tokens.slice(at, at + 2);
  const counted = COUNTED.exec(token)?.[1] as 'layer' | 'expert' | undefined;
  if (counted && NUMBER.test(next)) {
    const meaning = { kind: counted, said: `${token} ${next}`, number: Number(next) };
    return { length: 2, term: { words: [], meaning } };
  }
  for (let length = Math.min(LONGEST, tokens.length - at); length > 0; length -= 1) {
    const words = tokens.slice(at, at + length);
    const said = words.join(' ');
    const roles = BY_PHRASE.get(said);
    if (roles) return { length, term: { words, meaning: { kind: 'role', said, roles } } };
  }
  const short = SHORT.exec(token);
  if (!short) return { length: 1, term: { words: [token], meaning: null } };
  const kind = short[1] === 'l' ? 'layer' : 'expert';
  return { length: 1, term: { words: [token], meaning: { kind, said: token, number: Number(short[2]) } } };
}

/** What a search was taken for, as a sentence for the reader. */
export function meaningWords(meaning: SearchMeaning): string {
  const said = `“${meaning.said}”`;
  if (meaning.kind === 'role') {
    const labels = meaning.roles.map((role) => TENSOR_ROLES[role].label);
    const list = labels.length > 1 ? `${labels.slice(0, -1).join(', ')} or ${labels.at(-1)}` : labels[0];
    return `${said} also finds tensors by their role: ${list}.`;
  }
  const stacks = meaning.kind === 'expert' ? ' and the stacks that hold it' : '';
  return `${said} finds the tensors of ${meaning.kind} ${meaning.number}${stacks}.`;
}
