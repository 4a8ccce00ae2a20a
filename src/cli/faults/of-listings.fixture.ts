import { readAll, textBody } from '../../../e2e/support/hub/body.ts';
import type { Reply } from '../../../e2e/support/hub/exchange.ts';
import { setBody } from '../../../e2e/support/hub/fault-actions.ts';
import { repoFile } from '../../../e2e/support/hub/repo.ts';
import { changedModel, type FaultRow, type Strike } from './row.fixture.ts';

interface Sibling {
  rfilename: string;
  size?: number;
}
interface Info {
  siblings?: Sibling[] | undefined;
  [field: string]: unknown;
}

/** The listing, read, changed and written again. */
const changed = (change: (info: Info) => unknown): Strike => ({
  at: 'listing',
  with: {
    edit: (answer: Reply) => {
      const info = JSON.parse(new TextDecoder().decode(readAll(answer.body))) as Info;
      setBody(answer, textBody(JSON.stringify(change(info) ?? info)));
    },
  },
});
const withoutSiblings = changed((info) => {
  info.siblings = [];
});
const renamedTo = (name: string) =>
  changed(({ siblings = [] }) => {
    const [first] = siblings;
    if (first) first.rfilename = name;
  });

/** What the Hub says lies in a repository: nothing, too little, nonsense. */
export const LISTING_FAULTS: readonly FaultRow[] = [
  {
    name: 'a listing without files: the file tree has them',
    strikes: [withoutSiblings],
    exit: 0,
    says: [/names 0 of its 4 files; the others come from its file tree/],
    requests: 10,
  },
  {
    name: 'a listing without the field for files',
    strikes: [
      changed((info) => {
        delete info.siblings;
      }),
    ],
    exit: 0,
    says: [/names 0 of its 4 files; the others come from its file tree/],
    requests: 10,
  },
  {
    name: 'a listing cut after the first shard: the file tree has the rest',
    strikes: [
      changed((info) => {
        info.siblings = info.siblings?.filter(({ rfilename }) => !rfilename.includes('00002-of'));
      }),
    ],
    exit: 0,
    says: [/names 3 of its 4 files; the others come from its file tree/],
    requests: 10,
  },
  {
    name: 'a listing cut, and a file tree that cannot be read',
    strikes: [
      changed((info) => {
        info.siblings = info.siblings?.filter(({ rfilename }) => !rfilename.includes('00002-of'));
      }),
      { at: 'tree', with: { type: '5xx', status: 500 } },
    ],
    exit: 2,
    answers: true,
    says: [
      /may be cut short \(it does not name model-00002-of-00002\.safetensors\), and its file tree could not be read/,
      /Whether fault\/row-\d+ holds model-00002-of-00002\.safetensors is not known/,
      /could not answer for the file tree of fault\/row-\d+ \(500\)/,
      /\[shard-unread\]/,
    ],
    requests: 12,
  },
  {
    name: 'listing and file tree that give one file two sizes',
    strikes: [
      changed((info) => {
        info.siblings = info.siblings?.filter(({ rfilename }) => !rfilename.includes('00002-of'));
        for (const sibling of info.siblings ?? []) if (sibling.rfilename === 'config.json') sibling.size = 9;
      }),
    ],
    exit: 2,
    says: [/do not agree on config\.json/, /\[answer-invalid\]/],
    requests: 2,
  },
  {
    name: 'a file tree in pages, of which one points to itself',
    strikes: [
      withoutSiblings,
      {
        at: 'tree',
        with: ({ hub, id }) => ({
          headers: { Link: `<${hub}/api/models/${id}/tree/x?cursor=eyJvZmZzZXQiOjB9>; rel="next"` },
        }),
      },
    ],
    exit: 2,
    says: [/The file tree of fault\/row-\d+ does not end/, /\[answer-invalid\]/],
    requests: 4,
  },
  {
    name: 'a file tree whose next page lies at another host',
    strikes: [withoutSiblings, { at: 'tree', with: { type: 'linkForeign' }, times: 1 }],
    exit: 2,
    says: [/file tree/, /\[answer-invalid\]/],
    requests: 2,
  },
  {
    name: 'a listing that is no JSON',
    strikes: [{ at: 'listing', with: { body: '{"id": "fault/row", "siblings": [' } }],
    exit: 2,
    says: [({ hub }) => new URL(hub).host, /The listing of fault\/row-\d+ from .* is not JSON/, /\[answer-invalid\]/],
    requests: 1,
  },
  {
    name: 'a listing that is an empty answer',
    strikes: [{ at: 'listing', with: { body: '' } }],
    exit: 2,
    says: [/is empty|is not JSON/, /\[answer-invalid\]/],
    requests: 1,
  },
  {
    name: 'a listing that is a list',
    strikes: [changed(() => [])],
    exit: 2,
    says: [/is not what the Hub's interface promises/, /\[answer-invalid\]/],
    requests: 1,
  },
  {
    name: 'a listing with a path that leads out (..)',
    strikes: [renamedTo('../../etc/passwd')],
    exit: 2,
    says: [/siblings\.0\.rfilename is not a path inside a repository/, /\[answer-invalid\]/],
    requests: 1,
  },
  {
    name: 'a listing with a path that starts at the root',
    strikes: [renamedTo('/etc/passwd')],
    exit: 2,
    says: [/is not a path inside a repository/, /\[answer-invalid\]/],
    requests: 1,
  },
  {
    name: 'a listing that names a file twice',
    strikes: [renamedTo('model-00001-of-00002.safetensors')],
    exit: 2,
    says: [/lists a file twice/, /\[answer-invalid\]/],
    requests: 1,
  },
  {
    name: 'a listing of another repository',
    strikes: [
      changed((info) => {
        info.id = 'other/model';
      }),
    ],
    exit: 2,
    says: [/no public model other\/model/, /\[repo-not-found\]/],
    requests: 11,
  },
  {
    name: 'a listing of 40,000 files',
    repo: () => ({
      files: [...changedModel(() => {}), ...Array.from({ length: 40_000 }, (_, i) => repoFile(`notes/${i}.txt`, ''))],
    }),
    exit: 0,
    says: [],
    requests: 9,
  },
  {
    name: 'names with characters that a terminal acts on',
    repo: () => ({
      files: [...changedModel(() => {}), repoFile('model-\u001b[31mred\u202e.safetensors', 'no weights at all')],
    }),
    exit: 0,
    says: [/\\u001b|\\x1b|␛/i],
    never: /\p{Cc}\[31m|\u202e/u,
    requests: 11,
  },
  {
    name: 'a listing with a negative size',
    strikes: [
      changed(({ siblings = [] }) => {
        for (const one of siblings) one.size = -1;
      }),
    ],
    exit: 2,
    says: [/siblings\.0\.size/, /\[answer-invalid\]/],
    requests: 1,
  },
];
