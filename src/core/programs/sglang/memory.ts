import type { MemoryRules } from '../../ranks/memory/rules.ts';
import { SERVING } from '../serving.ts';

/** SGLang, serving. */
export const memory: MemoryRules = {
  ...SERVING,
  version: 'main, 2026',
  source: 'sgl-project/sglang, python/sglang/srt/model_executor/model_runner.py',
  date: '2026-11-22',
  title: 'SGLang (serving)',
  holds: { dense: '÷ TP', experts: '÷ EP, each expert over the TP ranks that are left' },
};
