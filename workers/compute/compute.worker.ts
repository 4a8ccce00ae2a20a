import { serveHelper } from '../../src/core/index.ts';
import { exposeApi } from '../link/transfer.ts';
import type { ComputeApi } from './protocol.ts';

const api: ComputeApi = { serve: serveHelper };

exposeApi(api);
