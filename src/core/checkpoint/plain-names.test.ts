import { describe, expect, it } from 'vitest';
import { HOSTILE } from '../embed/hostile.fixture.ts';
import { detectLayout } from '../layouts/detect.ts';
import { filesOf, safetensorsBytes } from '../testing.fixture.ts';
import { openCheckpoint } from './open.ts';
import { withPlainNames } from './plain-names.ts';

/** Names of the list that are model types as any other. */
const PLAIN = HOSTILE.filter((name) => /^[\w.-]{1,128}$/.test(name));
const ODD = HOSTILE.filter((name) => !PLAIN.includes(name));

describe('withPlainNames', () => {
  it('leaves a plain config as it is', () => {
    const config = {
      model_type: 'qwen3_moe',
      architectures: ['Qwen3MoeForCausalLM'],
      text_config: { model_type: 'a.b-c' },
    };
    expect(withPlainNames(config)).toEqual({ config, faults: [] });
    expect(withPlainNames(config).config).toBe(config);
    for (const name of PLAIN) expect(withPlainNames({ model_type: name }).faults).toEqual([]);
  });

  it('leaves out what no program has, wherever it stands, and says so without printing it raw', () => {
    expect(ODD.length).toBeGreaterThan(40);
    for (const name of ODD) {
      const part = { model_type: name, num_experts: 8 };
      const { config, faults } = withPlainNames({ ...part, architectures: [name, 'Plain'], text_config: part });
      expect(config).toEqual({ num_experts: 8, architectures: ['Plain'], text_config: { num_experts: 8 } });
      expect(faults).toHaveLength(3);
      for (const fault of faults) expect(fault).toMatch(/^[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]{1,400}$/u);
    }
  });

  it('keeps values that are no names, and stops at any depth', () => {
    const nested = JSON.parse(`${'{"a":'.repeat(5000)}{"model_type":"\\n"}${'}'.repeat(5000)}`);
    expect(withPlainNames({ model_type: 3, architectures: 'X', deep: nested }).faults).toEqual([]);
    expect(withPlainNames({ architectures: ['a b'] }).config).toEqual({});
  });
});

it('is held at the border: a checkpoint has no such model type, and a finding says why', async () => {
  const weights = safetensorsBytes([{ name: 'model.layers.0.mlp.down_proj.weight', dtype: 'F32', shape: [2, 2] }]);
  for (const name of ODD) {
    const config = JSON.stringify({ model_type: name, architectures: [name] });
    const checkpoint = await openCheckpoint(filesOf({ 'model.safetensors': weights, 'config.json': config }));
    expect(checkpoint.config).toEqual({});
    expect(detectLayout(checkpoint).modelType).toBeNull();
    expect(checkpoint.findings.filter(({ tag }) => tag === 'config-name-invalid')).toHaveLength(2);
    expect(checkpoint.configText).toBe(config);
  }
});
