import { compareApi } from '../compare/api.ts';
import { COMPARE } from '../compare/protocol.ts';
import { exposeApi } from '../link/transfer.ts';
import { inspectApi } from './api.ts';

exposeApi(self.name === COMPARE ? compareApi : inspectApi);
