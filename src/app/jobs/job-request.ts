import type { WorkSettings } from '../../../workers/convert/protocol.ts';
import type { HubFacts, PlanSummary, SourceDescriptor } from '../../../workers/inspect/protocol.ts';
import type { PlanOptions, Target } from '../../core/index.ts';
import type { PickedFolder } from './output-folder.ts';

/** Everything that a conversion needs to start. */
export interface JobRequest {
  readonly source: SourceDescriptor;
  readonly hub: HubFacts | null;
  readonly plan: PlanSummary;
  readonly target: Target;
  readonly options: PlanOptions;
  readonly settings: WorkSettings;
  /** Null for the browser storage, and for memory. */
  readonly folder: PickedFolder | null;
  /** True for the memory of this tab. */
  readonly inMemory?: boolean;
  /** The name of an unfinished job to continue with. */
  readonly resume?: string;
}
