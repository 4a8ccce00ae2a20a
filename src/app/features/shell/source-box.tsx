import { useEffect, useRef, useState } from 'react';
import { isLoomError, isRepoAddress, parseRepoReference } from '../../../core/index.ts';
import { Shown } from '../../parts/shown.tsx';
import { type Address, parseEndpoint } from '../../state/address.ts';
import { addressStore, go, useAddress } from '../../state/address-store.ts';
import { EMPTY, HUB, reopen } from '../../state/follow-address.ts';
import { learnHost } from '../../state/known-hosts.ts';

/** Where a repo id or an address is pasted. */
export function SourceBox() {
  const { repo, revision, path, sample, local } = useAddress((address) => address);
  const named = repo === null ? (local ?? (sample === null ? '' : `sample ${sample}`)) : textOf(repo, revision, path);
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

function textOf(repo: string, revision: string | null, path: string | null): string {
  return `${repo}${revision === null ? '' : `@${revision}`}${path === null ? '' : `/${path}`}`;
}

/** Goes to what the text names; gives back why it names nothing. */
function inspect(text: string): string | null {
  try {
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
