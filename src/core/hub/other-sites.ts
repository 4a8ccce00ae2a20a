/** Sites that people paste addresses of, which are no Hub: what each is, and what to do. */
const SITES: readonly (readonly [RegExp, string])[] = [
  [
    /(^|\.)modelscope\.(cn|ai)$/,
    'This is an address of ModelScope, whose interface is not the one of the Hugging Face Hub. Download the model with "modelscope download --model org/name --local_dir FOLDER" and open the folder, or open the same model on huggingface.co by its org/name.',
  ],
  [
    /(^|\.)civitai\.(com|red|green)$/,
    'This is an address of Civitai, which has no repositories as the Hugging Face Hub has. Download the .safetensors file there and open the file.',
  ],
  [
    /(^|\.)(github\.com|githubusercontent\.com)$/,
    'This is an address of GitHub, which is not a Hub of models. Clone the repository with Git LFS (git lfs install, git clone) and open the folder, or open the model on huggingface.co by its org/name.',
  ],
  [
    /(^|\.)(gitlab\.com|gitee\.com|bitbucket\.org|codeberg\.org)$/,
    'This is an address of a Git host, which is not a Hub of models. Clone the repository with Git LFS (git lfs install, git clone) and open the folder.',
  ],
  [
    /(^|\.)(kaggle\.com|ollama\.com|zenodo\.org|drive\.google\.com|dropbox\.com)$/,
    'This site has no interface as the Hugging Face Hub has. Download the model there and open its folder.',
  ],
  [
    /(^|\.)hf\.space$/,
    "This is the address of a Space: a running program, not a model. Open the model that it uses by that model's org/name.",
  ],
  [
    /^(cdn-lfs[^.]*|cas-bridge|cas-server|transfer|[a-z]{2}\.(aws|gcp)\.cdn)(\.[a-z0-9-]+)*\.(hf\.co|huggingface\.co)$/,
    "This is a signed address of the Hub's file server. It holds for an hour and names no repository. Open the model by its org/name, or by the address of the file on the model page.",
  ],
];

/** What the address of a site that is no Hub names, and what to do; null for any other host. */
export function explainOtherSite(hostname: string): string | null {
  const host = hostname.toLowerCase();
  return SITES.find(([site]) => site.test(host))?.[1] ?? null;
}

/** What an address with another scheme than https names, and what to do; null where nothing is known of it. */
export function explainOtherScheme(scheme: string): string | null {
  if (/^(s3|s3a|gs|gcs|az|abfss?|wasbs?|oss|cos|r2)$/.test(scheme))
    return `An object store (${scheme}://) is not read. Copy the model to a folder with the tool of that store and open the folder.`;
  if (scheme === 'file') return 'This is the address of a file on a disk. Give its path, or choose the file.';
  if (/^(git|ssh|git\+ssh)$/.test(scheme))
    return 'A Git address is not read. Give the org/name of the model, or its https:// address.';
  return null;
}
