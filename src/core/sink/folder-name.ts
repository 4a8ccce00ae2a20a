/** Names of devices on Windows, with any ending: `NUL`, `com1.txt`. */
const DEVICE = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\.|$)/i;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const REFUSED = /[\x00-\x1f\x7f<>:"/\\|?*]|\p{Cs}/u;
/** File systems allow 255 bytes; paths on Windows 260 characters in all. */
const LONGEST = 120;

/**
 * Why a name cannot be that of a new folder on every system, as a sentence; null where it can. It is one name without
 * separators, not hidden, not read as an option, no device of Windows, and without an end that Windows drops.
 */
export function whyNoFolderName(name: string): string | null {
  const shown = name.length > LONGEST ? `${name.slice(0, LONGEST)}…` : name;
  if (name.trim() === '') return 'Enter a name for the folder.';
  if (REFUSED.test(name) || name === '.' || name === '..')
    return `"${shown}" is not the name of a folder. Use letters, digits, spaces, dots, - and _.`;
  if (DEVICE.test(name)) return `"${shown}" is the name of a device on Windows. Choose another name.`;
  if (/^[.-]/.test(name)) return `"${shown}" begins with "${name[0]}". Begin with a letter or a digit.`;
  if (/^\s|[.\s]$/.test(name)) return `"${shown}" begins or ends with a space, or ends with a dot. Remove that.`;
  if (new TextEncoder().encode(name).byteLength > 255 || name.length > LONGEST)
    return `The name has ${name.length} characters. Use at most ${LONGEST}.`;
  return null;
}

/** Whether two names are one on macOS and Windows, which do not tell cases and ways to write an accent apart. */
export function sameName(a: string, b: string): boolean {
  const folded = (name: string) => name.normalize('NFC').toLowerCase().normalize('NFC');
  return folded(a) === folded(b);
}
