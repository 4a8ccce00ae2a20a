import { COMPAT_TYPES, compatDocument, compatOf } from '../../src/core/index.ts';
import { exposeApi } from '../link/transfer.ts';
import type { CompatApi } from './protocol.ts';

const api: CompatApi = {
  types: () => COMPAT_TYPES,
  page: (modelType) => {
    const page = compatOf(modelType);
    return page && { page, markdown: compatDocument(page) };
  },
};

exposeApi(api);
