/** How well a text fits what was typed: less is better. */
const FITS = ['exact', 'prefix', 'word-start', 'subsequence'] as const;
export type Fit = (typeof FITS)[number];

/** How a text fits what was typed, without regard to case: null where it does not. */
export function fitOf(text: string, typed: string): Fit | null {
  const [whole, wanted] = [text.toLowerCase(), typed.trim().toLowerCase()];
  if (whole === wanted) return 'exact';
  if (whole.startsWith(wanted)) return 'prefix';
  if (startsWords(whole, wanted)) return 'word-start';
  return isSubsequence(whole, wanted.replaceAll(/\s+/g, '')) ? 'subsequence' : null;
}

/** How far from what was typed the best of some titles is, as a place among the fits. */
export function distanceOf(titles: readonly string[], typed: string): number {
  return Math.min(...titles.map((title) => FITS.indexOf(fitOf(title, typed) ?? 'subsequence')));
}

/** The entries that fit, the best first; equal ones stay in their order, shorter titles of one kind of fit first. */
export function ranked<T extends { readonly title: string }>(entries: readonly T[], typed: string): T[] {
  if (typed.trim() === '') return [...entries];
  return entries
    .flatMap((entry) => {
      const fit = fitOf(entry.title, typed);
      return fit === null ? [] : [{ entry, fit: FITS.indexOf(fit) }];
    })
    .sort((a, b) => a.fit - b.fit || a.entry.title.length - b.entry.title.length)
    .map(({ entry }) => entry);
}

/** True where each typed word begins a word of the text, in order. */
function startsWords(text: string, typed: string): boolean {
  const words = text.split(/[^\p{L}\p{N}]+/u);
  let at = 0;
  return typed.split(/[^\p{L}\p{N}]+/u).every((start) => {
    while (at < words.length && !words[at]?.startsWith(start)) at += 1;
    at += 1;
    return at <= words.length;
  });
}

function isSubsequence(text: string, typed: string): boolean {
  let at = 0;
  for (const letter of text) if (letter === typed[at]) at += 1;
  return at >= typed.length;
}
