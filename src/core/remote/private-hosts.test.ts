import { describe, expect, it } from 'vitest';
import { describePrivateHost } from './private-hosts.ts';

describe('describePrivateHost', () => {
  const cases: [string | null, string[]][] = [
    ['this computer', ['localhost', 'hub.localhost', '127.0.0.1', '127.9.9.9', '[::1]', 'LOCALHOST.']],
    [
      'a server inside your own network',
      [
        '10.1.2.3',
        '172.16.0.1',
        '172.31.0.1',
        '192.168.0.7',
        '169.254.169.254',
        '100.64.0.1',
        '[fd00::1]',
        '[fe80::1]',
      ].concat(['[::ffff:7f00:1]', 'hub', 'nas.local', 'hub.corp', 'x.internal', 'printer.home.arpa']),
    ],
    [
      null,
      ['huggingface.co', 'hub.example.org', '172.32.0.1', '8.8.8.8', '100.128.0.1', '[2606:4700::1]', 'local.com'],
    ],
  ];
  it.each(cases)('%s', (what, hosts) => {
    for (const host of hosts) expect([host, describePrivateHost(host)]).toEqual([host, what]);
  });
});
