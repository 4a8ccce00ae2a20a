import { type Config, expertConfig, hiddenSize, readKey } from '../layouts/config-keys.ts';
import { nameLayers } from '../layouts/layer-names.ts';
import { isQuantHarm } from '../layouts/quantised/findings.ts';
import { routerRows } from '../layouts/router-rows.ts';
import { layerPrefix } from '../layouts/tensor-place.ts';
import { incompleteBy, unusableFinding } from '../layouts/usable.ts';
import { type LoadInput, stackOf } from './sparse-layers.ts';
import { type Answer, type Harm, NO_NAMES, type Response } from './types.ts';

/** What keeps a checkpoint from being loaded whole, whoever loads it and whatever its layout is. */
export function harmsOf(input: LoadInput): readonly Harm[] {
  return [
    ...[...ofFiles(input), ...ofNumbers(input), ...ofMissing(input), ...ofRouters(input), ...beyond(input)],
    ...ofQuantisation(input),
  ];
}

/** Errors about the files, and what says that they hold a part of a model. */
function ofFiles({ checkpoint: { findings = [], indexFile } }: LoadInput): Harm[] {
  const part = incompleteBy(findings);
  const found = findings.filter((each) => each.severity === 'error' || each === part);
  const seen = new Set<string>();
  return found.flatMap(({ tag, message }) => {
    if (seen.has(message)) return [];
    seen.add(message);
    const kind = tag === 'shard-missing' && indexFile === null ? 'series-gap' : tag;
    return [{ tag: kind, need: `A whole checkpoint. ${message}` }];
  });
}

/** Tensors outside the experts that the model has and nobody holds. */
function ofMissing({ layout }: LoadInput): Harm[] {
  const lost = layout.defects.filter(({ tag }) => tag === 'tensor-missing');
  return lost.map(({ message }) => ({ tag: 'tensor-missing', need: `A whole model. ${message}` }));
}

/** What is wrong with how experts are quantised, whoever reads them. */
function ofQuantisation({ layout }: LoadInput): Harm[] {
  return layout.defects.flatMap(({ tag, message }) => {
    // What is wrong; consequences and the way out are the finding's.
    const need = message.slice(0, message.indexOf('. ') + 1);
    return isQuantHarm(tag) ? [{ tag, need }] : [];
  });
}

/** Sizes that the config gives as something else than one number. */
function ofNumbers({ checkpoint: { config }, layout: { modelType }, row }: LoadInput): Harm[] {
  if (!config || !row || modelType === null) return [];
  const lists = [row.experts, row.topK, row.intermediate, ['hidden_size'], ['num_hidden_layers']];
  return lists.flatMap((keys): Harm[] => {
    const found = firstValue(config, keys);
    if (!found || typeof found.value === 'number') return [];
    const { key, value } = found;
    if (Array.isArray(value) && row.lists) return [];
    const what = Array.isArray(value) ? 'a list' : typeof value === 'string' ? 'a text' : 'no number';
    return [
      {
        tag: 'config-number',
        need: `One number for ${key} in config.json: it is ${what} there, and ${modelType} takes one number.`,
      },
    ];
  });
}

function firstValue(config: Config, keys: readonly string[]): { readonly key: string; readonly value: unknown } | null {
  for (const part of [expertConfig(config), config]) {
    const key = keys.find((each) => readKey(part, each) != null);
    if (key !== undefined) return { key, value: readKey(part, key) };
  }
  return null;
}

/** Routers that choose among another number of experts than their layer has. */
function ofRouters({ checkpoint: { tensors, config }, layout }: LoadInput): Harm[] {
  const odd = layout.groups.filter(({ kind, experts, router, prefix }) => {
    if (kind !== 'moe' || experts === null) return false;
    const rows = routerRows(router, tensors, { config, prefix, hidden: hiddenSize(config, prefix) });
    // Some routers have rows for shared experts or for experts without weights, which the config counts apart.
    const part = config ? expertConfig(config, prefix) : null;
    const beside = part ? BESIDE.map((key) => readKey(part, key)).filter((value) => typeof value === 'number') : [];
    return (
      rows !== null && rows !== experts && !beside.some((more) => rows === experts + more || rows + more === experts)
    );
  });
  if (odd.length === 0) return [];
  const mismatched = odd.flatMap(({ router }) => router.filter((name) => name.endsWith('.weight')));
  return [
    {
      tag: 'router-rows',
      need: `Routers with one row for each expert. The number of rows differs in ${nameLayers(odd, null)}.`,
      mismatched,
    },
  ];
}

const BESIDE = ['n_shared_experts', 'num_shared_experts', 'zero_expert_num'] as const;

/** Names that a layer of multi-token prediction has and no other layer. */
const PREDICTS = /\.(eh_proj|enorm|hnorm|embed_tokens|shared_head|fc|mtp\w*)\./;
const ATTENDS = /\.(self_attn|attn|attention|linear_attn)\./;

/** Layers beyond the number in the config that are like the others: an attention, and nothing of multi-token prediction. */
function beyond({ checkpoint: { tensors }, layout, row }: LoadInput): Harm[] {
  const stacks = new Set(layout.groups.filter(({ kind }) => kind === 'moe').map(stackOf));
  const after = layout.groups.filter((group) => group.kind === 'mtp' && stacks.has(stackOf(group)));
  if (row?.mtp !== 'none' || after.length === 0) return [];
  const prefixes = new Map(
    after.map((group) => [layerPrefix(group.prefix), { group, attends: false, predicts: false }]),
  );
  for (const name of tensors.keys()) {
    const layer = prefixes.get(layerPrefix(name));
    if (!layer) continue;
    layer.attends ||= ATTENDS.test(name);
    layer.predicts ||= PREDICTS.test(name);
  }
  const plain = [...prefixes.values()].filter(({ attends, predicts }) => attends && !predicts);
  if (plain.length === 0) return [];
  const layers = nameLayers(
    plain.map(({ group }) => group),
    null,
  );
  return [
    {
      tag: 'layers-beyond',
      need: `All layers in config.json: its layer count leaves out ${layers}, which look like the other layers.`,
    },
  ];
}

/** A program's answer on a checkpoint that is harmed: what is known of it, else that nothing is known. */
export function harmed(
  minds: Readonly<Partial<Record<Harm['tag'], Response | ((input: LoadInput) => Response)>>>,
  input: LoadInput,
  answer: Answer,
): Answer {
  const harms = harmsOf(input);
  if (harms.length === 0) return answer;
  const responses = harms.map(({ tag }) => {
    const known = minds[tag];
    return typeof known === 'function' ? known(input) : known;
  });
  const needs = [...harms.map(({ need }, at) => [need, responses[at]?.says ?? ''].join(' ').trim()), ...answer.needs];
  const worst = responses.find((each) => each?.verdict === 'refuses') ?? responses.find((each) => each !== undefined);
  const names = unusableFinding({ findings: input.checkpoint.findings ?? [] }) ? NO_NAMES : answer;
  const { missing, unexpected, mismatched } = names;
  const more = worst === undefined ? [] : harms.flatMap((harm) => harm.mismatched ?? []);
  const lists = { missing, unexpected, mismatched: [...new Set([...mismatched, ...more])] };
  if (answer.verdict === 'refuses') return { ...answer, ...lists, needs };
  if (worst) return { ...answer, ...lists, verdict: worst.verdict, evidence: worst.evidence, needs };
  const verdict = answer.verdict === 'partial' && names === answer ? 'partial' : 'unknown';
  const evidence = verdict === 'partial' ? answer.evidence : ({ ...answer.evidence, kind: 'unverified' } as const);
  return { ...answer, ...lists, verdict, evidence, needs };
}
