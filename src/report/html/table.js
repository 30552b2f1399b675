// The forest table: sort, filter, tabs, families. The rows stand in the page as the program wrote them, worst first; sorting moves
// them. The first ones are laid out at once, some more when the reader has seen these, the others where he scrolls to or asks for
// them: so a thousand rows answer a key as quickly as forty.
const FIRST_ROWS = 60;
const ROWS_BY_THEMSELVES = 180;
const NEXT_ROWS = 120;

class Forest {
  constructor(table, index) {
    this.table = table;
    this.index = index;
    this.body = table.tBodies[1];
    for (let i = table.tBodies.length - 1; i > 1; --i) this.body.append(...table.tBodies[i].rows);
    for (let i = table.tBodies.length - 1; i > 1; --i) table.tBodies[i].remove();
    this.rows = [...this.body.rows];
    this.order = this.rows.map((_, i) => i);
    this.names = index.rows.map(r => r.key.toLowerCase());
    this.dimension = '';
    this.text = '';
    this.status = '';
    this.closed = new Set();
    this.families = index.rows.some(r => r.family);
    this.grouped = false;
    this.timer = 0;
    this.folds = new Map();
    this.countNode = document.getElementById('count');
    this.moreButton = element('button', {type: 'button', class: 'more', hidden: ''});
    this.moreButton.addEventListener('click', () => {
      const next = this.list[this.shown];
      this.all();
      const link = next.querySelector('a, button');
      if (link) link.focus();
    });
    table.parentNode.after(this.moreButton);
    new IntersectionObserver(seen => {
      if (seen.some(entry => entry.isIntersecting)) this.more(NEXT_ROWS);
    }, {rootMargin: '400px'}).observe(this.moreButton);
    for (const button of table.tHead.querySelectorAll('button')) button.addEventListener('click', () => this.sortBy(button));
    this.show();
  }

  sortBy(button) {
    const header = button.closest('th');
    const descending = header.getAttribute('aria-sort') === 'ascending' ||
                       (header.getAttribute('aria-sort') !== 'descending' && header.dataset.first === 'descending');
    for (const other of this.table.tHead.querySelectorAll('th[aria-sort]')) other.removeAttribute('aria-sort');
    header.setAttribute('aria-sort', descending ? 'descending' : 'ascending');
    const key = header.dataset.key;
    const sign = descending ? -1 : 1;
    if (key === 'order') {
      this.order = this.rows.map((_, i) => descending ? this.rows.length - 1 - i : i);
    } else if (key === 'name') {
      const collator = new Intl.Collator('en', {numeric: true});
      this.order.sort((a, b) => sign * collator.compare(this.names[a], this.names[b]) || a - b);
    } else {
      const column = this.index.columns[key];
      this.order.sort((a, b) => {
        const x = column[a];
        const y = column[b];
        if (x === null || y === null) return x === y ? a - b : x === null ? 1 : -1;   // what is not known stays last
        return sign * (x - y) || a - b;
      });
    }
    this.show();
  }

  matches(i) {
    const row = this.index.rows[i];
    return (!this.dimension || row.dimension === this.dimension) && (!this.status || row.group === this.status) &&
           (!this.text || this.names[i].includes(this.text));
  }

  set(what, value) {
    this[what] = value;
    this.show();
  }

  foldRow(key, dimension, family, count) {
    let row = this.folds.get(key);
    if (!row) {
      const button = element('button', {type: 'button'});
      const head = element('th', {colspan: String(this.table.tHead.rows[0].cells.length), scope: 'rowgroup'}, button);
      if (family && (this.index.families || []).some(f => f.dimension === dimension && f.name === family)) {
        head.append(' ', element('a', {href: '#' + encodeURIComponent('family:' + dimension + ':' + family)}, 'prompts'));
      }
      row = element('tr', {class: 'family'}, head);
      button.addEventListener('click', () => {
        if (this.closed.has(key)) this.closed.delete(key); else this.closed.add(key);
        this.show();
        button.focus();
      });
      this.folds.set(key, row);
    }
    const button = row.querySelector('button');
    const open = !this.closed.has(key);
    const known = this.index.families.find(f => f.dimension === dimension && f.name === family);
    button.setAttribute('aria-expanded', String(open));
    button.textContent = (open ? '▾ ' : '▸ ') + visible(family || 'no family') + ' (' + visible(dimension) + ', ' + count +
                         (count === 1 ? ' slice)' : ' slices)') + (known ? ': ' + known.text : '');
    return row;
  }

  // The rows in order, with a line before each family where they are grouped.
  wanted() {
    const shown = this.order.filter(i => this.matches(i));
    this.countNode.textContent = shown.length === this.rows.length ? shown.length + (shown.length === 1 ? ' slice' : ' slices')
                                                                   : shown.length + ' of ' + this.rows.length + ' slices';
    if (!this.grouped) return shown.map(i => this.rows[i]);
    const groups = new Map();
    for (const i of shown) {
      const row = this.index.rows[i];
      const key = JSON.stringify([row.dimension, row.family || '']);
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(i);
    }
    const rows = [];
    for (const [key, members] of groups) {
      const [dimension, family] = JSON.parse(key);
      rows.push(this.foldRow(key, dimension, family, members.length));
      if (!this.closed.has(key)) rows.push(...members.map(i => this.rows[i]));
    }
    return rows;
  }

  show() {
    clearTimeout(this.timer);
    this.list = this.wanted();
    this.shown = Math.min(FIRST_ROWS, this.list.length);
    this.body.replaceChildren(...this.list.slice(0, this.shown));
    this.offer();
    if (this.shown < this.list.length) this.timer = setTimeout(() => this.more(ROWS_BY_THEMSELVES - FIRST_ROWS), 60);
  }

  offer() {
    const left = this.list.length - this.shown;
    this.moreButton.hidden = left === 0;
    this.moreButton.textContent = 'Show all (' + left + ' more)';
  }

  more(count) {
    const next = Math.min(this.shown + count, this.list.length);
    this.body.append(...this.list.slice(this.shown, next));
    this.shown = next;
    this.offer();
  }

  all() {
    clearTimeout(this.timer);
    this.more(this.list.length);
  }
}
