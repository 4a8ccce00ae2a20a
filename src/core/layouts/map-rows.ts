interface Row {
  readonly index: number | null;
}

/** The row of a layer's number among rows that are listed (a row without a number is named by its place); -1 where it is not among them. */
export function rowOfLayer(rows: readonly Row[], layer: number | null): number {
  return layer === null ? -1 : rows.findIndex(({ index }, at) => (index ?? at) === layer);
}

/** The row whose layer is drawn: that of the layer in the address, else the first with experts, else the first. */
export function rowToDraw(rows: readonly (Row & { readonly kind: string })[], layer: number | null): number {
  const chosen = rowOfLayer(rows, layer);
  return chosen === -1
    ? Math.max(
        0,
        rows.findIndex(({ kind }) => kind === 'moe'),
      )
    : chosen;
}
