/** No model has as many layers or experts that are chosen one by one. */
const LIMIT_NUMBERS = 2000;

/** Reads `0-3,7`; parts that make no sense are left out. */
export function parseLayers(value: string | null): readonly number[] {
  const chosen = new Set<number>();
  for (const part of (value ?? '').split(',')) {
    const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part.trim()) ?? [];
    if (first === undefined) continue;
    for (let layer = Number(first); layer <= Number(last) && chosen.size < LIMIT_NUMBERS; layer += 1) chosen.add(layer);
  }
  return [...chosen].sort((a, b) => a - b);
}

/** `0-3,7`: runs joined. */
export function formatLayers(layers: readonly number[]): string {
  const runs: [number, number][] = [];
  for (const layer of [...new Set(layers)].sort((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run && run[1] === layer - 1) run[1] = layer;
    else runs.push([layer, layer]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(',');
}
