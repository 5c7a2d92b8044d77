/** A strict reader of the Prometheus text format 0.0.4: whatever a real scraper could stumble over is an error here. */

export interface Family {
  type: 'counter' | 'gauge' | 'histogram';
  help: string;
  samples: { name: string; labels: Record<string, string>; value: number }[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\n"])*)"(?:,(?=[a-zA-Z_])|$)/;

const numberOf = (text: string): number => {
  if (text === '+Inf') return Infinity;
  if (text === '-Inf') return -Infinity;
  if (text === 'NaN') return Number.NaN;
  if (!/^-?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/.test(text)) throw new Error(`no number: ${text}`);
  return Number(text);
};

const labelsOf = (text: string): Record<string, string> => {
  const labels: Record<string, string> = {};
  for (let rest = text; rest !== '';) {
    const match = LABEL.exec(rest);
    if (!match) throw new Error(`no label: ${rest}`);
    const [whole, name = '', value = ''] = match;
    if (name in labels) throw new Error(`label twice: ${name}`);
    labels[name] = value.replaceAll(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
    rest = rest.slice(whole.length);
  }
  return labels;
};

const checkHistogram = (name: string, { samples }: Family): void => {
  const series = new Map<string, { buckets: [number, number][]; count?: number; sum?: number }>();
  for (const { name: sample, labels, value } of samples) {
    const { le, ...others } = labels;
    const key = JSON.stringify(others);
    const own = series.get(key) ?? { buckets: [] };
    series.set(key, own);
    if (sample === `${name}_bucket`) own.buckets.push([numberOf(le ?? ''), value]);
    else if (sample === `${name}_count`) own.count = value;
    else if (sample === `${name}_sum`) own.sum = value;
    else throw new Error(`not of a histogram: ${sample}`);
  }
  for (const [key, { buckets, count, sum }] of series) {
    if (count === undefined || sum === undefined) throw new Error(`${name}${key} has no count or sum`);
    if (buckets.at(-1)?.[0] !== Infinity || buckets.at(-1)?.[1] !== count)
      throw new Error(`${name}${key}: +Inf is not the count`);
    buckets.forEach(([bound, value], index) => {
      const before = buckets[index - 1];
      if (before && (before[0] >= bound || before[1] > value))
        throw new Error(`${name}${key} does not rise at ${bound}`);
    });
  }
};

/** Families by name; throws at the first line that breaks the format. */
export const parsePrometheus = (text: string): Map<string, Family> => {
  if (!text.endsWith('\n')) throw new Error('the last line has no end');
  const families = new Map<string, Family>();
  const seen = new Set<string>();
  let help: { name: string; text: string } | null = null;
  let open: { name: string; family: Family } | null = null;
  for (const line of text.slice(0, -1).split('\n')) {
    const comment = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line);
    if (comment) {
      const [, kind, name = '', rest = ''] = comment;
      if (!NAME.test(name) || families.has(name)) throw new Error(`bad or repeated family: ${name}`);
      if (kind === 'HELP') help = { name, text: rest };
      else {
        if (help?.name !== name) throw new Error(`TYPE without HELP: ${name}`);
        if (rest !== 'counter' && rest !== 'gauge' && rest !== 'histogram') throw new Error(`no type: ${rest}`);
        open = { name, family: { type: rest, help: help.text, samples: [] } };
        families.set(name, open.family);
      }
      continue;
    }
    const match = SAMPLE.exec(line);
    if (!match || !open) throw new Error(`no sample: ${line}`);
    const [, name = '', labels = '', value = ''] = match;
    const family = open.name;
    const suffixes = open.family.type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
    if (!suffixes.some((suffix) => name === `${family}${suffix}`)) throw new Error(`${name} stands under ${open.name}`);
    const key = line.slice(0, line.lastIndexOf(' '));
    if (seen.has(key)) throw new Error(`series twice: ${key}`);
    seen.add(key);
    const sample = { name, labels: labelsOf(labels), value: numberOf(value) };
    if (open.family.type === 'counter' && !(sample.value >= 0)) throw new Error(`a counter below 0: ${line}`);
    open.family.samples.push(sample);
  }
  for (const [name, family] of families) if (family.type === 'histogram') checkHistogram(name, family);
  return families;
};

/** The sum of all samples of that name whose labels include these; of a histogram's `_count` or `_sum` too. */
export const valueOf = (families: Map<string, Family>, name: string, labels: Record<string, string> = {}): number =>
  [...families.values()]
    .flatMap(({ samples }) => samples)
    .filter(
      (sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
    )
    .reduce((sum, { value }) => sum + value, 0);
