import { LoomError } from '../errors.ts';
import type { Loads, SlotMap } from './types.ts';

const NO_LOADS = 'The loads file has no numbers.';

/**
 * Loads from CSV: either one line a layer with one number an expert, or a header `layer,expert,…` with the tokens in the
 * last column.
 *
 * @throws LoomError `usage`.
 */
export function parseLoads(text: string): Loads {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  const rows = lines.map((line) => line.split(/[,;\t]/).map((cell) => cell.trim()));
  const [header = []] = rows;
  const named = header.some((cell) => cell !== '' && Number.isNaN(Number(cell)));
  const layer = header.findIndex((cell) => /^layer/i.test(cell));
  const expert = header.findIndex((cell) => /^expert/i.test(cell));
  if (named && layer >= 0 && expert >= 0) return fromPairs(rows.slice(1), layer, expert);
  const numbers = (named ? rows.slice(1) : rows).map((row, at) => row.map((cell) => loadAt(cell, at)));
  if (numbers.length === 0) throw new LoomError('usage', NO_LOADS);
  return numbers;
}

function fromPairs(rows: readonly (readonly string[])[], layer: number, expert: number): Loads {
  const layers = new Map<number, number[]>();
  for (const [at, row] of rows.entries()) {
    const [inLayer, which] = [loadAt(row[layer] ?? '', at), loadAt(row[expert] ?? '', at)];
    const loads = layers.get(inLayer) ?? [];
    layers.set(inLayer, loads);
    loads[which] = loadAt(row.at(-1) ?? '', at);
  }
  if (layers.size === 0) throw new LoomError('usage', NO_LOADS);
  return [...layers].sort(([a], [b]) => a - b).map(([, loads]) => Array.from(loads, (load) => load ?? 0));
}

function loadAt(cell: string, at: number): number {
  const value = Number(cell);
  if (cell === '' || !Number.isFinite(value) || value < 0)
    throw new LoomError('usage', `Line ${at + 1} of the loads file has "${cell}", which is not a number of tokens.`);
  return value;
}

/**
 * A custom placement from JSON: SGLang's `{"physical_to_logical_map": [[…]]}`, its bare rows, or vLLM's proposed
 * `{"expert_to_ep_rank": [...]}`.
 *
 * @throws LoomError `usage`.
 */
export function parseSlotMap(text: string): SlotMap {
  const value = parsed(text);
  const rows = isRecord(value) ? (value.physical_to_logical_map ?? value.expert_to_ep_rank) : value;
  const byExpert = isRecord(value) && value.physical_to_logical_map === undefined;
  const lists = Array.isArray(rows) && rows.every((row) => !Array.isArray(row)) ? [rows] : rows;
  if (!Array.isArray(lists) || lists.length === 0 || !lists.every(isNumbers))
    throw new LoomError('usage', 'The map file must have a list of rows, each a list of expert numbers.');
  return byExpert ? lists.map(slotsByRank) : lists;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new LoomError('usage', 'The map file is not valid JSON.', {}, error);
  }
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isNumbers(row: unknown): row is number[] {
  return Array.isArray(row) && row.length > 0 && row.every((each) => Number.isSafeInteger(each) && each >= 0);
}

function slotsByRank(ranks: readonly number[]): number[] {
  return ranks.map((_, expert) => expert).sort((a, b) => (ranks[a] ?? 0) - (ranks[b] ?? 0) || a - b);
}
