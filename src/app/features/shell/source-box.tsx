import { useEffect, useRef, useState } from 'react';
import { isJobName, isLoomError, isRepoAddress, parseRepoReference } from '../../../core/index.ts';
import { Shown } from '../../parts/shown.tsx';
import { learnHost } from '../../state/access/known-hosts.ts';
import { type Address, parseEndpoint } from '../../state/address.ts';
import { addressStore, go, useAddress } from '../../state/address-store.ts';
import { EMPTY, HUB, reopen } from '../../state/follow-address.ts';

/** Where a repo id or an address is pasted. */
export function SourceBox() {
  const named = useAddress(nameOf);
  const [text, setText] = useState(named);
  const [problem, setProblem] = useState<string | null>(null);
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => {
    setText(named);
    setProblem(null);
    if (named === '') box.current?.focus();
  }, [named]);
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    if (text.trim() === named && named !== '') return reopen();
    const answer = inspect(text);
    setProblem(answer);
    if (answer !== null) box.current?.focus();
  };
  return (
    <form className="source" onSubmit={submit}>
      <input
        ref={box}
        className="field"
        aria-label="Hub repo or URL"
        aria-invalid={problem !== null}
        aria-describedby={problem === null ? undefined : 'source-problem'}
        placeholder="org/name, or the address of a model page"
        autoCapitalize="none"
        autoCorrect="off"
        autoComplete="off"
        spellCheck={false}
        value={text}
        onFocus={(event) => event.currentTarget.select()}
        onChange={(event) => {
          setText(event.target.value);
          setProblem(null);
        }}
      />
      <button type="submit" className="button primary">
        Inspect
      </button>
      {problem !== null && (
        <p className="source-problem" id="source-problem" role="alert">
          <Shown text={problem} />
        </p>
      )}
    </form>
  );
}

/** What is open, as the box names it; what it shows of a repo or a job can be typed back. */
function nameOf({ repo, revision, path, sample, job, local }: Address): string {
  if (repo !== null) return textOf(repo, revision, path);
  if (job !== null) return `job:${job}`;
  return local ?? (sample === null ? '' : `sample ${sample}`);
}

function textOf(repo: string, revision: string | null, path: string | null): string {
  return `${repo}${revision === null ? '' : `@${revision}`}${path === null ? '' : `/${path}`}`;
}

function openJob(job: string): string | null {
  if (!isJobName(job))
    return `No conversion is called ${job}. Finished conversions are listed on the start page: open one there.`;
  go({ ...EMPTY, job });
  return null;
}

/** Goes to what the text names; gives back why it names nothing. */
function inspect(text: string): string | null {
  try {
    const job = /^job:(.+)$/.exec(text.trim())?.[1];
    if (job !== undefined) return openJob(job);
    const { endpoint } = addressStore.getState().address;
    const home = endpoint ?? undefined;
    const wanted = parseRepoReference(text, home);
    const pasted = isRepoAddress(text, home) ? parseEndpoint(wanted.endpoint) : endpoint;
    // Who types the name of a server means it: only links are asked about.
    if (pasted !== null && pasted !== endpoint) learnHost(pasted);
    const next: Partial<Address> = {
      ...EMPTY,
      repo: wanted.repo,
      revision: wanted.revision,
      path: wanted.path === '' ? null : wanted.path,
      endpoint: wanted.endpoint === HUB ? null : pasted,
    };
    go(next);
    return null;
  } catch (error) {
    if (isLoomError(error)) return error.message;
    throw error;
  }
}
