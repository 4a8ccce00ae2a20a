/** Which routed experts are measured. */
export interface StatisticsScope {
  /** Numbers of layers, all when absent. */
  readonly layers?: readonly number[] | undefined;
  /** Numbers of experts in each of these layers, all when absent. */
  readonly experts?: readonly number[] | undefined;
  /** Measures one of so many experts, counted through the layers one after another: 100 for a sample of 1 %. */
  readonly every?: number | undefined;
}

/** The numbers of the experts to measure of layers with `counts` experts; null for all of them. */
export function chosenExperts(
  counts: readonly number[],
  { experts, every = 1 }: StatisticsScope,
): readonly (ReadonlySet<number> | null)[] {
  if (experts === undefined && every <= 1) return counts.map(() => null);
  let before = 0;
  return counts.map((count) => {
    const first = before;
    before += count;
    const all = Array.from({ length: count }, (_, expert) => expert);
    return new Set(all.filter((expert) => (experts?.includes(expert) ?? true) && (first + expert) % every === 0));
  });
}
