/** `moe-loom/node`: folders of this machine, for programs in Node. No other subpath imports Node. */
export { type FolderOutput, type FolderOutputOptions, openFolderOutput } from '../core/convert/output.node.ts';
export { createNodeDigest } from '../core/convert/sha256.node.ts';
export { type FoundToken, findToken } from '../core/hub/token.node.ts';
export { type LocalOptions, openLocal as openFolder } from '../core/source/folder.node.ts';
