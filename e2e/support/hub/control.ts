import type { IncomingMessage, ServerResponse } from 'node:http';
import type { HubSwitches } from './context.ts';
import { type JournalEntry, readRequestBody } from './exchange.ts';
import type { FaultBook, FaultRule } from './faults.ts';

export interface Controls {
  readonly faults: FaultBook;
  readonly journal: readonly JournalEntry[];
  readonly clearJournal: () => void;
  readonly advanceClock: (seconds: number) => void;
  readonly switches: HubSwitches;
}

const OPEN_CORS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'GET, POST, DELETE',
  'Access-Control-Allow-Headers': '*',
  'Cache-Control': 'no-store',
};

/** Takes one rule or a list; regular expressions come as text. */
function addFaults(controls: Controls, body: unknown): unknown {
  const rules = (Array.isArray(body) ? body : [body]) as FaultRule[];
  for (const rule of rules) controls.faults.add(rule);
  return controls.faults.list();
}

function run(controls: Controls, call: string, body: unknown): unknown {
  if (call === 'GET /__log') return controls.journal;
  if (call === 'DELETE /__log') return controls.clearJournal() ?? [];
  if (call === 'GET /__faults') return controls.faults.list();
  if (call === 'POST /__faults') return addFaults(controls, body);
  if (call === 'DELETE /__faults') return controls.faults.clear() ?? [];
  if (call === 'GET /__switches') return controls.switches;
  if (call === 'POST /__switches') return Object.assign(controls.switches, body);
  if (call === 'POST /__clock') {
    controls.advanceClock((body as { advanceSeconds: number }).advanceSeconds);
    return {};
  }
  return undefined;
}

async function handle(controls: Controls, message: IncomingMessage, res: ServerResponse): Promise<void> {
  const text = await readRequestBody(message);
  const body: unknown = text === '' ? undefined : JSON.parse(text);
  const path = (message.url ?? '/').replace(/\?.*$/, '');
  const result = run(controls, `${message.method ?? 'GET'} ${path}`, body);
  const status = result === undefined ? 404 : 200;
  res.writeHead(status, { 'Content-Type': 'application/json', ...OPEN_CORS });
  res.end(JSON.stringify(result ?? { error: 'no such control' }));
}

/** The control port: faults, journal, switches and clock over HTTP, open to any page. */
export function controlHandler(controls: Controls): (message: IncomingMessage, res: ServerResponse) => void {
  return (message, res) => {
    if (message.method === 'OPTIONS') {
      res.writeHead(204, OPEN_CORS).end();
      return;
    }
    handle(controls, message, res).catch((error: unknown) => {
      res.writeHead(400, { 'Content-Type': 'application/json', ...OPEN_CORS });
      res.end(JSON.stringify({ error: String(error) }));
    });
  };
}
