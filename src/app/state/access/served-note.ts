export { parseServedNote } from '../../../core/index.ts';
