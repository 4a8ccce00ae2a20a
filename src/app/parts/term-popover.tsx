import { Popover } from 'radix-ui';
import type { ReactNode } from 'react';
import { GLOSSARY, type TermId } from '../../core/index.ts';

interface TermPopoverProps {
  readonly id: TermId;
  readonly children: ReactNode;
}

/** A term with its sentence, open when it first appears: it replaces the button that was pressed. */
export function TermPopover({ id, children }: TermPopoverProps) {
  const { term, says } = GLOSSARY[id];
  return (
    <Popover.Root defaultOpen>
      <Popover.Trigger className="term">{children}</Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          className="popover term-popover"
          align="start"
          sideOffset={4}
          collisionPadding={8}
          role="dialog"
          aria-label={`What ${term} means`}
        >
          <strong>{term}</strong>
          <p>{says}</p>
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
