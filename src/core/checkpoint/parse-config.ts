import { LoomError } from '../errors.ts';
import { nameForeignJson } from '../safetensors/not-weights.ts';
import type { ParsedConfig } from './assemble.ts';

/** @throws LoomError `config-invalid` when the bytes are no JSON object. */
export function parseConfig(bytes: Uint8Array, file = 'config.json'): ParsedConfig {
  let value: unknown;
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    value = JSON.parse(withoutNonFinite(text));
  } catch (cause) {
    const why = `${file} is not JSON: ${cause instanceof Error ? cause.message : cause}.`;
    throw new LoomError('config-invalid', nameForeignJson(bytes, file) ?? why, { file }, cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new LoomError('config-invalid', `${file} holds no JSON object.`, { file });
  }
  return { text, value: value as Record<string, unknown> };
}

/** Python writes NaN and Infinity (`time_step_limit` of Mamba hybrids); nothing here reads those keys, so they become null. */
function withoutNonFinite(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"|-?Infinity|NaN/g, (token) => (token.startsWith('"') ? token : 'null'));
}
