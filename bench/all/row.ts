/** What a value is judged by: the value itself, or its ratio to the floor. */
export interface Goal {
  readonly of: 'value' | 'ratio';
  readonly is: 'at most' | 'at least';
  readonly limit: number;
}

/** A number of the same run that nothing can beat, or that something else reaches. */
export interface Floor {
  readonly what: string;
  readonly value: number;
}

/** What a bench says of one thing. */
export interface Reading {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  readonly floor?: Floor | undefined;
  /** Where the bench itself took the ratio, run by run; else value over floor. */
  readonly ratio?: number | undefined;
  readonly goal?: Goal | undefined;
}

/** One line of the table. */
export interface Row {
  readonly bench: string;
  readonly name: string;
  /** Null where it was not measured; `why` then says the reason. */
  readonly value: number | null;
  readonly unit: string;
  readonly floor: Floor | null;
  readonly ratio: number | null;
  readonly goal: Goal | null;
  /** Null without a goal and without a value. */
  readonly met: boolean | null;
  readonly why: string | null;
}

export const atMost = (limit: number): Goal => ({ of: 'value', is: 'at most', limit });
export const valueAtLeast = (limit: number): Goal => ({ of: 'value', is: 'at least', limit });
export const ratioAtLeast = (limit: number): Goal => ({ of: 'ratio', is: 'at least', limit });

/** A row of what was measured. @throws Error for a value or a floor that is not a number, or a goal for a ratio without a floor. */
export function measuredRow(bench: string, { name, value, unit, floor, ratio, goal }: Reading): Row {
  if (!Number.isFinite(value)) throw new Error(`${bench}, ${name}: ${value} is not a value`);
  if (floor && !(floor.value > 0)) throw new Error(`${bench}, ${name}: ${floor.value} is not a floor`);
  const found = ratio ?? (floor ? value / floor.value : null);
  const judged = goal?.of === 'ratio' ? found : value;
  if (goal && judged === null) throw new Error(`${bench}, ${name}: a goal for a ratio, and no floor`);
  const met = goal && judged !== null ? (goal.is === 'at most' ? judged <= goal.limit : judged >= goal.limit) : null;
  return { bench, name, value, unit, floor: floor ?? null, ratio: found, goal: goal ?? null, met, why: null };
}

/** A row of what could not be measured. */
export function missingRow(bench: string, name: string, why: string): Row {
  return { bench, name, value: null, unit: '', floor: null, ratio: null, goal: null, met: null, why };
}
