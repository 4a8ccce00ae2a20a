/** A layer, and an expert of it where one was typed. */
export interface TypedCell {
  readonly layer: number;
  readonly expert: number | null;
}

const FORMS = [/^(?:layer|l)\s*(\d{1,5})(?:[\s,/]*(?:expert|e)\s*(\d{1,5}))?$/i, /^(\d{1,5})\s*[/,\s]\s*(\d{1,5})$/];

/** Reads `L47 E99`, `l47e99`, `layer 47`, `layer 47, expert 99`, `47/99` and `47 99`; null for everything else. */
export function parseCell(typed: string): TypedCell | null {
  for (const form of FORMS) {
    const [, layer, expert] = form.exec(typed.trim()) ?? [];
    if (layer !== undefined) return { layer: Number(layer), expert: expert === undefined ? null : Number(expert) };
  }
  return null;
}
