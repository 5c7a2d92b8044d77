import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FormScan, boundaryOf } from '../../src/router/form-scan.ts';

interface Part {
  name: string;
  value: string;
  file?: boolean;
}

const form = (parts: readonly Part[], boundary = 'B'): Buffer =>
  Buffer.concat([
    ...parts.map(({ name, value, file }) =>
      Buffer.from(
        `--${boundary}\r\nContent-Disposition: form-data; name="${name}"${file === true ? '; filename="x.bin"\r\nContent-Type: audio/wav' : ''}\r\n\r\n${value}\r\n`,
        'latin1',
      ),
    ),
    Buffer.from(`--${boundary}--\r\n`),
  ]);

const scanned = (body: Buffer, size: number, wanted = ['model', 'stream']): FormScan => {
  const scan = new FormScan('B', wanted);
  for (let at = 0; at < body.length && !scan.settled; at += size) scan.feed(body.subarray(at, at + size));
  if (!scan.settled) scan.end();
  return scan;
};

describe('a multipart form', () => {
  const parts = [
    { name: 'file', value: '\r\n--A\r\n\r\n--\r\n-', file: true },
    { name: 'model', value: 'alpha' },
    { name: 'prompt', value: '' },
    { name: 'stream', value: 'true' },
  ];

  test.each([1, 2, 3, 7, 64, 1024])('gives its fields, cut every %i bytes', (size) => {
    const scan = scanned(form(parts), size);
    expect(scan.problem).toBeNull();
    expect(Object.fromEntries(scan.found)).toEqual({ model: 'alpha', stream: true });
  });

  test('is settled as soon as everything is found, without the rest', () => {
    const scan = new FormScan('B', ['model']);
    scan.feed(form([{ name: 'model', value: 'alpha' }]).subarray(0, -4));
    expect(scan.settled).toBe(true);
  });

  test('may hold an empty value, a repeated field and a name without quotes', () => {
    const body = Buffer.from(
      '--B\r\ncontent-disposition: form-data; name=model\r\n\r\n\r\n--B\r\nContent-Disposition: form-data; name="model"\r\n\r\nsecond\r\n--B--',
    );
    expect(scanned(body, 5, ['model', 'other']).found.get('model')).toBe('');
  });

  test.each([
    ['ends before its closing boundary', Buffer.from('--B\r\nContent-Disposition: form-data; name="x"\r\n\r\nabc')],
    ['longer than 4096', form([{ name: 'model', value: 'x'.repeat(10_000) }])],
    ['headers of a part do not end', Buffer.from(`--B\r\n${'x'.repeat(40_000)}`)],
  ])('%s', (problem, body) => {
    expect(scanned(body, 4000).problem).toContain(problem);
  });

  test('of any content and any cut', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 300 }),
        fc.integer({ min: 1, max: 50 }),
        fc.stringMatching(/^[a-z]{1,20}$/),
        (bytes, size, model) => {
          const value = Buffer.from(bytes).toString('latin1').replaceAll('\r\n--B', '');
          const scan = scanned(
            form([
              { name: 'file', value, file: true },
              { name: 'model', value: model },
            ]),
            size,
          );
          expect(scan.found.get('model')).toBe(model === 'true' ? true : model === 'false' ? false : model);
        },
      ),
    );
  });
});

test.each([
  ['multipart/form-data; boundary=abc', 'abc'],
  ['Multipart/Form-Data; charset=utf-8; boundary="a b"', 'a b'],
  ['multipart/form-data', null],
  ['application/json', null],
  [undefined, null],
  [`multipart/form-data; boundary=${'x'.repeat(100)}`, null],
])('the boundary of %s is %s', (type, boundary) => {
  expect(boundaryOf(type)).toBe(boundary);
});
