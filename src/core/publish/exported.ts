export { type HfUpload, hfUploadCommand } from './command.ts';
export { checkFolder, type Proof, type PublishFolder, parseProof } from './folder.ts';
export { createPublishJournal, type PublishJournal } from './journal.ts';
export { type PublishOptions, previewPublication, publishFolder } from './run.ts';
export { parsePublishTarget } from './target.ts';
export type { PublishedFile, PublishPreview, PublishProgress, PublishReport, PublishTarget } from './types.ts';
