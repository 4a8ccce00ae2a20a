import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatAddress, parseAddress, parseEndpoint } from './address.ts';
import { NO_COMPARISON } from './compare-address.ts';
import { sizeText, USUAL_CONVERT } from './convert-address.ts';
import { formatLayers, parseLayers } from './number-runs.ts';
import { COLOURS, PLAIN_LOOK, SHAPES, THEMES } from './seen/look.ts';
import { NO_PLACE, PAIR_COLOURS, RANK_PARTS } from './seen/place.ts';
import { ALL_TENSORS } from './tensor-address.ts';

const round = (search: string) => formatAddress(parseAddress(search));

describe('parseAddress', () => {
  it('reads back what it writes', () => {
    for (const search of [
      '',
      '?repo=Qwen/Qwen3-235B-A22B',
      '?repo=org/name&revision=refs/pr/1&path=fp8/weights&endpoint=http://127.0.0.1:7001&view=tensors&layer=3&expert=17',
      '?repo=org/name&view=convert&target=gate-up&layers=0-3,7',
      '?repo=org/name&view=convert&target=stacked&unpack=bf16',
      '?repo=org/name&view=convert&target=stacked&assume=gate-up/w13',
      '?repo=org/name&view=convert&assume=in-out',
      '?repo=org/name&view=convert&layers=1&rest=keep&mtp=keep&max-shard=512+MiB&engine=webgpu&buffers=1.5+GiB&sha256=yes&check-source=yes',
      '?repo=org/name&view=convert&max-shard=',
      '?sample=tiny-qwen3-moe&layer=0&expert=0',
      '?sample=tiny-qwen3-moe&view=ranks&framework=transformers-4.57&ep=4&tp=4&pp=2&cp=1&dp=8&etp=2&redundant=32&nodes=2&groups=4&placement=ep-aware&all2all=deepep_low_latency',
      '?sample=tiny-qwen3-moe&view=ranks&framework=sglang&tp=4&set=moe_dp_size=2;enable_eplb=true',
      '?sample=tiny-qwen3-moe&view=compare&layer=2&ep=4&tokens=64&seed=7',
      '?sample=tiny-qwen3-moe&layers=0,2&statistic=max-abs&projection=down',
      '?sample=tiny-qwen3-moe&view=ranks&memory=fsdp2,gpus:64,ep:64&against=vllm,ep:8',
      '?sample=tiny-qwen3-moe&view=ranks&memory=fsdp2,lora:8,targets:q_proj%2Bv_proj,mfu:30',
      '?job=20261122-213005-stacked-4f1c&view=loads',
      '?local=my+folder',
      '?sample=tiny-qwen3-moe&layer=1&theme=dark&colour=dtype&shape=table&layer-drawing=closed&zoom=2.828&at=12.5,40.25&beside=router',
      '?sample=tiny-qwen3-moe&shape=files&strip-zoom=64&strip-at=3.5,1234567.25&strip=41',
      '?sample=tiny-qwen3-moe&view=ranks&ranks-at=0,5&rank-list-at=3,0&rank=5&rank-parts=rank.export&reads=open',
      '?sample=tiny-qwen3-moe&view=ranks&rank-parts=',
      '?sample=tiny-qwen3-moe&view=compare&with=sample:tiny-gpt-oss&open=decoder+3&open=decoder+3+7&pair-at=1,2&pairs-at=40.5,0&pair-colour=status',
      '?sample=tiny-qwen3-moe&view=compare&with=sample:tiny-gpt-oss&open=*',
      '?sample=tiny-qwen3-moe&view=compare&with=sample:tiny-gpt-oss&open=',
      '?sample=tiny-qwen3-moe&view=loads&program=vllm',
      '?repo=org/name&view=compare&layer=3&expert=17&with=org/name-fused@main&show=differences',
      '?sample=tiny-qwen3-moe&view=compare&with=job:20261122-213005-stacked-4f1c&show=only-left',
      '?sample=tiny-qwen3-moe&view=compare&with=local:my+folder&part=block',
      '?repo=org/name&view=tensors&as=tree&q=layers.3+gate&mode=fuzzy&sort=-bytes&dtype=BF16&dtype=F8_E4M3&in-layers=0-3,7&in-experts=5&shard=a/model-00001-of-00002.safetensors&tensor=lm_head.weight',
    ]) {
      expect(round(search)).toBe(search);
    }
  });

  it('holds whatever of a size can be typed', () => {
    for (const typed of ['', '5', '-1 GB', '1/2 MiB', '<b>5</b> GB', `${'9'.repeat(40)} GB`]) {
      const query = new URLSearchParams({ 'max-shard': sizeText(typed) });
      expect(parseAddress(`?${query}`).convert.maxShard).toBe(sizeText(typed));
    }
    expect(sizeText('1.5_GiB')).toBe('1.5GiB');
  });

  it('leaves out what makes no sense', () => {
    const hostile = parseAddress(
      '?repo=%3Cscript%3E&job=..%2F..%2Fx&revision=a%00b&path=../../etc&endpoint=javascript:alert(1)&view=admin&layer=-1&expert=1e9&target=%3Cb%3E&layers=x,9-1,&unpack=fp4&rest=all&max-shard=%3Cb%3E&engine=gpu&buffers=%00&sha256=1&statistic=%3Cb%3E&projection=a.b&framework=%3Cb%3E&ep=0&tp=-1&pp=1e3&cp=99999&dp=NaN&etp=0&nodes=x&groups=-1&all2all=%3Cb%3E&set=a;=1;a%00b=1;1x=2;x=&redundant=0x1&tokens=0&seed=-1&placement=a%20b&memory=%3Cb%3E&against=a%20b&as=list&q=%00&mode=all&sort=-size&dtype=bf16&in-layers=x&in-experts=9-1&shard=a%5Cb&tensor=%01&with=%3Cb%3E&show=nothing&part=x&open=%00&theme=%3Cb%3E&colour=values&shape=cube&layer-drawing=yes&zoom=1e9&at=-1,2&strip-zoom=0&strip-at=1&strip=x&beside=%00&ranks-at=NaN,1&rank=-1&rank-parts=%3Cb%3E&reads=1&pair-at=,&pair-colour=red&program=%3Cb%3E&compat=%3Cb%3E',
    );
    expect(hostile).toEqual({
      repo: null,
      revision: null,
      path: null,
      endpoint: null,
      sample: null,
      job: null,
      local: null,
      compat: null,
      view: 'map',
      layer: null,
      expert: null,
      program: null,
      target: null,
      layers: [],
      unpack: null,
      convert: USUAL_CONVERT,
      statistic: null,
      projection: null,
      framework: null,
      placement: null,
      ep: null,
      tp: null,
      pp: null,
      cp: null,
      dp: null,
      etp: null,
      nodes: null,
      groups: null,
      all2all: null,
      set: [],
      redundant: null,
      memory: null,
      against: null,
      parity: { tokens: null, seed: null },
      tensors: ALL_TENSORS,
      compare: NO_COMPARISON,
      look: PLAIN_LOOK,
      place: NO_PLACE,
    });
  });

  it('refuses samples that lead out of their folder, and texts without end', () => {
    expect(parseAddress('?sample=../x').sample).toBeNull();
    for (const job of ['..', '.hidden', 'a/b', 'a\\b', 'a%00', '%F0%9F%98%80', 'x'.repeat(200), '%20'])
      expect(parseAddress(`?job=${job}`).job).toBeNull();
    expect(parseAddress(`?repo=a/${'b'.repeat(5000)}`).repo).toBeNull();
    expect(parseAddress('?path=a/./b').path).toBeNull();
  });

  it('opens one source: a sample before a repo, before a job, before local files', () => {
    expect(parseAddress('?repo=a/b&sample=tiny&job=j&local=x')).toMatchObject({
      repo: null,
      sample: 'tiny',
      job: null,
      local: null,
    });
    expect(parseAddress('?job=j&local=x')).toMatchObject({ job: 'j', local: null });
  });

  it('shows the layouts of a model type where no source is named', () => {
    expect(parseAddress('?compat=qwen3_moe').compat).toBe('qwen3_moe');
    expect(formatAddress(parseAddress('?compat=Qwen3.5-moe'))).toBe('?compat=Qwen3.5-moe');
    for (const source of ['repo=a/b', 'sample=tiny', 'job=j', 'local=x'])
      expect(parseAddress(`?${source}&compat=qwen3_moe`).compat).toBeNull();
    for (const type of ['', 'a/b', 'a%20b', 'a%00', 'x'.repeat(65)])
      expect(parseAddress(`?compat=${type}`).compat).toBeNull();
  });
});

const HOSTILE = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 24 }),
  fc.constantFrom(
    '\u202e',
    'a\u0000b',
    '../..',
    'javascript:1',
    '<b>',
    '%',
    '&x=1',
    '9'.repeat(24),
    '1e5',
    '-0',
    'null',
  ),
);
const KEYS = [
  'repo',
  'revision',
  'path',
  'endpoint',
  'sample',
  'local',
  'compat',
  'view',
  'layer',
  'expert',
  'target',
  'layers',
];
const MORE = ['q', 'tensor', 'shard', 'sort', 'with', 'open', 'show', 'set', 'memory', 'max-shard', 'theme', 'colour'];
const SEEN = [
  'shape',
  'zoom',
  'at',
  'strip-at',
  'strip',
  'rank',
  'reads',
  'pair-at',
  'pair-colour',
  'program',
  'beside',
];
const spots = fc.option(
  fc.record({ row: fc.integer({ min: 0, max: 99_999_99 }), column: fc.integer({ min: 0, max: 99_999_999 }) }),
  { nil: null },
);
const hundredths = spots.map((spot) => spot && { row: spot.row / 100, column: spot.column / 100 });
const zooms = fc.integer({ min: 1000, max: 16_384_000 }).map((zoom) => zoom / 1000);
const ranks = fc.option(fc.nat(16_383), { nil: null });

describe('an address', () => {
  it('is the same after it was written and read, whatever stands in a link', () => {
    const pairs = fc.array(fc.tuple(fc.constantFrom(...KEYS, ...MORE, ...SEEN), HOSTILE), { maxLength: 12 });
    fc.assert(
      fc.property(pairs, (entries) => {
        const read = parseAddress(`?${new URLSearchParams(entries)}`);
        expect(parseAddress(formatAddress(read))).toEqual(read);
        expect(parseAddress(formatAddress(read, true))).toEqual(read);
      }),
      { numRuns: 500 },
    );
  });

  it('is the same after it was written and read, whatever is seen', () => {
    const looks = fc.record({
      theme: fc.constantFrom(...THEMES),
      colour: fc.constantFrom(...COLOURS),
      shape: fc.constantFrom(...SHAPES),
      layerShown: fc.boolean(),
    });
    const places = fc.record({
      ...{
        zoom: zooms,
        stripZoom: zooms,
        at: hundredths,
        stripAt: hundredths,
        ranksAt: hundredths,
        pairAt: hundredths,
        pairsAt: hundredths,
        rankListAt: hundredths,
      },
      ...{ strip: ranks, rank: ranks, beside: fc.constantFrom(null, 'router' as const, 'shared' as const) },
      rankParts: fc.option(fc.subarray([...RANK_PARTS])),
      readsShown: fc.constantFrom(null, true, false),
      pairColour: fc.constantFrom(...PAIR_COLOURS),
    });
    fc.assert(
      fc.property(looks, places, (look, place) => {
        const address = { ...parseAddress('?sample=tiny-qwen3-moe'), look, place };
        expect(parseAddress(formatAddress(address))).toEqual(address);
        // A whole link is read the same whatever the reader's browser remembers, but for the theme.
        const other = { theme: look.theme, colour: 'bytes', shape: 'files', layerShown: !look.layerShown } as const;
        expect(parseAddress(formatAddress(address, true), other)).toEqual(address);
      }),
      { numRuns: 500 },
    );
  });

  it('that says nothing of the look has the remembered one', () => {
    const remembered = { theme: 'dark', colour: 'dtype', shape: 'table', layerShown: false } as const;
    expect(parseAddress('?repo=a/b', remembered).look).toEqual(remembered);
    expect(parseAddress('?repo=a/b&shape=grid&theme=system', remembered).look).toEqual({
      ...remembered,
      ...{ shape: 'grid', theme: 'system' },
    });
  });
});

describe('parseEndpoint', () => {
  it('takes encrypted origins, and this computer', () => {
    expect(parseEndpoint('https://hub.example.org/some/path')).toBe('https://hub.example.org/some/path');
    expect(parseEndpoint('https://hub.example.org/?x=1#y')).toBe('https://hub.example.org');
    expect(parseEndpoint('http://127.0.0.1:7001')).toBe('http://127.0.0.1:7001');
    expect(parseEndpoint('http://localhost:80')).toBe('http://localhost');
  });

  it('takes nothing else', () => {
    for (const text of [
      'http://hub.example.org',
      'ftp://x',
      'https://user:pass@hub.example.org',
      'nonsense',
      '',
      'data:,x',
    ]) {
      expect(parseEndpoint(text)).toBeNull();
    }
    expect(parseEndpoint('https://huggingface.co')).toBeNull();
  });
});

describe('layers', () => {
  it('are read as runs and written as runs', () => {
    expect(parseLayers('7,0-3,2')).toEqual([0, 1, 2, 3, 7]);
    expect(formatLayers([7, 0, 1, 2, 3, 3])).toBe('0-3,7');
    expect(formatLayers([])).toBe('');
  });

  it('have a limit', () => {
    expect(parseLayers('0-99999')).toHaveLength(2000);
  });
});
