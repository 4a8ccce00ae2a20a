/** `moe-loom/hub`: a model repository of the Hugging Face Hub as a set of files, read by range requests. */
export { formatRepoReference, HUB_ENDPOINT, parseRepoReference, type RepoReference } from '../core/hub/reference.ts';
export { type HubFile, type HubRepo, type OpenHubOptions, openHubRepo } from '../core/hub/repo.ts';
