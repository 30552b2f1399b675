// The dashboard as a person uses it: opened from disk, with the keyboard alone, in both colour schemes, and with text that would
// like to run.
'use strict';
const assert = require('assert');
const crypto = require('crypto');
const fs = require('fs');
const path = require('path');
const axe = fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const {launch, open, url, check, result} = require('./browser.js');

async function seriousFaults(page) {
  await page.evaluate(axe);
  const report = await page.evaluate(() => window.axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa',
                                                                               'best-practice']}));
  return report.violations.filter(v => v.impact === 'serious' || v.impact === 'critical')
      .map(v => v.id + ': ' + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(' | '));
}

async function clean(page) {
  assert.deepStrictEqual(page.faults, []);
  assert.deepStrictEqual(await page.evaluate(() => window.violations), []);
  assert.strictEqual(await page.evaluate(() => window.pwned), undefined);
  const risky = await page.evaluate(() => [...document.querySelectorAll('*')]
      .filter(e => /^(IMG|LINK|OBJECT|EMBED|FORM|BASE)$/.test(e.tagName) ||
                   [...e.attributes].some(a => a.name === 'style' || a.name.startsWith('on') || /^\s*(javascript|data|https?):/i.test(a.value)))
      .map(e => e.outerHTML.slice(0, 120)));
  assert.deepStrictEqual(risky, []);
}

const names = page => page.$$eval('#forest tbody:not(.all) tr:not(.family) th a', links => links.map(a => a.textContent));

// A slice whose first broken prompt lies in a side page.
function farSlice() {
  const index = JSON.parse(document.getElementById('data').textContent);
  return index.rows.find(r => r.dimension === 'customer' && r.broke.length > 0 && r.broke[0] >= index.chunks[1].first).value;
}

async function rows(page, count) {
  await page.waitForFunction(n => document.querySelectorAll('#forest tbody:not(.all) tr').length >= n, Math.min(count, 60));
  if (count > 60) await page.evaluate(() => document.querySelector('.more').click());
  await page.waitForFunction(n => document.querySelectorAll('#forest tbody:not(.all) tr').length === n, count, {timeout: 20000});
}

async function main() {
  const browser = await launch();
  const verdict = JSON.parse(fs.readFileSync(path.join(process.env.PAGES, 'forty', 'verdict.json'), 'utf8'));

  await check('the policy of the page names the hashes of its style and script, and nothing else may run', () => {
    for (const [folder, file] of [['forty', 'report.html'], ['thousand', 'report.html'], ['thousand', 'report.prompts-1.html'],
                                  ['trend', 'trend.html']]) {
      const text = fs.readFileSync(path.join(process.env.PAGES, folder, file), 'utf8');
      const policy = /Content-Security-Policy" content="([^"]*)"/.exec(text)[1];
      const hash = (open, close) => {
        const from = text.lastIndexOf(open) + open.length;
        return "'sha256-" + crypto.createHash('sha256').update(text.slice(from, text.indexOf(close, from))).digest('base64') + "'";
      };
      const frames = fs.existsSync(path.join(process.env.PAGES, folder, 'report.prompts-1.html')) && file === 'report.html';
      assert.strictEqual(policy, "default-src 'none'; script-src " + hash('<script>', '</script>') + '; style-src ' +
                         hash('<style>', '</style>') + '; ' + (frames ? "frame-src 'self'; " : '') + "base-uri 'none'; form-action 'none'");
    }
  });

  for (const colorScheme of ['light', 'dark']) {
    await check('no serious accessibility fault, ' + colorScheme, async () => {
      for (const [folder, file] of [['forty', 'report.html'], ['hostile', 'report.html'], ['readme', 'report.html'], ['trend', 'trend.html'],
                                    ['thousand', 'report.prompts-1.html']]) {
        const page = await open(browser, url(folder, file), {colorScheme});
        assert.deepStrictEqual(await seriousFaults(page), [], file);
        await clean(page);
        await page.context().close();
      }
      const page = await open(browser, url('forty', 'report.html') + '#customer%3Acustomer_0002', {colorScheme});
      await page.waitForSelector('dialog[open] article pre');
      assert.deepStrictEqual(await seriousFaults(page), []);
      const dark = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      assert.strictEqual(dark, colorScheme === 'dark' ? 'rgb(13, 17, 23)' : 'rgb(255, 255, 255)');
      await page.context().close();
    });
  }

  await check('every slice is a row with the figures of verdict.json, worst first', async () => {
    const page = await open(browser, url('forty', 'report.html'));
    await rows(page, verdict.segments.length);
    assert.strictEqual(await page.textContent('h1 .word'), verdict.verdict.toUpperCase());
    const cells = await page.$$eval('#forest tbody:not(.all) tr', list => list.map(r => [...r.cells].map(c => c.textContent.trim())));
    const points = x => (Math.round(x * 1000) / 10 > 0 ? '+' : '') + (x * 100).toFixed(1).replace(/^-0\.0$/, '0.0');
    for (const segment of verdict.segments) {
      const row = cells.find(c => c[0] === segment.value + ' ' + segment.dimension);
      assert.ok(row, segment.value);
      assert.strictEqual(row[2], segment.n_pairs.toLocaleString('en'));
      assert.strictEqual(row[8], String(segment.n_incumbent_only));
      assert.strictEqual(row[9], String(segment.n_candidate_only));
      if (Math.abs(segment.delta * 1000 % 1) - 0.5 > 1e-6) assert.strictEqual(row[5], points(segment.delta));
    }
    assert.ok(cells[0][0].startsWith('customer_0002'), cells[0][0]);
    assert.match(cells[0][1], /✗ BLOCK|✗ BELOW FLOOR/);
    assert.strictEqual(await page.locator('tr.block .f .ci').count() > 0, true);
    await clean(page);
    await page.context().close();
  });

  await check('sorting by a column and back, with aria-sort', async () => {
    const page = await open(browser, url('forty', 'report.html'));
    const before = await names(page);
    await page.click('th[data-key=n] button');
    assert.strictEqual(await page.getAttribute('th[data-key=n]', 'aria-sort'), 'descending');
    const sizes = await page.$$eval('#forest tbody:not(.all) tr', list => list.map(r => Number(r.cells[2].textContent.replace(/,/g, ''))));
    assert.deepStrictEqual(sizes, [...sizes].sort((a, b) => b - a));
    await page.click('th[data-key=n] button');
    assert.strictEqual(await page.getAttribute('th[data-key=n]', 'aria-sort'), 'ascending');
    await page.click('th[data-key=name] button');
    assert.strictEqual(await page.getAttribute('th[data-key=n]', 'aria-sort'), null);
    const sorted = (await names(page)).filter(n => n.startsWith('customer'));
    assert.deepStrictEqual(sorted, [...sorted].sort());
    await page.click('th[data-key=order] button');
    assert.deepStrictEqual(await names(page), before);
    await page.context().close();
  });

  await check('filters by name, verdict and dimension, and says how many are left', async () => {
    const page = await open(browser, url('forty', 'report.html'));
    await page.fill('#filter', 'CUSTOMER_001');
    assert.strictEqual((await names(page)).length, 10);
    assert.strictEqual(await page.textContent('#count'), '10 of ' + verdict.segments.length + ' slices');
    await page.fill('#filter', '');
    await page.click('#dimensions button:nth-child(3)');
    assert.deepStrictEqual((await names(page)).sort(), ['de', 'en', 'fr']);
    await page.click('#dimensions button:nth-child(1)');
    await page.selectOption('#status', 'block');
    const blocked = verdict.segments.filter(s => s.status === 'block' || s.status === 'below_floor').length;
    assert.strictEqual((await names(page)).length, blocked);
    await page.context().close();
  });

  await check('a slice opens with its prompts, before and after, and the words that differ', async () => {
    const page = await open(browser, url('forty', 'report.html'));
    await page.click('#forest a:text-is("customer_0002")');
    await page.waitForSelector('dialog[open] article pre');
    assert.match(page.url(), /#customer%3Acustomer_0002$/);
    const slice = verdict.segments.find(s => s.value === 'customer_0002');
    assert.strictEqual(await page.textContent('#prompt-tab-broke'), '✗ broke ' + slice.broke.length);
    const first = page.locator('dialog article').first();
    assert.strictEqual(await first.locator('h3 code').textContent(), slice.broke[0]);
    assert.strictEqual(await first.locator('ins').textContent(), 'other');
    assert.strictEqual(await first.locator('del').count(), 1);
    const log = fs.readFileSync(path.join(process.env.PAGES, 'forty', 'candidate.jsonl'), 'utf8').split('\n');
    const row = JSON.parse(log.find(line => line.includes('"' + slice.broke[0] + '"')));
    assert.strictEqual(await first.locator('.side pre').nth(1).textContent(), row.output);
    const shown = await page.locator('dialog article').count();
    assert.strictEqual(shown, Math.min(10, slice.broke.length));
    await page.click('dialog .more');
    await page.waitForFunction(n => document.querySelectorAll('dialog article').length > n, shown);
    await page.click('#prompt-tab-fixed');
    await page.waitForFunction(() => document.querySelector('dialog article.fixed') || document.querySelector('dialog .note'));
    await clean(page);
    await page.context().close();
  });

  await check('the CSV is the one of the command', async () => {
    const page = await open(browser, url('forty', 'report.html'));
    const [saved] = await Promise.all([page.waitForEvent('download'), page.click('#csv-button')]);
    assert.strictEqual(saved.suggestedFilename(), 'slices.csv');
    assert.strictEqual(fs.readFileSync(await saved.path(), 'utf8'),
                       fs.readFileSync(path.join(process.env.PAGES, 'forty', 'slices.csv'), 'utf8'));
    await clean(page);
    await page.context().close();
  });

  await check('the keyboard goes all the way: filter, row, prompts, tabs, close', async () => {
    const page = await open(browser, url('forty', 'report.html'));
    const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.textContent);
    await page.keyboard.press('Tab');
    assert.strictEqual(await focused(), 'Skip to the slices');
    for (let i = 0; i < 12 && await focused() !== 'filter'; ++i) await page.keyboard.press('Tab');
    assert.strictEqual(await focused(), 'filter');
    await page.keyboard.type('customer_0002');
    for (let i = 0; i < 40 && await focused() !== 'customer_0002'; ++i) await page.keyboard.press('Tab');
    assert.strictEqual(await focused(), 'customer_0002');
    await page.keyboard.press('Enter');
    await page.waitForSelector('dialog[open] article');
    assert.strictEqual(await focused(), 'detail-title');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    assert.strictEqual(await focused(), 'prompt-tab-broke');
    await page.keyboard.press('ArrowRight');
    assert.strictEqual(await focused(), 'prompt-tab-fixed');
    assert.strictEqual(await page.getAttribute('#prompt-tab-fixed', 'aria-selected'), 'true');
    await page.keyboard.press('Escape');
    await page.waitForSelector('dialog:not([open])', {state: 'attached'});
    assert.strictEqual(await focused(), 'customer_0002');
    assert.ok(!page.url().includes('#'));
    await page.context().close();
  });

  await check('deep links open a slice, from outside and by going back', async () => {
    const page = await open(browser, url('forty', 'report.html') + '#customer_0005');
    await page.waitForSelector('dialog[open]');
    assert.strictEqual(await page.textContent('#detail-title'), 'customer_0005');
    await page.goto(url('forty', 'report.html') + '#all');
    await page.waitForFunction(() => document.getElementById('detail-title').textContent === 'All slices');
    await page.goto(url('forty', 'report.html') + '#no-such-slice');
    await page.waitForSelector('dialog:not([open])', {state: 'attached'});
    await page.goto(url('forty', 'report.html') + '#%E0%A4%A');
    await clean(page);
    await page.context().close();
  });

  await check('hostile names, ids and answers are text', async () => {
    const page = await open(browser, url('hostile', 'report.html'));
    const data = JSON.parse(fs.readFileSync(path.join(process.env.PAGES, 'hostile', 'verdict.json'), 'utf8'));
    await rows(page, data.segments.length);
    const links = await page.$$eval('#forest tbody tr th a', list => list.map(a => a.getAttribute('href')));
    for (const href of links) {
      await page.evaluate(h => { location.hash = h; }, href);
      await page.waitForSelector('dialog[open] article');
    }
    const body = await page.evaluate(() => document.body.textContent + document.title);
    assert.ok(!/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/.test(body), 'control or direction characters');
    assert.strictEqual(await page.locator('img, svg[onload], iframe').count(), 0);
    await clean(page);
    await page.goto(url('hostile', 'report.html') + '#' + encodeURIComponent('customer:</script><script>window.pwned=1</script>'));
    await page.waitForSelector('dialog[open] article');
    assert.match(await page.textContent('dialog article .note'), /cut here: 1,0\d\d,\d\d\d bytes in all/);
    await clean(page);
    await page.context().close();
  });

  await check('a thousand slices and 100,000 prompts: all rows come, prompts come from the side pages, nothing from the network', async () => {
    const page = await open(browser, url('thousand', 'report.html'));
    await rows(page, 1003);
    assert.match(await page.textContent('footer'), /changed prompts, [\d,]+ bytes each on average: [\d,]+ in this page/);
    const far = await page.evaluate(farSlice);
    await page.fill('#filter', far);
    await page.click('#forest a:text-is("' + far + '")');
    await page.waitForSelector('dialog[open] article pre', {timeout: 20000});
    assert.ok(page.requests.some(r => /report\.prompts-\d+\.html$/.test(r)), 'no side page was opened');
    const big = JSON.parse(fs.readFileSync(path.join(process.env.PAGES, 'thousand', 'verdict.json'), 'utf8'));
    const slice = big.segments.find(s => s.value === far);
    assert.strictEqual(await page.textContent('dialog article h3 code'), slice.broke[0]);
    assert.strictEqual(await page.locator('iframe').count(), 0);
    await clean(page);
    await page.context().close();
  });

  await check('a side page lists its prompts by itself, and one that is lost is named', async () => {
    const page = await open(browser, url('thousand', 'report.prompts-1.html'));
    await page.waitForSelector('article pre');
    await clean(page);
    await page.context().close();
    const lost = path.join(process.env.PAGES, 'lost');
    fs.mkdirSync(lost, {recursive: true});
    fs.copyFileSync(path.join(process.env.PAGES, 'thousand', 'report.html'), path.join(lost, 'report.html'));
    const alone = await open(browser, url('lost', 'report.html'));
    await alone.evaluate(hash => { location.hash = hash; }, '#' + await alone.evaluate(farSlice));
    await alone.waitForSelector('dialog .note a', {timeout: 40000});
    assert.match(await alone.textContent('dialog .note:last-child'), /must lie beside this page/);
    await alone.context().close();
  });

  await check('families fold, with their own figures', async () => {
    const page = await open(browser, url('families', 'report.html'));
    await page.check('#group');
    const heads = await page.$$eval('#forest tr.family button', list => list.map(b => b.textContent));
    assert.deepStrictEqual(heads.map(h => /[▾▸] (\S+) \(customer, (\d+) slices?\): .* pairs, \d+ broke/.exec(h)?.slice(1, 3).join(' ')).sort(),
                           ['mail 3', 'pay 2']);
    const before = await page.locator('#forest tbody tr').count();
    await page.focus('#forest tr.family button');
    await page.keyboard.press('Enter');
    assert.strictEqual(await page.getAttribute('#forest tr.family button', 'aria-expanded'), 'false');
    assert.ok(await page.locator('#forest tbody tr').count() < before);
    assert.deepStrictEqual(await seriousFaults(page), []);
    await clean(page);
    await page.context().close();
  });

  await check('a family has an address', async () => {
    const page = await open(browser, url('families', 'report.html'));
    await page.evaluate(() => { location.hash = '#family:pay'; });
    await page.waitForSelector('dialog[open]');
    assert.strictEqual(await page.textContent('#detail-title'), 'Family pay');
    assert.match(await page.textContent('dialog p'), /^customer: .* pairs, \d+ broke/);
    await page.keyboard.press('Escape');
    assert.ok(!await page.isVisible('dialog'));
    await clean(page);
    await page.context().close();
  });

  await check('readable without a script', async () => {
    const page = await open(browser, url('forty', 'report.html'), {javaScriptEnabled: false});
    assert.strictEqual(await page.locator('#forest tbody:not(.all) tr').count(), verdict.segments.length);
    assert.ok(await page.locator('#forest tbody:not(.all) tr').last().isVisible());
    await page.context().close();
  });

  await check('printed: every row, no controls', async () => {
    const page = await open(browser, url('forty', 'report.html'));
    await page.emulateMedia({media: 'print'});
    assert.ok(!await page.isVisible('#controls'));
    assert.strictEqual((await page.pdf({format: 'A4', landscape: true})).subarray(0, 4).toString(), '%PDF');
    await page.context().close();
  });

  await check('the trend over runs', async () => {
    const page = await open(browser, url('trend', 'trend.html'));
    assert.strictEqual(await page.locator('section:first-of-type tbody tr').count(), 3);
    await page.fill('#filter', 'customer_0002');
    assert.strictEqual(await page.locator('#forest tbody tr').count(), 1);
    await clean(page);
    await page.context().close();
  });

  if (process.env.SCREENSHOT) {
    const page = await open(browser, url('readme', 'report.html'), {viewport: {width: 1420, height: 800}, colorScheme: 'light'});
    await page.screenshot({path: process.env.SCREENSHOT, animations: 'disabled'});
    await page.context().close();
  }
  await browser.close();
  return result();
}

main().then(code => process.exit(code), error => { console.error(error); process.exit(1); });
