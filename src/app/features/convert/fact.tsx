interface FactProps {
  readonly name: string;
  readonly value: string;
  /** The whole number, on hover. */
  readonly exact?: string | undefined;
}

/** A number with its name. */
export function Fact({ name, value, exact }: FactProps) {
  return (
    <div className="fact" title={exact}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
