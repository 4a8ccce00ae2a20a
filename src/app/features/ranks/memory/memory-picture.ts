import { hexInk, type Mark, type MemoryReport, monoWidth, type Picture, pictureWords } from '../../../../core/index.ts';
import { formatBand, VERDICT_LABELS } from './memory-format.ts';
import { termColour } from './term-colours.ts';

type Report = Pick<MemoryReport, 'low' | 'high' | 'capacity' | 'terms' | 'verdict'>;

const WIDTH = 760;
const BAR = 36;
const ROW = 84;
const LINE = 18;

/** The memory of one GPU as bars: the low end of each term, the band to the high end, and the capacity as a line. */
export function memoryPicture(reports: readonly Report[], title: string): Picture {
  const widest = Math.max(...reports.flatMap(({ high, capacity }) => [high, capacity]), 1) * 1.06;
  const x = (value: number) => (value / widest) * WIDTH;
  const bars = reports.flatMap((report, at) => barMarks(report, x, at * ROW));
  const names = [...new Set(reports.flatMap(({ terms }) => terms.map(({ name }) => name)))];
  const legend = legendMarks(names, reports.length * ROW + 14);
  return {
    width: WIDTH,
    height: legend.bottom,
    title,
    description: reports.map(inWords).join(' '),
    marks: [...bars, ...legend.marks],
  };
}

function inWords({ verdict, capacity, terms, ...band }: Report): string {
  const list = terms.map((term) => `${term.name} ${formatBand(term)} GB`).join(', ');
  return `${VERDICT_LABELS[verdict].said}: ${formatBand(band)} of ${capacity.toFixed(1)} GB: ${list}.`;
}

function barMarks(report: Report, x: (value: number) => number, top: number): Mark[] {
  const { low, high, capacity, terms, verdict } = report;
  const y = top + 20;
  let from = 0;
  return [
    pictureWords(0, top + 12, `${VERDICT_LABELS[verdict].said}, ${formatBand(report)} of ${capacity.toFixed(1)} GB`),
    { kind: 'box', x: 0, y, width: WIDTH, height: BAR, ink: null, edge: 'line' },
    ...terms.map((term): Mark => {
      const start = from;
      from += term.low;
      const colour = hexInk(termColour(term.name));
      const title = `${term.name}: ${formatBand(term)} GB`;
      return { kind: 'box', x: x(start), y, width: x(term.low), height: BAR, ink: colour, edge: 'surface', title };
    }),
    ...(high > low ? bandMarks(x(low), x(high), y) : []),
    { kind: 'box', x: x(capacity) - 1, y: y - 4, width: 2, height: BAR + 8, ink: 'text' },
    pictureWords(x(capacity), y + BAR + 16, `${capacity.toFixed(1)} GB`, { ink: 'quiet', anchor: 'middle' }),
  ];
}

/** Hatching from the low end to the high end; it belongs to no term. */
function bandMarks(from: number, to: number, y: number): Mark[] {
  const strokes = Array.from({ length: Math.floor((to - from) / 6) }, (_, at): Mark => {
    const start = from + at * 6;
    return { kind: 'line', from: [start, y + BAR], to: [start + 6, y], ink: 'quiet' };
  });
  return [{ kind: 'box', x: from, y, width: to - from, height: BAR, ink: null, edge: 'quiet' }, ...strokes];
}

function legendMarks(names: readonly string[], top: number) {
  let [x, y] = [0, top];
  const marks = names.flatMap((name): Mark[] => {
    const wide = 18 + monoWidth(name, 12) + 16;
    if (x > 0 && x + wide > WIDTH) [x, y] = [0, y + LINE];
    const at = x;
    x += wide;
    const ink = hexInk(termColour(name));
    return [
      { kind: 'box', x: at, y: y - 10, width: 11, height: 11, ink },
      pictureWords(at + 18, y, name, { ink: 'quiet' }),
    ];
  });
  return { marks, bottom: y + 10 };
}
