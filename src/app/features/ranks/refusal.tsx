import { Shown } from '../../parts/shown.tsx';

interface RefusalProps {
  /** The accessible name. */
  readonly name: string;
  readonly title: string;
  readonly message: string;
}

/** Why a checkpoint cannot be placed or measured, whatever is chosen. */
export function Refusal({ name, title, message }: RefusalProps) {
  return (
    <section className="ranks-refused" role="alert" aria-label={name}>
      <h2>{title}</h2>
      <p>
        <Shown text={message} />
      </p>
    </section>
  );
}
