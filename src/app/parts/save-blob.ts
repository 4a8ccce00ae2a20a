/** How long a browser may take to start a download, in ms. */
const START_MS = 60_000;

/** Saves a blob as a file. */
export function saveBlob(blob: Blob, saveAs: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = saveAs;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), START_MS);
}
