import type { SourceDescriptor } from '../../../../workers/inspect/protocol.ts';
import { parseRepoReference } from '../../../core/index.ts';
import { late } from '../../parts/late.tsx';
import { Shown } from '../../parts/shown.tsx';
import { go } from '../../state/address-store.ts';
import { EMPTY, HUB } from '../../state/follow-address.ts';
import { retryOpening, useInspection } from '../../state/inspection.ts';
import { BaseModels, basesOf } from './base-models.tsx';
import { adviceFor, type NextStep } from './next-steps.ts';
import { reload } from './not-loaded.tsx';

/** Its query code is not part of the first load. */
const Likely = late(async () => (await import('./likely.tsx')).Likely);

/** What happened while opening, to which file, and what to do now. */
export function FailureNotice() {
  const error = useInspection((state) => state.error);
  const source = useInspection((state) => state.source);
  const baseModels = useInspection((state) => state.hub?.baseModels);
  if (!error) return null;
  const { title, hint, steps } = adviceFor(error, source);
  const { file, byte } = error.fields;
  const hasBases = basesOf(error.tag, baseModels).length > 0;
  return (
    <section className="notice failed" role="alert" data-error-tag={error.tag}>
      <h1>
        <Shown text={title} />
      </h1>
      <p>
        <Shown text={error.message} />
      </p>
      {hint !== null && <p>{hint}</p>}
      {file !== undefined && !file.includes(' ') && !error.message.includes(file) && (
        <p className="quiet">
          File{' '}
          <code>
            <Shown text={file} />
          </code>
          {byte === undefined ? '' : `, byte ${byte}`}
        </p>
      )}
      <BaseModels models={basesOf(error.tag, baseModels)} />
      {error.tag === 'repo-not-found' && <Likely key={error.message} until={<div className="row" />} />}
      <div className="row">
        {steps.map((step, at) => (
          <Step key={step} step={step} source={source} first={at === 0 && !hasBases} />
        ))}
      </div>
      <p className="quiet mono">{error.tag}</p>
    </section>
  );
}

function Step({
  step,
  source,
  first,
}: {
  readonly step: NextStep;
  readonly source: SourceDescriptor | null;
  readonly first: boolean;
}) {
  const look = first ? 'button primary' : 'button';
  if (step === 'model-page') {
    const page = pageOf(source);
    return page === null ? null : (
      <a className={look} href={page} target="_blank" rel="noreferrer">
        Open model page
      </a>
    );
  }
  const [text, act] = STEPS[step];
  return (
    <button type="button" className={look} onClick={act}>
      {text}
    </button>
  );
}

const STEPS: Record<Exclude<NextStep, 'model-page'>, readonly [string, () => void]> = {
  reload: ['Reload', reload],
  'main-revision': ['Open main', () => go({ revision: null })],
  retry: ['Retry', retryOpening],
  access: ['Sign in or enter a token', () => document.querySelector<HTMLElement>('[data-access]')?.click()],
  'choose-files': ['Choose other files', toStart],
  'allow-folder': ['Allow reading the folder', () => void allowFolder()],
  'stored-results': ['See finished conversions', toStart],
  'other-source': ['Open something else', openSomethingElse],
};

function toStart(): void {
  go({ ...EMPTY, view: 'map' });
}

async function allowFolder(): Promise<void> {
  const { source } = useInspection.getState();
  if (source?.kind !== 'job') return;
  const { allowReading } = await import('../../jobs/stored/actions.ts');
  await allowReading(source.job);
}

function openSomethingElse(): void {
  const box = document.querySelector<HTMLInputElement>('.source input');
  box?.focus();
  box?.select();
}

function pageOf(source: SourceDescriptor | null): string | null {
  if (source?.kind !== 'hub') return null;
  try {
    const { repo, endpoint } = parseRepoReference(source.reference);
    return `${endpoint ?? source.endpoint ?? HUB}/${repo}`;
  } catch {
    return null;
  }
}
