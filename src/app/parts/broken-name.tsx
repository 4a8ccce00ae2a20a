import { visible } from '../../core/index.ts';
import { Shown } from './shown.tsx';

/** A tensor's name that breaks at its dots, never inside a word. */
export function BrokenName({ name }: { readonly name: string }) {
  const parts = name.split('.');
  return (
    <span className="mono broken-name" title={visible(name)}>
      {parts.map((part, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: parts of a name have no identity but their place
        <span key={at}>
          {at > 0 && '.'}
          {at > 0 && <wbr />}
          <Shown text={part} />
        </span>
      ))}
    </span>
  );
}
