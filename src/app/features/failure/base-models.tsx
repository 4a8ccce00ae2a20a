import { useInspection } from '../../state/inspection.ts';
import { OpenRepo } from './open-repo.tsx';

/** Where a repo has no weights that can be read, the models that it was made from. */
export function BaseModels() {
  const tag = useInspection((state) => state.error?.tag);
  const models = useInspection((state) => state.hub?.baseModels);
  if (!models || models.length === 0 || (tag !== 'no-checkpoint' && tag !== 'lora-adapter')) return null;
  return (
    <>
      <p>
        The model card names{' '}
        {models.length === 1 ? 'the model that this one was made from' : 'the models it was made from'}:
      </p>
      <div className="row">
        {models.map((repo, at) => (
          <OpenRepo key={repo} repo={repo} first={at === 0} />
        ))}
      </div>
    </>
  );
}
