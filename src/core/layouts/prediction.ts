import type { Checkpoint } from '../checkpoint/types.ts';
import { plural } from '../units.ts';
import { unreadPart } from './absence.ts';
import type { Architecture } from './architecture-row.ts';
import { type Config, configKey, configNumber, layerCount } from './config-keys.ts';
import type { DefectTag } from './defects.ts';
import { nameLayers, stackOf } from './layer-names.ts';
import { layerPrefix, tensorPlace } from './tensor-place.ts';
import type { Defect, LayerGroup } from './types.ts';

/** Where a config says how many layers of multi-token prediction there are. Sources: configs of DeepSeek V3, Qwen3.5 and Inkling in transformers 5.17. */
const PROMISES = [
  'num_nextn_predict_layers',
  'mtp_num_hidden_layers',
  'mtp_config.num_nextn_predict_layers',
  'num_mtp_layers',
] as const;

/** Names that only layers of multi-token prediction have: they join the last hidden state and the next token's embedding. */
const MARKS = /(^|\.)(enorm|hnorm|eh_proj|e_proj|h_proj|shared_head|embed_tokens|final_layernorm|mtp_block)\./;
const OUTSIDE = /^(.*\.)?mtp[._]/;

/** True for a list of layers that is named for multi-token prediction. */
export function isMtpStack(stack: string): boolean {
  return /(^|\.)mtp(_|\.|$)/.test(stack);
}

/** The defects that are about multi-token prediction. */
export type PredictionTag = Extract<DefectTag, `mtp-${string}`>;

export function isPredictionTag(tag: string): tag is PredictionTag {
  return tag.startsWith('mtp-');
}

/** What is looked at. */
interface Readable extends Pick<Checkpoint, 'tensors' | 'config'>, Partial<Pick<Checkpoint, 'findings' | 'absent'>> {}

/**
 * What does not fit about multi-token prediction: promised by the config and not there, there and not promised, in a shard
 * that is missing, or in another layout than the other layers. Each is a sentence of its own, and none keeps anything from
 * being converted.
 */
export function predictionDefects(
  checkpoint: Readable,
  groups: readonly LayerGroup[],
  row: Architecture | undefined,
): Defect[] {
  const { tensors, config, absent } = checkpoint;
  const main = mainStacks(groups);
  const here = predictingLayers(tensors.keys(), main, config);
  const lost = predictingLayers(absent?.keys() ?? [], main, config);
  return [
    ...lostDefects(lost, absent),
    ...(lost.size > 0 ? [] : promiseDefects(here, checkpoint, row)),
    ...layoutDefects(groups),
  ];
}

/** Lists of layers that the config counts. */
function mainStacks(groups: readonly LayerGroup[]): ReadonlySet<string> {
  return new Set(groups.map(stackOf).filter((stack) => stack !== '' && !isMtpStack(stack)));
}

/** A layer of multi-token prediction by its names. */
interface Predicting {
  readonly prefix: string;
  /** Null for what stands under `mtp` outside numbered layers. */
  readonly index: number | null;
  /** Beyond the layers that the config counts, not in a list of its own. */
  readonly extra: boolean;
  /** Some name says that it predicts. */
  marked: boolean;
  readonly names: string[];
}

function predictingLayers(
  names: Iterable<string>,
  main: ReadonlySet<string>,
  config: Config | null,
): ReadonlyMap<string, Predicting> {
  const layers = new Map<string, Predicting>();
  const kinds = new Map<string, Pick<Predicting, 'index' | 'extra'> | null>();
  for (const name of names) {
    const prefix = layerPrefix(name);
    const key = prefix === '' && OUTSIDE.test(name) ? 'mtp' : prefix;
    if (key === '') continue;
    let kind = kinds.get(key);
    if (kind === undefined) {
      kind = kindOf(prefix, main, config);
      kinds.set(key, kind);
    }
    if (kind === null) continue;
    const layer = layers.get(key) ?? { prefix: key, ...kind, marked: !kind.extra, names: [] };
    layers.set(key, layer);
    layer.marked ||= MARKS.test(name.slice(prefix.length));
    layer.names.push(name);
  }
  return layers;
}

function kindOf(prefix: string, main: ReadonlySet<string>, config: Config | null) {
  if (prefix === '') return { index: null, extra: false };
  const { stack, layer } = tensorPlace(prefix);
  if (isMtpStack(stack)) return { index: layer, extra: false };
  const counted = main.has(stack) ? layerCount(config, prefix) : null;
  return counted !== null && layer !== null && layer >= counted ? { index: layer, extra: true } : null;
}

function lostDefects(lost: ReadonlyMap<string, Predicting>, absent: Checkpoint['absent']): Defect[] {
  if (lost.size === 0) return [];
  const names = [...lost.values()].flatMap((layer) => layer.names);
  const files = [...new Set(names.map((name) => absent?.get(name) ?? ''))];
  const message = `${capital(naming([...lost.values()]))}, multi-token prediction, ${lost.size === 1 ? 'lacks' : 'lack'} ${plural(names.length, 'tensor')} that ${files.slice(0, 3).join(', ')}${files.length > 3 ? ` and ${files.length - 3} more` : ''} should hold. The other layers do not need ${names.length === 1 ? 'it' : 'them'}.`;
  return [{ tag: 'mtp-shard-missing', message }];
}

function promiseDefects(
  here: ReadonlyMap<string, Predicting>,
  { config, findings }: Readable,
  row: Architecture | undefined,
): Defect[] {
  if (config === null) return [];
  const promised = configNumber(config, PROMISES);
  const key = configKey(config, PROMISES);
  const numbered = [...here.values()].filter(({ index }) => index !== null);
  const found = numbered.length > 0 ? numbered : [...here.values()];
  if (promised !== null && found.length < promised) {
    if (findings && unreadPart(findings) !== null) return [];
    const there = found.length === 0 ? 'no tensor of one was found' : `only ${found.length} ${isAre(found)} here`;
    const message = `The config promises ${plural(promised, 'layer')} of multi-token prediction (${key}), and ${there}. The model itself is complete; write ${found.length} there, or add the missing tensors.`;
    return [{ tag: 'mtp-absent', message }];
  }
  const extra = found.filter((layer) => layer.extra);
  const unmarked = extra.filter(({ marked }) => !marked);
  if (promised === null && unmarked.length > 0) {
    const message = `The config counts ${layerCount(config, unmarked[0]?.prefix)} layers; ${naming(unmarked)} ${isAre(unmarked)} here too, and nothing in ${unmarked.length === 1 ? 'it' : 'them'} mentions multi-token prediction.`;
    return [{ tag: 'config-mismatch', message }];
  }
  const silent = promised === null && (extra.length > 0 || (row !== undefined && row.mtp !== 'stack'));
  if (found.length === 0 || !(silent || (promised !== null && found.length > promised))) return [];
  const says = promised === null ? 'does not promise' : `promises ${promised} (${key})`;
  const message = `${capital(naming(found))} ${isAre(found)} here for multi-token prediction, of which the config ${says}${promised === null ? ' any' : ''}.`;
  return [{ tag: 'mtp-unpromised', message }];
}

function layoutDefects(groups: readonly LayerGroup[]): Defect[] {
  const main = new Set(groups.filter(({ kind }) => kind === 'moe').map(spelled));
  const odd = groups.filter((group) => group.kind === 'mtp' && group.layout !== null && !main.has(spelled(group)));
  const [first] = odd;
  if (!first || main.size === 0) return [];
  const where = naming(odd.map(({ prefix, index }) => ({ prefix: layerPrefix(prefix) || prefix, index })));
  const message = `${capital(where)}, multi-token prediction, ${odd.length === 1 ? 'holds its' : 'hold their'} experts as ${spelled(first)}, the others as ${[...main].join(' or ')}.`;
  return [{ tag: 'mtp-layout-differs', message }];
}

function spelled({ layout }: LayerGroup): string {
  return layout?.dialect ? `${layout.family} (${layout.dialect})` : 'something unknown';
}

function naming(layers: readonly { readonly prefix: string; readonly index: number | null }[]): string {
  const stacks = [...new Set(layers.map(stackOf))];
  return stacks
    .map((stack) => {
      const own = layers.filter((layer) => stackOf(layer) === stack);
      return nameLayers(own, isMtpStack(stack) ? stack : null);
    })
    .join(' and ');
}

function isAre(layers: readonly unknown[]): string {
  return layers.length === 1 ? 'is' : 'are';
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
