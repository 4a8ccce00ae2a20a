import { useRef } from 'react';
import type { RankPicture } from '../../../../../workers/ranks/protocol.ts';
import { readLoads, readMap } from './input-files.tsx';

const ASKS = {
  loads: {
    title: 'Which experts are busy?',
    what: 'EPLB places experts by the tokens that each one gets, so it needs them first: a CSV file with a line a layer and a number an expert, or with columns layer, expert and tokens. One line serves all layers.',
    button: 'Choose a CSV file of loads',
    accept: '.csv,.tsv,.txt',
    read: readLoads,
  },
  map: {
    title: 'Which rank holds which experts?',
    what: 'A custom placement is a JSON file: a list for each layer with the expert of every slot, rank after rank. One list serves all layers.',
    button: 'Choose a JSON file of slots',
    accept: '.json',
    read: readMap,
  },
} as const;

/** Asks for the file that a placement goes by: nothing is refused yet. */
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
