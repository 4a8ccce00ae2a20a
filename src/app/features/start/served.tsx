import { servedHub, servedNote } from '../../state/access/served.ts';
import { go } from '../../state/address-store.ts';
import { EMPTY } from '../../state/follow-address.ts';
import { pageLink } from '../../state/page-links.ts';

/** What `moe-loom open` serves with this page; nothing on a page from anywhere else. */
export function Served() {
  const note = servedNote();
  const endpoint = servedHub();
  if (note === null || note.sources.length === 0) return null;
  return (
    <section aria-labelledby="served">
      <h2 id="served">
        On <span className="mono">{note.machine}</span>
      </h2>
      <ul className="samples">
        {note.sources.map(({ repo, label }) => (
          <li key={repo}>
            <a
              {...pageLink(`?${new URLSearchParams({ repo, endpoint: endpoint ?? '' })}`, () =>
                go({ ...EMPTY, repo, endpoint, view: 'map' }),
              )}
            >
              <strong>{repo}</strong>
              <span className="mono">{label}</span>
              <span className="quiet">Read by moe-loom on that machine.</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
