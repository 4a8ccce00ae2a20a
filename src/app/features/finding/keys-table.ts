import type { View } from '../../state/address.ts';

/** One thing that keys do; each key as `KeyboardEvent.key`, with `Control+` before it where Ctrl or ⌘ is held. */
export interface KeyRow {
  readonly keys: readonly string[];
  readonly does: string;
}

export const KEY_GROUPS = ['everywhere', 'grid', 'zoom', 'overview', 'files', 'list', 'tree', 'choice'] as const;
export type KeyGroupId = (typeof KEY_GROUPS)[number];

/** The keys of one kind of control. */
export interface KeyGroup {
  readonly title: string;
  /** The views that have such a control. */
  readonly views: readonly View[];
  readonly rows: readonly KeyRow[];
}

const ALL: readonly View[] = ['map', 'tensors', 'loads', 'convert', 'ranks', 'compare'];
const ARROWS = ['ArrowUp', 'ArrowDown', 'ArrowLeft', 'ArrowRight'] as const;

/** Every key that a view hears. A test asks the views' own handlers: none is missing here, and none does nothing. */
export const KEYS: Readonly<Record<KeyGroupId, KeyGroup>> = {
  everywhere: {
    title: 'In every view',
    views: ALL,
    rows: [
      { keys: ['Control+k'], does: 'Find a layer, expert, tensor, view, command, program or model' },
      { keys: ['?'], does: 'Show these keys and terms' },
    ],
  },
  grid: {
    title: 'Grid of layers by experts',
    views: ['map', 'ranks', 'compare'],
    rows: [
      { keys: ARROWS, does: 'Move to the next layer or expert' },
      { keys: ['PageUp', 'PageDown'], does: 'Move by 10 layers' },
      { keys: ['Home', 'End'], does: 'Move to the first or last expert of the layer' },
      { keys: ['Control+Home', 'Control+End'], does: 'Move to the first or last expert of the model' },
      { keys: ['Enter'], does: 'Pin the cell and open its details' },
      { keys: [' '], does: 'On the map: choose the layer for conversion, or undo that' },
      { keys: ['Escape'], does: 'Remove the pin' },
    ],
  },
  zoom: {
    title: 'Size of the map and of the files',
    views: ['map'],
    rows: [
      { keys: ['+', '='], does: 'Larger' },
      { keys: ['-'], does: 'Smaller' },
      { keys: ['0'], does: 'Fit' },
    ],
  },
  overview: {
    title: 'Overview in the corner of the map',
    views: ['map'],
    rows: [{ keys: ARROWS, does: 'Scroll the map' }],
  },
  files: {
    title: 'Map shown as files',
    views: ['map'],
    rows: [
      { keys: ['ArrowLeft', 'ArrowRight'], does: 'Move to the tensor before or after' },
      { keys: ['ArrowUp', 'ArrowDown'], does: 'Move to the file above or below' },
      { keys: ['PageUp', 'PageDown'], does: 'Move by 10 files' },
      { keys: ['Home', 'End'], does: 'Move to the first or last tensor of the file' },
    ],
  },
  list: {
    title: 'Lists and tables',
    views: ['tensors', 'ranks', 'compare'],
    rows: [
      { keys: ['ArrowUp', 'ArrowDown'], does: 'Move to the row above or below' },
      { keys: ['PageUp', 'PageDown'], does: 'Move by one page' },
      { keys: ['Home', 'End'], does: 'Move to the first or last row' },
    ],
  },
  tree: {
    title: 'Rows that open',
    views: ['tensors', 'compare'],
    rows: [
      { keys: ['ArrowRight'], does: 'Open the row, or move into it' },
      { keys: ['ArrowLeft'], does: 'Close the row, or move to the row that holds it' },
      { keys: ['Enter', ' '], does: 'Open the row or choose it' },
    ],
  },
  choice: {
    title: 'Choices side by side',
    views: ALL,
    rows: [{ keys: ARROWS, does: 'Choose the one before or after' }],
  },
};
