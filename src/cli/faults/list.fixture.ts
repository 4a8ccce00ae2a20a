import { ANSWER_FAULTS } from './of-answers.fixture.ts';
import { COMMAND_FAULTS } from './of-commands.fixture.ts';
import { CONNECTION_FAULTS, REDIRECT_FAULTS } from './of-connections.fixture.ts';
import { FILE_FAULTS, SETTING_FAULTS } from './of-files.fixture.ts';
import { LISTING_FAULTS } from './of-listings.fixture.ts';
import { REFUSAL_FAULTS } from './of-refusals.fixture.ts';
import { WAITING_FAULTS } from './of-waiting.fixture.ts';
import type { FaultRow } from './row.fixture.ts';

/** What happens on the way between a Hub and a user, each a kind that somebody has met. Those that wait longest stand first. */
export const FAULTS: readonly FaultRow[] = [
  ...ANSWER_FAULTS,
  ...WAITING_FAULTS,
  ...CONNECTION_FAULTS,
  ...REDIRECT_FAULTS,
  ...REFUSAL_FAULTS,
  ...LISTING_FAULTS,
  ...COMMAND_FAULTS,
  ...FILE_FAULTS,
  ...SETTING_FAULTS,
];
