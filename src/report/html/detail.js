// A slice or a family opened: its figures and its prompts, broken ones first. The address names it (#dimension:value, #family:name),
// so a link opens it.
const PROMPTS_AT_ONCE = 10;

class Detail {
  constructor(dialog, index, forest) {
    this.dialog = dialog;
    this.index = index;
    this.forest = forest;
    this.byKey = new Map();
    index.rows.forEach((row, i) => { if (!this.byKey.has(row.key)) this.byKey.set(row.key, i); });
    index.rows.forEach((row, i) => { if (!this.byKey.has(row.value)) this.byKey.set(row.value, i); });
    dialog.addEventListener('close', () => this.closed());
    addEventListener('hashchange', () => this.follow());
    this.follow();
  }

  follow() {
    let key = '';
    try {
      key = decodeURIComponent(location.hash.slice(1));
    } catch (error) {
      return;   // not an address of ours
    }
    if (key === 'all') this.open(-1);
    else if (this.byKey.has(key)) this.open(this.byKey.get(key));
    else if (key.startsWith('family:') && this.familyAt(key.slice(7)) !== undefined) this.openFamily(this.familyAt(key.slice(7)));
    else if (this.dialog.open) this.dialog.close();
  }

  // By name, or by dimension:name where two dimensions have a family of that name.
  familyAt(name) {
    const families = this.index.families || [];
    return families.find(f => f.dimension + ':' + f.name === name) || families.find(f => f.name === name);
  }

  closed() {
    if (location.hash) history.replaceState(null, '', location.pathname + location.search);
    const link = this.opener();
    if (link) link.focus();
  }

  opener() {
    if (this.at === -1) return document.querySelector('#all-slices a');
    if (this.at === undefined) return this.forest.table.querySelector('tr.family a');
    const row = this.forest.rows[this.at];
    if (row && !row.isConnected) this.forest.all();
    return row && row.isConnected ? row.querySelector('a') : null;
  }

  open(i) {
    this.at = i;
    const row = i === -1 ? this.index.all : this.index.rows[i];
    const title = this.head(i === -1 ? 'All slices' : visible(row.value));
    const facts = (i === -1 ? document.querySelector('#all-slices') : this.forest.rows[i]).cells;
    const heads = this.forest.table.tHead.rows[0].cells;
    const list = element('dl', {class: 'figures'});
    if (i !== -1) list.append(element('div', {}, element('dt', {}, 'dimension'), element('dd', {}, visible(row.dimension))));
    if (row.family) list.append(element('div', {}, element('dt', {}, 'family'), element('dd', {}, visible(row.family))));
    for (let c = 1; c < facts.length; ++c) {
      if (facts[c].dataset.plot !== undefined || !facts[c].textContent) continue;
      list.append(element('div', {}, element('dt', {}, heads[c].textContent), element('dd', {}, facts[c].textContent)));
    }
    this.show(list, row, title);
  }

  openFamily(family) {
    this.at = undefined;
    const title = this.head('Family ' + visible(family.name));
    this.show(element('p', {}, visible(family.dimension) + ': ' + family.text), family, title);
  }

  head(text) {
    const title = element('h2', {tabindex: '-1', id: 'detail-title'}, text);
    const close = element('button', {type: 'button', class: 'close'}, 'Close (Esc)');
    close.addEventListener('click', () => this.dialog.close());
    this.dialog.replaceChildren(element('div', {class: 'detail-head'}, title, close));
    return title;
  }

  show(figures, row, title) {
    this.dialog.append(figures);
    for (const warning of row.warnings || []) this.dialog.append(element('p', {class: 'note'}, visible(warning)));
    this.prompts(row);
    if (!this.dialog.open) this.dialog.showModal();
    this.dialog.scrollTop = 0;
    title.focus();
  }

  prompts(row) {
    const tabs = element('div', {role: 'tablist', 'aria-label': 'Prompts that changed'});
    const panel = element('div', {role: 'tabpanel', id: 'prompt-panel', 'aria-labelledby': 'prompt-tab-broke'});
    const kinds = [['broke', row.broke], ['fixed', row.fixed]];
    const buttons = kinds.map(([kind, list]) => {
      const button = element('button', {type: 'button', role: 'tab', id: 'prompt-tab-' + kind, 'aria-controls': 'prompt-panel'},
                             (kind === 'broke' ? '✗ broke ' : '▲ fixed ') + list.length);
      return button;
    });
    const choose = n => {
      buttons.forEach((button, k) => {
        button.setAttribute('aria-selected', String(k === n));
        button.tabIndex = k === n ? 0 : -1;
      });
      panel.setAttribute('aria-labelledby', buttons[n].id);
      panel.replaceChildren();
      this.list(panel, kinds[n][0], kinds[n][1], 0);
    };
    arrowKeys(buttons, choose);
    tabs.append(...buttons);
    this.dialog.append(tabs, panel);
    choose(row.broke.length === 0 && row.fixed.length > 0 ? 1 : 0);
  }

  async list(panel, kind, indexes, from) {
    if (indexes.length === 0) {
      panel.append(element('p', {class: 'note'}, kind === 'broke' ? 'No prompt broke.' : 'No prompt was fixed.'));
      return;
    }
    const to = Math.min(from + PROMPTS_AT_ONCE, indexes.length);
    for (let k = from; k < to; ++k) {
      const place = element('div', {class: 'loading'}, '…');
      panel.append(place);
      try {
        place.replaceWith(promptArticle(await promptAt(indexes[k], this.index.chunks, this.index.run), kind, this.index.names));
      } catch (error) {
        const file = this.index.chunks.find(c => indexes[k] >= c.first && indexes[k] < c.first + c.count).file;
        place.replaceWith(element('p', {class: 'note'}, 'These prompts are in the file ' + file + ', which must lie beside this page: ',
                                  element('a', {href: file, target: '_blank', rel: 'noopener'}, 'open it')));
        return;
      }
    }
    if (to < indexes.length) {
      const more = element('button', {type: 'button', class: 'more'}, 'Show more (' + (indexes.length - to) + ' left)');
      more.addEventListener('click', async () => {
        const before = panel.childElementCount - 1;
        more.remove();
        await this.list(panel, kind, indexes, to);
        const first = panel.children[before];
        if (first) { first.tabIndex = -1; first.focus(); }
      });
      panel.append(more);
    }
  }
}
