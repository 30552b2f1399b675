// Left and right arrows, Home and End move along a row of tabs.
function arrowKeys(buttons, choose) {
  buttons.forEach((button, i) => {
    button.addEventListener('click', () => choose(i));
    button.addEventListener('keydown', event => {
      const to = {ArrowRight: (i + 1) % buttons.length, ArrowLeft: (i + buttons.length - 1) % buttons.length, Home: 0,
                  End: buttons.length - 1}[event.key];
      if (to === undefined) return;
      event.preventDefault();
      choose(to);
      buttons[to].focus();
    });
  });
}

function download(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], {type}));
  const link = element('a', {href: url, download: name});
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

function startPage() {
  const index = slot('data');
  const forest = new Forest(document.getElementById('forest'), index);
  document.getElementById('controls').hidden = false;
  document.getElementById('filter').addEventListener('input', event => forest.set('text', event.target.value.toLowerCase()));
  document.getElementById('status').addEventListener('change', event => forest.set('status', event.target.value));
  const tabs = [...document.querySelectorAll('#dimensions button')];
  arrowKeys(tabs, n => {
    tabs.forEach((tab, k) => {
      tab.setAttribute('aria-selected', String(k === n));
      tab.tabIndex = k === n ? 0 : -1;
    });
    document.getElementById('panel').setAttribute('aria-labelledby', tabs[n].id);
    forest.set('dimension', n === 0 ? '' : index.dimensions[n - 1]);
  });
  const group = document.getElementById('group');
  if (group && forest.families) {
    group.closest('label').hidden = false;
    group.addEventListener('change', () => forest.set('grouped', group.checked));
  }
  const csv = document.getElementById('csv-button');
  if (index.csv) {
    csv.hidden = false;
    csv.addEventListener('click', () => download(index.csv.name, 'text/csv', index.csv.text));
  }
  addEventListener('beforeprint', () => forest.all());
  const dialog = document.getElementById('detail');
  if (dialog) new Detail(dialog, index, forest);
}

function startSide() {
  const held = promptsInPage();
  if (window.parent !== window) {
    window.parent.postMessage(held, '*');
    return;
  }
  const list = document.getElementById('list');
  let shown = 0;
  const more = element('button', {type: 'button', class: 'more'});
  const next = () => {
    const to = Math.min(shown + PROMPTS_AT_ONCE, held.prompts.length);
    for (; shown < to; ++shown) list.append(promptArticle(held.prompts[shown], held.prompts[shown].change, held.names));
    more.textContent = 'Show more (' + (held.prompts.length - shown) + ' left)';
    more.hidden = shown === held.prompts.length;
  };
  more.addEventListener('click', next);
  list.after(more);
  next();
}

if (document.getElementById('forest')) startPage();
else if (document.getElementById('list')) startSide();
