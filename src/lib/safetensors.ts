/** `moe-loom/safetensors`: files of bytes, and the strict reading of safetensors headers and indexes. */
export { ERROR_TAGS, type ErrorTag, isLoomError, LoomError } from '../core/errors.ts';
export { bitsOf, bytesOf, DTYPES, type DType, elementsOf } from '../core/safetensors/dtype.ts';
export { type HeaderOptions, parseHeader, parseHeaderLength } from '../core/safetensors/parse-header.ts';
export { type ReadHeaderOptions, readHeader } from '../core/safetensors/read-header.ts';
export { type IndexOptions, parseIndex } from '../core/safetensors/read-index.ts';
export type { Header, Shape, ShardIndex, TensorInfo } from '../core/safetensors/types.ts';
export { type HeaderLayout, layoutHeader, type TensorSpec } from '../core/safetensors/write-header.ts';
export { type BlobEntry, blobFiles, directoryFiles } from '../core/source/blob.ts';
export { memoryFiles, memorySource } from '../core/source/memory.ts';
export type { ByteRange, ByteSource, FileEntry, FileSet, ReadOptions, SetOptions } from '../core/source/types.ts';
