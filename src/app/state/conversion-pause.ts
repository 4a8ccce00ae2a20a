import { create } from 'zustand';
import type { Pause } from '../../core/index.ts';

/** Why and until when the requests of a conversion wait: its worker knows nothing of the inspecting one's. */
export const useConversionPause = create<{ readonly pause: Pause | null }>()(() => ({ pause: null }));
