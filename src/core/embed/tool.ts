import { VERSION } from '../version.ts';
import { type Emitted, emit } from './emitted.ts';

/** The name and version of this program: code in any language, in its comments and prose. */
export const TOOL: Emitted<never> = emit(`moe-loom ${VERSION}`);
