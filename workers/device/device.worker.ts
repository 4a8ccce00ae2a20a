import { createDevices, serveDevices } from '../../src/core/index.ts';
import { exposeApi } from '../link/transfer.ts';
import type { DeviceApi } from './protocol.ts';

const devices = createDevices({});

const api: DeviceApi = {
  serve: (port) => serveDevices(devices, port),
};

exposeApi(api);
