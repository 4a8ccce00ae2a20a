import type { ErrorTag } from '../../../core/index.ts';
import { OpenRepo } from './open-repo.tsx';

/** The models that a repo without readable weights was made from, as its card names them. */
export function basesOf(tag: ErrorTag, models: readonly string[] | undefined): readonly string[] {
  return tag === 'no-checkpoint' || tag === 'lora-adapter' ? (models ?? []) : [];
}

/** Opens the models that this one was made from. */
export function BaseModels({ models }: { readonly models: readonly string[] }) {
  if (models.length === 0) return null;
  const what = models.length === 1 ? 'the model that this one was made from' : 'the models that this one was made from';
  return (
    <>
      <p>The model card names {what}:</p>
      <div className="row">
        {models.map((repo, at) => (
          <OpenRepo key={repo} repo={repo} first={at === 0} />
        ))}
      </div>
    </>
  );
}
