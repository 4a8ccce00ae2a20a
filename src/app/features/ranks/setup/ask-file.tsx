import { useRef } from 'react';
import type { RankPicture } from '../../../../../workers/ranks/protocol.ts';
import { readLoads, readMap } from './input-files.tsx';

const ASKS = {
  loads: {
    title: 'EPLB needs the load of each expert',
    what: 'EPLB places experts by the number of tokens that each expert gets. Choose a CSV file with one line for each layer and one number for each expert, or with the columns layer, expert and tokens. A file with one line is used for all layers.',
    button: 'Choose a CSV file with the loads',
    accept: '.csv,.tsv,.txt',
    read: readLoads,
  },
  map: {
    title: 'A custom placement needs a file',
    what: 'Choose a JSON file with one list for each layer. A list has the expert number of every slot, in the order of ranks. A file with one list is used for all layers.',
    button: 'Choose a JSON file with the placement',
    accept: '.json',
    read: readMap,
  },
} as const;

/** Asks for the file that a placement needs. */
export function AskFile({ needs }: { readonly needs: NonNullable<RankPicture['needs']> }) {
  const input = useRef<HTMLInputElement>(null);
  const { title, what, button, accept, read } = ASKS[needs];
  return (
    <section className="ranks-ask" aria-label="File needed">
      <h2>{title}</h2>
      <p>{what}</p>
      <div className="row">
        <button type="button" className="button" onClick={() => input.current?.click()}>
          {button}
        </button>
      </div>
      <input
        ref={input}
        type="file"
        hidden
        accept={accept}
        onChange={(event) => {
          const [file] = event.target.files ?? [];
          if (file) void read(file);
        }}
      />
    </section>
  );
}
