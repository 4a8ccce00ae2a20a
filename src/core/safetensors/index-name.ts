/** An index of shards by its name, with the word that a variant carries in it. */
export interface IndexName {
  readonly file: string;
  /** `fp16` of `model.safetensors.index.fp16.json`, null where there is none. */
  readonly variant: string | null;
}

/**
 * Reads the name of an index of safetensors files, null for any other file.
 *
 * A variant's word stands behind `index`, before it, or before `safetensors`: transformers and diffusers write the first,
 * diffusers reads the second as its older form, other writers make the third.
 */
export function readIndexName(file: string): IndexName | null {
  const base = file.slice(file.lastIndexOf('/') + 1);
  const found =
    /^.*?(?:\.(?<early>[\w-]+))?\.safetensors(?:\.(?<middle>[\w-]+))?\.index(?:\.(?<late>[\w-]+))?\.json$/.exec(base);
  if (!found) return null;
  const { early, middle, late } = found.groups ?? {};
  return { file, variant: late ?? middle ?? early ?? null };
}
