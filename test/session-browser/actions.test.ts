import { expect, it } from 'vitest';
import { html, never, openTestBrowser, refOf, startSite } from './harness.ts';

it('opens a page, reads it, types, clicks and takes a picture', async () => {
  const site = await startSite({
    '/': html(
      '<h1>Welcome</h1><p>See <a href="/next">the next page</a>.</p><form action="/found"><label>Search <input name="q"></label><button>Go</button></form>',
      '<title>Start</title>',
    ),
    '/next': html('<h1>Next</h1>', '<title>Next</title>'),
    '/found': html('<h1>Found</h1>', '<title>Found</title>'),
  });
  const { browser, visits } = await openTestBrowser({ sites: [site] });
  const opened = await browser.navigate(site.origin, never);
  expect(opened.page).toEqual({ url: `${site.origin}/`, title: 'Start' });
  const read = await browser.read(0, 5000, never);
  const facts = await browser.facts(refOf(read.text, 'Search'), never);
  expect(facts).toMatchObject({
    role: 'textbox',
    submits: true,
    form: { action: `${site.origin}/found`, method: 'get' },
  });
  await browser.type(refOf(read.text, 'Search'), 'cups', true, never);
  expect(browser.page()?.url).toBe(`${site.origin}/found?q=cups`);
  await browser.back(never);
  await browser.click(refOf((await browser.read(0, 5000, never)).text, 'the next page'), never);
  expect(browser.page()?.title).toBe('Next');
  const { png } = await browser.screenshot({}, never);
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  expect(visits).toEqual([`${site.origin}/`]);
  await browser.close();
});
