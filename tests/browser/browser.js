// What the tests and the benchmark share: Chromium, pages that record what they should not do, and checks that count.
'use strict';
const {chromium} = require('playwright-core');
const {pathToFileURL} = require('url');
const path = require('path');

const PAGES = process.env.PAGES;

function url(...parts) {
  return pathToFileURL(path.join(PAGES, ...parts)).href;
}

async function launch() {
  return chromium.launch({executablePath: process.env.CHROMIUM, args: ['--no-sandbox', '--disable-gpu']});
}

// A page with `faults`: script errors, refused sources, requests that leave the folder, dialogs.
async function open(browser, address, options = {}) {
  const context = await browser.newContext({viewport: {width: 1280, height: 900}, ...options});
  const page = await context.newPage();
  page.faults = [];
  page.requests = [];
  page.on('pageerror', error => page.faults.push('error: ' + error.message));
  page.on('console', message => { if (message.type() === 'error') page.faults.push('console: ' + message.text()); });
  page.on('dialog', dialog => { page.faults.push('dialog'); dialog.dismiss(); });
  page.on('request', request => {
    page.requests.push(request.url());
    if (!/^(file|blob|data):/.test(request.url())) page.faults.push('request: ' + request.url());
  });
  await page.addInitScript(() => {
    window.violations = [];
    document.addEventListener('securitypolicyviolation', e => window.violations.push(e.violatedDirective + ' ' + e.blockedURI));
  });
  await page.goto(address);
  return page;
}

let passed = 0;
let failed = 0;
async function check(name, body) {
  try {
    await body();
    ++passed;
    console.log('ok      ' + name);
  } catch (error) {
    ++failed;
    console.log('FAILED  ' + name + '\n        ' + String(error.stack || error).split('\n').slice(0, 6).join('\n        '));
  }
}

function result() {
  console.log(passed + ' passed, ' + failed + ' failed');
  return failed === 0 && passed > 0 ? 0 : 1;
}

module.exports = {launch, open, url, check, result};
