// How long a reader waits at 1,000 slices and 100,000 prompts: first paint after the page is opened from disk, then a sort and a
// filter until the next frame is drawn. The fastest of nine and the median.
'use strict';
const fs = require('fs');
const path = require('path');
const {launch, open, url} = require('./browser.js');

const ascending = list => [...list].sort((a, b) => a - b);
const figure = list => Math.round(ascending(list)[0]) + ' (' + Math.round(ascending(list)[Math.floor(list.length / 2)]) + ')';

// Milliseconds from a click to the frame that shows its effect.
const clickToFrame = (page, selector) => page.evaluate(s => new Promise(resolve => {
  const start = performance.now();
  document.querySelector(s).click();
  requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start), 0));
}), selector);

async function main() {
  const browser = await launch();
  console.log('| slices | page, bytes | side pages, bytes | first paint, ms | sort, ms | filter, ms |');
  console.log('| ---: | ---: | ---: | ---: | ---: | ---: |');
  for (const [folder, slices] of [['forty', '40'], ['thousand', '1,000']]) {
    const paint = [];
    const sort = [];
    const filter = [];
    for (let i = 0; i < 9; ++i) {
      const page = await open(browser, url(folder, 'report.html'));
      await page.waitForFunction(() => performance.getEntriesByName('first-contentful-paint').length > 0);
      paint.push(await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0].startTime));
      await page.waitForTimeout(500);
      sort.push(await clickToFrame(page, 'th[data-key=delta] button'));
      await page.waitForTimeout(500);
      filter.push(await page.evaluate(() => new Promise(resolve => {
        const field = document.getElementById('filter');
        const start = performance.now();
        field.value = '1';
        field.dispatchEvent(new Event('input'));
        requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start), 0));
      })));
      await page.context().close();
    }
    const files = fs.readdirSync(path.join(process.env.PAGES, folder)).filter(f => f.endsWith('.html'));
    const bytes = f => fs.statSync(path.join(process.env.PAGES, folder, f)).size;
    const sides = files.filter(f => f !== 'report.html').reduce((sum, f) => sum + bytes(f), 0);
    console.log('| ' + [slices, bytes('report.html').toLocaleString('en'), sides.toLocaleString('en'),
                        ...[paint, sort, filter].map(figure)].join(' | ') + ' |');
  }
  await browser.close();
}

main().catch(error => { console.error(error); process.exit(1); });
