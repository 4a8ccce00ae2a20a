/** Exponent of the power law through points: the slope of the least-squares line of log time on log size. */
export function exponentOf(sizes: readonly number[], times: readonly number[]): number {
  const xs = sizes.map(Math.log);
  const ys = times.map(Math.log);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(xs), mean(ys)];
  const over = xs.reduce((sum, x, at) => sum + (x - mx) * ((ys[at] ?? my) - my), 0);
  const under = xs.reduce((sum, x) => sum + (x - mx) ** 2, 0);
  return over / under;
}

/** The exponent between the two largest sizes: a fixed cost, which flattens the whole line, weighs least there. */
export function lastExponentOf(sizes: readonly number[], times: readonly number[]): number {
  return exponentOf(sizes.slice(-2), times.slice(-2));
}
