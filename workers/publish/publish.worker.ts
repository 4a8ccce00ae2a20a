import { exposeApi } from '../link/transfer.ts';
import type { PublishApi } from './protocol.ts';
import { publish } from './session.ts';

const api: PublishApi = { publish };

exposeApi(api);
