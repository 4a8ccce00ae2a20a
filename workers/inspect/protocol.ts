import type {
  Absence,
  CardFacts,
  CellTensor,
  ConsumerVerdict,
  ConversionPlan,
  ExpertMap,
  Inspection,
  LoadScript,
  NameReport,
  Pause,
  PlanOptions,
  ProgramId,
  ReadsSummary,
  Target,
  Use,
} from '../../src/core/index.ts';

import type { ClusterService } from '../cluster/protocol.ts';
import type { MemoryApi } from '../ranks/memory-protocol.ts';
import type { RankApi } from '../ranks/protocol.ts';
import type { TensorApi } from '../tensors/protocol.ts';
import type { ValuesService } from '../values/values-service.ts';
import type { FileStrips, StripTensor } from './file-strips.ts';
import type { FlowService } from './layer-flow.ts';
import type { LayerPictures } from './layer-pictures.ts';

/** A file of a drop or a choice, with its path inside what was chosen. */
export interface NamedFile {
  readonly path: string;
  readonly file: File;
}

/** Where bytes come from, as a value that can be sent to any worker. */
export type SourceDescriptor = (
  | {
      readonly kind: 'hub';
      /** As `parseRepoReference` reads it: `org/name@revision`, an address, `hf://…/folder`. */
      readonly reference: string;
      /** Null for huggingface.co. */
      readonly endpoint: string | null;
      /** Sent to `endpoint` alone; never stored. */
      readonly token?: string;
      /** Send the token with every request; else only where strangers are refused. */
      readonly authenticate?: 'always';
    }
  | { readonly kind: 'files'; readonly name: string; readonly files: readonly NamedFile[] }
  | { readonly kind: 'directory'; readonly handle: FileSystemDirectoryHandle }
  /** The result of a conversion that this browser keeps; see `openResult`. */
  | { readonly kind: 'job'; readonly job: string }
  | { readonly kind: 'sample'; readonly id: string; readonly baseUrl: string }
) & {
  /** Read the shards without the index that lies beside them. */
  readonly withoutIndex?: true;
};

/** What the Hub says of an opened repo. */
export interface HubFacts {
  readonly repo: string;
  /** The new name, when the repo was asked for by an old one. */
  readonly movedTo: string | null;
  readonly commit: string;
  readonly requestedRevision: string;
  /** The folder that is open, or the file that its checkpoint was asked for by. */
  readonly path: string;
  readonly endpoint: string;
  readonly gated: boolean;
  readonly private: boolean;
  /** Models that the card names as those it was made from. */
  readonly baseModels: readonly string[];
  /** Address of the model page, for people. */
  readonly page: string;
}

/** Counted work of an opening. */
export interface OpenCounts {
  readonly requests: number;
  readonly bytes: number;
  readonly shardsDone: number;
  readonly shards: number;
}

export interface WireFinding {
  readonly tag: string;
  readonly message: string;
  readonly severity: 'error' | 'warning';
  readonly file?: string;
}

/** The checkpoint in numbers: all that the header line says. */
export interface MapSummary {
  readonly identity: string;
  readonly modelType: string | null;
  readonly layout: Inspection['layout'];
  readonly dialects: readonly string[];
  /** Layers with routed experts, MTP left out, and their number of experts (null when they differ). */
  readonly moeLayers: number;
  readonly experts: number | null;
  readonly tensors: number;
  readonly bytes: number;
  readonly shards: number;
  readonly findings: readonly WireFinding[];
  /** Why no layer has routed experts; null where one has, and until all headers are read. */
  readonly absence: Absence | null;
}

export type InspectEvent =
  | { readonly type: 'hub'; readonly facts: HubFacts }
  | { readonly type: 'counts'; readonly counts: OpenCounts }
  /** All requests to the Hub wait, or go on. */
  | { readonly type: 'pause'; readonly pause: Pause | null }
  | { readonly type: 'map'; readonly map: ExpertMap; readonly summary: MapSummary; readonly complete: boolean }
  /** The layer that the page shows first, drawn as soon as all headers are there. */
  | { readonly type: 'layer'; readonly pictures: LayerPictures };

/** What one cell holds. */
export interface CellFacts {
  readonly row: number;
  readonly expert: number;
  readonly prefix: string;
  readonly tensors: readonly CellTensor[];
  readonly defects: readonly string[];
}

/** What a list of names is called in a verdict. */
export type NameKind = keyof NameReport;

/** The length of a list and its first names; the whole list is asked for apart. */
export interface NameSample {
  readonly count: number;
  readonly first: readonly string[];
}

/** A consumer's verdict with its lists of names cut short. */
export type LoadVerdict = Omit<ConsumerVerdict, NameKind> & {
  readonly [K in NameKind]: NameSample;
} & {
  /** True where a script can hold the consumer to this verdict. */
  readonly hasScript: boolean;
  /** How much the consumer is used. */
  readonly use: Use;
};

/** What of the verdicts is written, and in which order; `name` is what the checkpoint is called. */
export interface LoadsReportRequest {
  readonly format: 'markdown' | 'json';
  readonly name: string;
  readonly order: readonly ProgramId[];
}

/** A plan as a screen shows it; the plan itself goes straight from worker to worker. */
export interface PlanSummary
  extends Pick<
    ConversionPlan,
    | 'source'
    | 'target'
    | 'scope'
    | 'layers'
    | 'configChanges'
    | 'copies'
    | 'skipped'
    | 'refusals'
    | 'tensors'
    | 'bytes'
    | 'groups'
    | 'unpacked'
    | 'peakPartBytes'
  > {
  readonly lines: readonly string[];
  /** What happens to config.json; null when there is none. */
  readonly config: 'changed' | 'copied' | null;
  readonly shards: readonly { readonly file: string; readonly byteLength: number; readonly tensors: number }[];
}

/** Where a conversion came from and what it proved: what its model card says of it. */
export type MadeFacts = Pick<CardFacts, 'source'> & Required<Pick<CardFacts, 'proof'>>;

/** README.md for a result: as text alone, and with two drawings beside it that it links. */
export interface ResultCard {
  readonly text: string;
  /** Null where a side's experts cannot be drawn. */
  readonly pictured: { readonly text: string; readonly pictures: readonly PictureFile[] } | null;
}

export interface PictureFile {
  readonly file: string;
  readonly svg: string;
}

/** The worker that reads headers and layouts. Signals are arguments of their own. */
export interface InspectApi extends FlowService, RankApi, MemoryApi, TensorApi, ValuesService, ClusterService {
  /**
   * Opens a source and closes the one before. Events come while headers arrive. The last map is complete; the layer with
   * the given number, or the first that has experts, is drawn then.
   */
  open(
    source: SourceDescriptor,
    layer: number | null,
    onEvent: (event: InspectEvent) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /** Reads the files of the open source that could not be read, and nothing else; the last map holds them too. */
  readAgain(onEvent: (event: InspectEvent) => void, signal: AbortSignal): Promise<void>;
  /** Names of models that are like one that was not found, the most similar first; one request to the Hub. */
  likely(source: SourceDescriptor, signal: AbortSignal): Promise<readonly string[]>;
  cell(row: number, expert: number): CellFacts;
  /** The layer of a row of the map, drawn; null where no tensor of it is known. */
  layerPictures(row: number): LayerPictures | null;
  /** Where every tensor lies in its file. */
  fileStrips(): FileStrips;
  /** What the tensor at a place of {@link fileStrips} is. */
  stripTensor(at: number): StripTensor;
  /** Reads of all experts of the model. */
  modelReads(): Promise<ReadsSummary>;
  inspection(): Inspection;
  /** What each consumer makes of the open checkpoint, by names and shapes. */
  loads(): Promise<readonly LoadVerdict[]>;
  /** A whole list of {@link loads}. */
  loadNames(consumer: ProgramId, kind: NameKind): Promise<readonly string[]>;
  /** {@link loads} with every name, as a Markdown document or as the object of `loads --json`. */
  loadsReport(request: LoadsReportRequest): Promise<string>;
  /** A Python script that compares one verdict of {@link loads} with what the consumer itself reports. */
  loadScript(consumer: ProgramId): Promise<LoadScript>;
  /** What each consumer will make of a plan's output; null where the plan cannot be run. */
  planLoads(target: Target, options: PlanOptions): Promise<readonly LoadVerdict[] | null>;
  /** README.md for the result of a plan that has been run and proven. */
  card(target: Target, options: PlanOptions, made: MadeFacts): Promise<ResultCard>;
  plan(target: Target, options: PlanOptions): Promise<PlanSummary>;
  /** Posts the whole {@link ConversionPlan} through `port`, past the page. */
  sendPlan(target: Target, options: PlanOptions, port: MessagePort): Promise<PlanSummary>;
}
