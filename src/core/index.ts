/** Everything that workers, command line and app may see of the core. */
export { type Budget, createBudget, DEFAULT_BUDGET_BYTES } from './budget.ts';
export { type CheckedFile, type CheckResult, checkFiles } from './checkpoint/check.ts';
export { FINDINGS, type FindingTag, isUnread } from './checkpoint/finding-tags.ts';
export { withHubCacheNames } from './checkpoint/hub-cache.ts';
export { CONFIG_FILES } from './checkpoint/listing.ts';
export {
  createOpenMemory,
  forgetUnread,
  type OpenMemory,
  type OpenOptions,
  type OpenProgress,
  unreadFiles,
} from './checkpoint/open.ts';
export { type PlainConfig, withPlainNames } from './checkpoint/plain-names.ts';
export {
  type CompanionValues,
  type NeededValue,
  readCompanionValues,
} from './checkpoint/read-companion-values.ts';
export type { Checkpoint, CheckpointTensor, Finding, Shard } from './checkpoint/types.ts';
export * from './cluster/index.ts';
export { type CorrespondOptions, correspond, placeOf as comparePlace } from './compare/correspond.ts';
export {
  chainLines,
  compareMarkdown,
  differenceLines,
  mistakesOf,
  STATUS_WORDS,
  shownCounts,
  verdictOf,
} from './compare/markdown.ts';
export { createPairDrawer, type PairDrawer } from './compare/pair-drawer.ts';
export {
  type CompareReport,
  compareReport,
  type EntryFacts,
  entriesOfLayers,
  entryFacts,
  mistakeLines,
  type PieceFacts,
  withValues,
} from './compare/report.ts';
export {
  type Correspondence,
  type Entry as CompareEntry,
  isDifference,
  type Piece as ComparePiece,
  type SideFacts,
  STATUSES,
  type Status as CompareStatus,
  type StatusCount,
  type Step as CompareStep,
} from './compare/types.ts';
export {
  compareValues,
  describeValues,
  type ValueDifference,
  type ValueOptions,
  type ValueReport,
} from './compare/values.ts';
export * from './convert/folder-results.ts';
export type { FinishedShard, Journal, JournalHead } from './convert/journal.ts';
export * from './convert/journal-idb.ts';
export { leftoversOf } from './convert/leftovers.ts';
export { isFinishedJob, openResult } from './convert/open-result.ts';
export * from './convert/parts-of.ts';
export * from './convert/plan-file/index.ts';
export type { InHand, Progress } from './convert/progress.ts';
export {
  answerShard,
  computes,
  createRemoteRunners,
  hearEvent,
  helpersFitting,
  type RemoteRunner,
  type RunnerLimits,
  runnersFitting,
  type ShardAnswer,
  type ShardEvent,
  type WantedDigests,
} from './convert/remote.ts';
export { type ConversionReport, proofOf } from './convert/report.ts';
export { type ResultFacts, resultFacts } from './convert/result-facts.ts';
export { type RunOptions, runPlan } from './convert/run.ts';
export {
  createLocalRunners,
  type EngineUse,
  type LocalRunnerOptions,
  type ShardHooks,
  type ShardRunners,
} from './convert/runners.ts';
export { sha256Of } from './convert/sha256.ts';
export { describeSourceHashes, type SourceHashes } from './convert/source-hashes.ts';
export { COMMAND_LINE_TEXTS, type ProgramText } from './embed/command-line/texts.ts';
export type { Emitted } from './embed/emitted.ts';
export { jsonOf } from './embed/json.ts';
export { shellWord } from './embed/shell.ts';
export { tsvText } from './embed/tsv.ts';
export { type VisiblePart, visible, visibleParts } from './embed/visible.ts';
export { workflowCommand } from './embed/workflow.ts';
export { xmlText } from './embed/xml.ts';
export { ERROR_MEANINGS } from './error-meanings.ts';
export * from './errors.ts';
export { exitCodeOf } from './final-exit.ts';
export { GLOSSARY, type GlossaryTerm, TERM_IDS, type TermId, termOf } from './glossary.ts';
export type { ConfigFile, ConfigRequest } from './handoff/config.ts';
export { type CardPicture, cardPictures } from './handoff/layout-pictures.ts';
export type { LoadScript } from './handoff/load-script.ts';
export {
  canonicalBytes,
  type ExpertSample,
  type HashedSample,
  viewRange,
} from './handoff/load-script-samples.ts';
export type { CardFacts } from './handoff/model-card.ts';
export type { CardLicence } from './handoff/model-card-front.ts';
export { expertHashes, type HashedSummary, type RankHashes, withHashes } from './handoff/rank-hashes.ts';
export { expertToRank, type ManifestSource, type RankManifestJson, rankManifest } from './handoff/rank-manifest.ts';
export { hubAddress } from './hub/client.ts';
export { findLikely } from './hub/likely.ts';
export {
  finishSignIn,
  isSignInReturn,
  type PendingSignIn,
  type SignIn,
  type SignInRequest,
  startSignIn,
} from './hub/oauth.ts';
export {
  formatRepoReference,
  HUB_ENDPOINT,
  isRepoAddress,
  parseRepoReference,
  type RepoReference,
} from './hub/reference.ts';
export { type HubRepo, type OpenHubOptions, openHubRepo } from './hub/repo.ts';
export { grantsWriting, publishScopesOf, readScopesOf } from './hub/scopes.ts';
export { createHelpers, type Helpers, serveHelper } from './kernels/crew.ts';
export { createDevices, type Devices } from './kernels/devices.ts';
export {
  createEngine,
  ENGINES,
  type Engine,
  type EngineChoice,
  type EngineDecision,
  isEngineChoice,
} from './kernels/engine.ts';
export { createPortDevices, type PortDevices, serveDevices } from './kernels/port-devices.ts';
export type { Statistics } from './kernels/statistics/summary.ts';
export { type Absence, absenceOfExperts } from './layouts/absence.ts';
export { BESIDE, type BesideKind, besideOf } from './layouts/beside.ts';
export { type Cause, causesOf, errorsOf, foundWords } from './layouts/causes.ts';
export { DEFECTS, type DefectTag } from './layouts/defects.ts';
export { detectLayout } from './layouts/detect.ts';
export { layoutId, readingOf } from './layouts/dialects.ts';
export * from './layouts/drawing/index.ts';
export { type InspectedLayer, type Inspection, inspectCheckpoint, tensorBytes } from './layouts/inspect.ts';
export { nameLayers, stackNames, stackOf } from './layouts/layer-names.ts';
export {
  besideTensors,
  buffersOfMap,
  CELL,
  type CellFiles,
  type CellTensor,
  cellTensors,
  type ExpertMap,
  filesOfCell,
  type MapRow,
  mapExperts,
  NO_DTYPE,
  NO_SHARD,
} from './layouts/map.ts';
export { rowOfLayer, rowToDraw } from './layouts/map-rows.ts';
export { countParameters, type ParameterCount } from './layouts/parameters.ts';
export { isPredictionTag, type PredictionTag } from './layouts/prediction.ts';
export { isQuantHarm, QUANT_TAGS, type QuantTag } from './layouts/quantised/findings.ts';
export { type TensorPlace, tensorPlace } from './layouts/tensor-place.ts';
export type * from './layouts/types.ts';
export { incompleteError, refuseUnusable, unusableFinding } from './layouts/usable.ts';
export { isGood } from './loads/predict.ts';
export * from './loads/report.ts';
export * from './loads/targets.ts';
export type { EvidenceKind, NameReport, Verdict } from './loads/types.ts';
export * from './loads/verdict-text.ts';
export { type HiddenStates, randomStates, readStates } from './parity/hidden-states.ts';
export { type ParityJson, parityJson } from './parity/json.ts';
export { compareBlock, TOLERANCE as PARITY_TOLERANCE } from './parity/parity.ts';
export { openRuntime, type Runtime } from './parity/runtime.ts';
export type {
  ParityFault,
  ParityOptions,
  ParityPair,
  ParityProgress,
  ParityReport,
  ParityRun,
  ParitySource,
} from './parity/types.ts';
export { type PlanOptions, planConversion } from './plan/conversion.ts';
export { describeConfigChange, describePlan } from './plan/explain.ts';
export { createFlows, type FlowPiece, type FlowSource, type Flows, type LayerFlow } from './plan/flow.ts';
export { flowLines, flowPicture, flowStill, moveAt } from './plan/flow-picture.ts';
export { type FlowMove, type FlowScene, flowScene, flowTitle } from './plan/flow-scene.ts';
export { DEFAULT_SHARD_BYTES } from './plan/packing.ts';
export { REPORT_FILE } from './plan/side-files.ts';
export { isTarget, TARGETS } from './plan/targets.ts';
export type * from './plan/types.ts';
export { type PlanReadingOptions, planWithValues } from './plan/with-values.ts';
export { PROGRAMS, type ProgramId } from './programs/all.ts';
export * from './programs/compat.ts';
export { CONFIGURED, configFor, configFramework, configKindOf, configKinds } from './programs/configuring.ts';
export {
  DEFAULT_MEMORY_PROGRAM,
  estimateMemory,
  isMemoryFramework,
  MEMORY_PROGRAMS,
  memoryProgramOf,
  meshOfSetup,
  plainReport,
} from './programs/fitting.ts';
export * from './programs/loading.ts';
export { type Minding, whoMinds } from './programs/minding.ts';
export { openCheckpoint } from './programs/opening.ts';
export {
  assertionLimit,
  DEFAULT_RANK_PROGRAM,
  expertPlanOf,
  FRAMEWORKS as RANK_FRAMEWORKS,
  frameworkIdOf,
  frameworkOf,
  isFrameworkId,
  loadingWarnings,
  nearSizes,
  PLACEMENT_FILES,
  planPlacement,
  type RankOptions,
  rankAssertion,
  ranksOf,
  readSettings,
  refusalOf,
  summarize,
} from './programs/placing.ts';
export { USES, type Use } from './programs/program.ts';
export { type CardRow, cardRows, isCardModel } from './programs/transformers-4/card.ts';
export * from './publish/exported.ts';
export { type HeldBytes, heldBytes, type RankReads, type Read, rankReads, rankTensors } from './ranks/bytes.ts';
export { type Communication, communicationOf } from './ranks/communication.ts';
export { configWith, rankModelOfConfig } from './ranks/config-model.ts';
export { type CutRange, type LayerCut, layerCut } from './ranks/cut.ts';
export { type CutDrawer, type CutPictures, createCutDrawer, cutInWords } from './ranks/cut-picture.ts';
export { fewestRedundant } from './ranks/deal.ts';
export { createFileCounter } from './ranks/file-bytes.ts';
export { parseLoads, parseSlotMap } from './ranks/input-files.ts';
export { type LoadingReport, loadingOf } from './ranks/loading.ts';
export { USUAL_CONTEXT } from './ranks/memory/complete-setup.ts';
export { GPU_MODELS, type GpuModel, gpuGigabytes } from './ranks/memory/gpus.ts';
export {
  LORA_GRAMMAR,
  type LoraSetup,
  parseLora,
  parseLoraRank,
  parseLoraTargets,
} from './ranks/memory/lora.ts';
export { clusterPresets, type MemoryPreset } from './ranks/memory/presets.ts';
export { REGIMES, type Regime } from './ranks/memory/regimes.ts';
export type { Change, FitVerdict, MemoryReport, Rate, Term, ThroughputReport } from './ranks/memory/report.ts';
export {
  isOffload,
  type MemoryMesh,
  type MemorySetup,
  type Offload,
  optionsOf,
} from './ranks/memory/setup.ts';
export { type ModelShape, totalParameters } from './ranks/memory/shape.ts';
export { shapeFromCheckpoint } from './ranks/memory/shape-checkpoint.ts';
export { shapeFromConfig } from './ranks/memory/shape-config.ts';
export { H100_TFLOPS } from './ranks/memory/speed.ts';
export { clusterSentence, loraSentence, speedLines } from './ranks/memory/summary.ts';
export { type Throughput, throughputOf, withoutOvercount } from './ranks/memory/throughput.ts';
export { FIT_WORDS } from './ranks/memory/verdict.ts';
export type { NearSizes } from './ranks/near.ts';
export {
  divisorsOfExperts,
  expertShare,
  firstHolders,
  type Holders,
  holdersOf,
  imbalance,
  intervals,
} from './ranks/placement.ts';
export type { Piece, TensorShare } from './ranks/share.ts';
export {
  expertsOf,
  meshSummary,
  type RankEntry,
  type RankModel,
  type RankSummary,
  rankModel,
  rankModelFor,
  rankModelWithValues,
} from './ranks/summary.ts';
export type { IndexedTensor, TensorIndex } from './ranks/tensor-index.ts';
export type {
  DegreeName,
  Exchange,
  LayerPlacement,
  Loads,
  Mesh,
  ModelFacts,
  ModelOverrides,
  OwnOptions,
  Placement,
  PlacementError,
  PlacementOptions,
  PlacementRules,
  PlacingProgram,
  PlanEntry,
  RankPlace,
  Setting,
  SlotMap,
  Strategy,
} from './ranks/types.ts';
export type { Pause } from './remote/gate.ts';
export { describePrivateHost } from './remote/private-hosts.ts';
export * from './remote/served.ts';
export { bitsOf, bytesOf, DTYPES, type DType, elementsOf, isComplex, isFp8 } from './safetensors/dtype.ts';
export type { Complex, TensorValue } from './safetensors/dtype-codes.ts';
export type { DataOffset, FileOffset, Header, Shape, TensorInfo } from './safetensors/types.ts';
export { copyFiles } from './sink/copy-files.ts';
export { sameName, whyNoFolderName } from './sink/folder-name.ts';
export * from './sink/job-name.ts';
export { createMemorySink, MEMORY_OUTPUT_BYTES } from './sink/memory.ts';
export { createOpfsSink, type Flusher, openOpfsFolder } from './sink/opfs.ts';
export * from './sink/opfs-jobs.ts';
export { tryOpfs } from './sink/opfs-trial.ts';
export { createPickedFolderSink, type PickedFolderOptions } from './sink/picked-folder.ts';
export type { Leftovers, Sink, SinkFile } from './sink/types.ts';
export { type ZipFile, type ZipOptions, zipBlob } from './sink/zip-blob.ts';
export { type BlobEntry, blobFiles, directoryFiles } from './source/blob.ts';
export type { HeaderCache } from './source/header-cache.ts';
export { clearHeaderCache } from './source/header-cache-idb.ts';
export { type HeadersManifest, headersOnlyFiles } from './source/headers-only.ts';
export { opfsFiles } from './source/opfs.ts';
export { openSyncAccess, type SyncAccess } from './source/sync-access.ts';
export type { ByteRange, ByteSource, FileEntry, FileSet } from './source/types.ts';
export { createTensorGlance, type PackedTensors, type TensorGlance } from './tensors/glance.ts';
export { isTensorRole, TENSOR_ROLE_IDS, TENSOR_ROLES, type TensorRole } from './tensors/role.ts';
export { meaningWords, type SearchMeaning } from './tensors/synonyms.ts';
export { createTensorTable, type TensorTable } from './tensors/table.ts';
export type { OpenNodes } from './tensors/tree.ts';
export * from './tensors/types.ts';
export * from './units.ts';
export { combineStatistics } from './values/combine.ts';
export { formatValue } from './values/decode.ts';
export * from './values/findings.ts';
export { histogramTensor } from './values/histogram.ts';
export { type Unreadable, unreadableWords } from './values/matrices.ts';
export { indexOf, previewTensor, type TensorPreview } from './values/preview.ts';
export { evidenceCost, type ReadingEvidence, readingEvidence } from './values/reading-evidence.ts';
export { chosenExperts, type StatisticsScope } from './values/scope.ts';
export * from './values/statistics.ts';
export { statisticsTsv } from './values/tsv.ts';
export type { HistogramBin, MatrixStatistics, TensorHistogram } from './values/types.ts';
export { MISTAKES, type Mistake, type MistakeKind, type MistakePlace } from './verify/diagnose/mistakes.ts';
export { type SourceVerification, verifySourceHashes } from './verify/source-hashes.ts';
export { type CreateStreamDigest, createStreamDigest, type StreamDigest } from './verify/stream-digest.ts';
export { type Verification, verifyCheckpoints } from './verify/verify.ts';
export { VERSION } from './version.ts';
