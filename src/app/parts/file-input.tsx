import { type ReactNode, useRef } from 'react';
import './file-input.css';

/** A button that chooses files, or a folder with all that is in it. */
export function FileInput({
  label,
  folder = false,
  onChoose,
}: {
  readonly label: string;
  readonly folder?: boolean;
  readonly onChoose: (list: FileList | null) => void;
}): ReactNode {
  const input = useRef<HTMLInputElement>(null);
  return (
    <span className="file-input button">
      <input
        ref={input}
        type="file"
        aria-label={label}
        multiple
        {...(folder ? { webkitdirectory: '' } : {})}
        onChange={(event) => {
          onChoose(event.target.files);
          event.target.value = '';
        }}
      />
      <span aria-hidden="true">{label}</span>
    </span>
  );
}
