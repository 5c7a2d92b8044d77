import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { outdated } from '../../scripts/generate.mjs';
import { generators } from '../../scripts/generators.mjs';
import { chartOf, guardWords, triggerWords } from '../../scripts/visualize/chart.ts';
import type { Chart } from '../../scripts/visualize/chart.ts';
import { generate } from '../../scripts/visualize/index.ts';
import { textWidth, wrap } from '../../scripts/visualize/text.ts';
import { launchChromium } from '../support/chromium.ts';
import { sampleMachine } from './fixtures/sample.machine.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

describe('the generated files in the repository', () => {
  it.each(generators.map((generator) => [generator.name, generator] as const))(
    'are current: %s',
    async (_name, generator) => {
      expect([...(await outdated(generator)).keys()]).toEqual([]);
    },
  );

  it('hold a diagram of every machine that is exported', async () => {
    const sources = await readdir(join(root, 'machines'));
    const machines = sources.flatMap((name) => /^(.*)\.machine\.ts$/.exec(name)?.[1] ?? []);
    expect(machines.length).toBeGreaterThanOrEqual(4);
    const drawn = await readdir(join(root, 'visualizations'));
    expect(drawn).toEqual(expect.arrayContaining(machines.flatMap((name) => [`${name}.svg`, `${name}.mmd`])));
    expect(drawn).toEqual(expect.arrayContaining(['README.md', 'actors.svg', 'actors.mmd']));
  });
});

describe('the chart of a machine', () => {
  let chart: Chart;
  beforeAll(() => {
    chart = chartOf(sampleMachine);
  });
  const triggers = (from: string, to: string): string[] | undefined =>
    chart.edges.find((edge) => edge.from === from && edge.to === to)?.triggers;

  it('lists states in the order of the definition, nested ones under their parents', () => {
    expect(chart.states.map(({ id, parent }) => [id, parent])).toEqual([
      ['idle', null],
      ['busy', null],
      ['busy.reading', 'busy'],
      ['busy.writing', 'busy'],
      ['over', null],
    ]);
    expect(chart.initial).toBe('idle');
    expect(chart.states.find(({ id }) => id === 'busy')?.initial).toBe('busy.reading');
    expect(chart.states.filter(({ final }) => final).map(({ id }) => id)).toEqual(['over']);
  });

  it('names guards, the rest after them, delays, and the ends of invoked actors', () => {
    expect(triggers('idle', 'busy')).toEqual(['go [isOpen]']);
    expect(triggers('idle', 'over')).toEqual(['go [isFull and not isOpen]']);
    expect(triggers('idle', 'idle')).toEqual(['go [else]']);
    expect(triggers('busy.reading', 'busy.writing')).toEqual(['fetchPage is done']);
    expect(triggers('busy.reading', 'over')).toEqual(['fetchPage fails']);
    expect(triggers('busy.writing', 'busy.reading')).toEqual(['after patience']);
    expect(triggers('busy.writing', 'over')).toEqual(['after 2 s']);
    expect(triggers('busy.writing', 'idle')).toEqual(['always [isFull]']);
  });

  it('tells apart what is handled in one state, and what everywhere, without leaving', () => {
    expect(chart.states.find(({ id }) => id === 'busy.reading')).toMatchObject({
      stays: ['note'],
      invokes: ['fetchPage'],
    });
    expect(chart.everywhere).toEqual(['note']);
  });

  it('has words for the odd cases', () => {
    expect(triggerWords('*')).toBe('anything else');
    expect(triggerWords('xstate.after.250.sample.idle')).toBe('after 250 ms');
    expect(guardWords(undefined)).toBeNull();
    expect(guardWords({ type: 'named' })).toBe('named');
  });
});

describe('the files drawn of a machine', () => {
  let files: Record<string, string>;
  beforeAll(async () => {
    files = await generate([sampleMachine], sampleMachine);
  });

  it('are the same every time', async () => {
    expect(await generate([sampleMachine], sampleMachine)).toEqual(files);
    expect(Object.keys(files).sort()).toEqual(
      ['README.md', 'actors.mmd', 'actors.svg', 'sample.mmd', 'sample.svg'].map((name) => `visualizations/${name}`),
    );
  });

  it('mark every state so that a page can light it', () => {
    const svg = files['visualizations/sample.svg'] ?? '';
    for (const id of ['idle', 'busy', 'busy.reading', 'busy.writing', 'over']) {
      expect(svg).toContain(`id="sample-state-${id}" data-state="${id}"`);
    }
  });

  it('hold well-formed XML, in which the browser finds no text outside of the picture or of its own box', async () => {
    const all = { ...(await generate()), ...files };
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      for (const path of Object.keys(all).filter((name) => name.endsWith('.svg'))) {
        await page.setContent(`<body>${all[path] ?? ''}`);
        const parsed = await page.evaluate(
          `new DOMParser().parseFromString(${JSON.stringify(all[path])}, 'image/svg+xml').querySelector('parsererror')?.textContent ?? null`,
        );
        expect(parsed).toBeNull();
        const spilled = await page.evaluate(`(() => {
          const inside = (inner, outer) => inner.left >= outer.left && inner.right <= outer.right && inner.top >= outer.top && inner.bottom <= outer.bottom;
          const whole = document.querySelector('svg').getBoundingClientRect();
          return [...document.querySelectorAll('svg text')].filter((text) => {
            const box = text.closest('.lm-state')?.querySelector('.lm-box').getBoundingClientRect() ?? whole;
            return !inside(text.getBoundingClientRect(), box);
          }).map((text) => text.textContent);
        })()`);
        expect(spilled).toEqual([]);
      }
    } finally {
      await browser.close();
    }
  });

  it('escape what the formats would read as syntax', () => {
    expect(files['visualizations/sample.svg']).toContain('Shows &lt;everything&gt; &amp; more.');
    expect(files['visualizations/sample.mmd']).toContain('idle : Waits#58; for a word#59; nothing else.');
  });

  it('show nesting, starts and ends in Mermaid', () => {
    const mermaid = files['visualizations/sample.mmd'] ?? '';
    expect(mermaid).toMatch(/state busy \{\n {4}\[\*\] --> busy_reading/);
    expect(mermaid).toContain('  [*] --> idle\n');
    expect(mermaid).toContain('  over --> [*]\n');
  });

  it('tell in the gallery what each state means and how it ends', () => {
    const gallery = files['visualizations/README.md'] ?? '';
    expect(gallery).toContain('| **idle** (first) | Waits: for a word; nothing else. |');
    expect(gallery).toContain('`fetchPage is done` → **busy.writing**');
    expect(gallery).toContain('![States of sample](sample.svg)');
  });
});

describe('text in diagrams', () => {
  it('is broken between words, never within one', () => {
    const lines = wrap('a supercalifragilistic word stays whole', 60, { size: 12 });
    expect(lines.join(' ')).toBe('a supercalifragilistic word stays whole');
    expect(lines).toContain('supercalifragilistic');
    expect(wrap('', 60, { size: 12 })).toEqual([]);
  });

  it('is measured wider when it is bold or larger', () => {
    expect(textWidth('loading', { size: 12, bold: true })).toBeGreaterThan(textWidth('loading', { size: 12 }));
    expect(textWidth('loading', { size: 15 })).toBeGreaterThan(textWidth('loading', { size: 12 }));
  });
});

describe('the gallery in the repository', () => {
  it('links only to files that are there', async () => {
    const text = await readFile(join(root, 'visualizations/README.md'), 'utf8');
    const links = [...text.matchAll(/\]\(([^)#]+)\)/g)].map(([, link]) => link ?? '');
    expect(links.length).toBeGreaterThan(8);
    expect(await readdir(join(root, 'visualizations'))).toEqual(expect.arrayContaining(links));
  });
});
