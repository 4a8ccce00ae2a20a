import { isLoomError, parseLoads, parseSlotMap } from '../../../../core/index.ts';
import { Shown } from '../../../parts/shown.tsx';
import { chooseRank, useRankChoices } from '../../../placement/rank-choices.ts';

/** Reads the tokens of each expert from a CSV file, for EPLB. */
export async function readLoads(file: File): Promise<void> {
  const text = await file.text();
  take(() => chooseRank({ loads: { name: file.name, rows: parseLoads(text) }, problem: null }));
}

/** Reads a custom placement from a JSON file. */
export async function readMap(file: File): Promise<void> {
  const text = await file.text();
  take(() => chooseRank({ map: { name: file.name, rows: parseSlotMap(text) }, problem: null }));
}

export function LoadsInput() {
  const given = useRankChoices((state) => state.loads?.name);
  return <FileField label="Loads (CSV)" accept=".csv,.tsv,.txt" given={given} onFile={readLoads} />;
}

export function MapInput() {
  const given = useRankChoices((state) => state.map?.name);
  return <FileField label="Map (JSON)" accept=".json" given={given} onFile={readMap} />;
}

function take(parse: () => void): void {
  try {
    parse();
  } catch (error) {
    chooseRank({ problem: isLoomError(error) ? error.message : String(error) });
  }
}

interface FileFieldProps {
  readonly label: string;
  readonly accept: string;
  readonly given: string | undefined;
  readonly onFile: (file: File) => Promise<void>;
}

function FileField({ label, accept, given, onFile }: FileFieldProps) {
  const problem = useRankChoices((state) => state.problem);
  return (
    <label className="setup-field">
      <span>
        {label}
        {given !== undefined && <span className="quiet">: {given}</span>}
      </span>
      <input
        type="file"
        className="setup-file"
        accept={accept}
        onChange={(event) => {
          const [file] = event.target.files ?? [];
          if (file) void onFile(file);
        }}
      />
      {problem !== null && (
        <span className="danger" role="alert">
          <Shown text={problem} />
        </span>
      )}
    </label>
  );
}
