/** Sites whose addresses people paste and which are no Hub: what each is, and what to do. */
const SITES: readonly (readonly [RegExp, string])[] = [
  [
    /(^|\.)modelscope\.(cn|ai)$/,
    'This is an address of ModelScope, which moe-loom cannot read. Paste the org/name of the same model on huggingface.co, or download it with "modelscope download --model org/name --local_dir FOLDER" and open the folder.',
  ],
  [
    /(^|\.)civitai\.(com|red|green)$/,
    'This is an address of Civitai, which moe-loom cannot read. Download the .safetensors file there and open it here.',
  ],
  [
    /(^|\.)(github\.com|githubusercontent\.com)$/,
    'This is an address of GitHub, which holds code and rarely weights. Paste the org/name of the model on huggingface.co, or clone the repository with Git LFS (git lfs install, git clone) and open the folder.',
  ],
  [
    /(^|\.)(gitlab\.com|gitee\.com|bitbucket\.org|codeberg\.org)$/,
    'This is an address of a Git host, which moe-loom cannot read. Clone the repository with Git LFS (git lfs install, git clone) and open the folder.',
  ],
  [
    /(^|\.)(kaggle\.com|ollama\.com|zenodo\.org|drive\.google\.com|dropbox\.com)$/,
    'moe-loom cannot read from this site. Download the model there and open its folder.',
  ],
  [
    /(^|\.)(arxiv\.org|openreview\.net)$/,
    'This is the address of a paper. Paste the org/name of the model on huggingface.co.',
  ],
  [
    /(^|\.)hf\.space$/,
    'This is the address of a Space: a running program, not a model. Paste the org/name of the model that it uses.',
  ],
  [
    /^(cdn-lfs[^.]*|cas-bridge|cas-server|transfer|[a-z]{2}\.(aws|gcp)\.cdn)(\.[a-z0-9-]+)*\.(hf\.co|huggingface\.co)$/,
    "This is a signed address of the Hub's file server. It expires within an hour and names no repository. Paste the org/name of the model, or the address of the file on the model page.",
  ],
];

/** What the address of a site that is no Hub names, and what to do; null for any other host. */
export function explainOtherSite(hostname: string): string | null {
  const host = hostname.toLowerCase();
  return SITES.find(([site]) => site.test(host))?.[1] ?? null;
}

/** What an address with a scheme other than https names, and what to do; null where that is not known. */
export function explainOtherScheme(scheme: string): string | null {
  if (/^(s3|s3a|gs|gcs|az|abfss?|wasbs?|oss|cos|r2)$/.test(scheme))
    return `moe-loom cannot read an object store (${scheme}://). Copy the model to a folder with the tool of that store, and open the folder.`;
  if (scheme === 'file') return 'This is the address of a file on a disk. Give its path, or choose the file.';
  if (/^(git|ssh|git\+ssh)$/.test(scheme))
    return 'moe-loom cannot read a Git address. Paste the org/name of the model, or its https:// address.';
  return null;
}
