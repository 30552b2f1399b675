// The prompts that changed: in this page, or in side pages. A page from disk cannot fetch, so a side page is loaded into a
// sandboxed frame and hands its prompts over as a message. Opened by itself, it lists them.
const sides = new Map();   // file -> Promise of its prompts

function slot(id) {
  const node = document.getElementById(id);
  return node ? JSON.parse(node.textContent) : null;
}

let inlinePrompts = null;
function promptsInPage() {
  inlinePrompts = inlinePrompts || slot('prompts') || {first: 0, prompts: []};
  return inlinePrompts;
}

function sidePrompts(file, run) {
  if (!sides.has(file)) {
    sides.set(file, new Promise((resolve, reject) => {
      const frame = document.createElement('iframe');
      frame.setAttribute('sandbox', 'allow-scripts');
      frame.setAttribute('aria-hidden', 'true');
      frame.tabIndex = -1;
      frame.hidden = true;
      let timer = setTimeout(lost, 60000);
      // The message is sent before the load event; an error page loads too and sends none.
      frame.addEventListener('load', () => { clearTimeout(timer); timer = setTimeout(lost, 1000); });
      function lost() { done(() => reject(new Error(file))); }
      function listen(event) {
        if (event.source === frame.contentWindow && event.data && event.data.run === run && Array.isArray(event.data.prompts)) {
          done(() => resolve(event.data));
        }
      }
      function done(what) {
        clearTimeout(timer);
        removeEventListener('message', listen);
        frame.remove();
        what();
      }
      addEventListener('message', listen);
      frame.src = file;
      document.body.append(frame);
    }));
    sides.get(file).catch(() => sides.delete(file));
  }
  return sides.get(file);
}

// The prompt with this number, wherever it lies.
async function promptAt(index, chunks, run) {
  const chunk = chunks.find(c => index >= c.first && index < c.first + c.count);
  const held = chunk.file ? await sidePrompts(chunk.file, run) : promptsInPage();
  return held.prompts[index - held.first];
}

// Control and direction characters as \xNN and \uNNNN; line breaks and tabs stay.
function visible(text) {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    c => c < '\u0080' ? '\\x' + c.charCodeAt(0).toString(16).padStart(2, '0')
                      : '\\u' + c.charCodeAt(0).toString(16).padStart(4, '0'));
}

function element(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
  node.append(...children);
  return node;
}

function answerText(parts, tag) {
  const pre = element('pre', {tabindex: '0'});
  for (const part of parts) pre.append(part.changed ? element(tag, {}, visible(part.text)) : visible(part.text));
  return pre;
}

function answerHead(side, model, answer, several) {
  const said = [answer.outcome];
  if (answer.finish_reason) said.push('finish ' + answer.finish_reason);
  if (several) said.unshift('run ' + answer.repeat);
  const head = element('p', {class: 'answer-head'}, element('b', {}, side), ' ', element('span', {class: 'model'}, visible(model)),
                       element('br'), element('span', {class: 'outcome ' + answer.outcome}, visible(said.join(', '))));
  if (answer.error) head.append(element('br'), element('span', {class: 'error'}, 'error: ' + visible(answer.error)));
  return head;
}

function side(name, model, answers, others, tag, isAfter) {
  const column = element('div', {class: 'side'});
  if (answers.length === 0) column.append(element('p', {class: 'answer-head'}, element('b', {}, name), ' no row in the log'));
  answers.forEach((answer, i) => {
    column.append(answerHead(name, model, answer, answers.length > 1));
    if (answer.output === null) {
      column.append(element('p', {class: 'note'}, 'the log holds no output'));
      return;
    }
    const other = others[i] && others[i].output !== null ? others[i].output : null;
    const diff = other === null ? [[{text: answer.output, changed: false}]]
                                : wordDiff(isAfter ? other : answer.output, isAfter ? answer.output : other);
    column.append(answerText(diff[isAfter && other !== null ? 1 : 0], tag));
    if (answer.cut) {
      column.append(element('p', {class: 'note'}, 'cut here: ' + answer.cut.toLocaleString('en') +
                            ' bytes in all; minslice show VERDICT SLICE --lines 0 prints them'));
    }
  });
  return column;
}

function promptArticle(prompt, change, names) {
  const article = element('article', {class: 'prompt ' + change, 'aria-label': change + ' ' + visible(prompt.id)});
  article.append(element('h3', {}, element('span', {class: 'change'}, change === 'broke' ? '✗ broke' : '▲ fixed'), ' ',
                         element('code', {}, visible(prompt.id))));
  if (prompt.prompt) article.append(element('p', {class: 'label'}, 'prompt'), element('pre', {tabindex: '0', class: 'asked'}, visible(prompt.prompt)));
  if (prompt.expected) article.append(element('p', {class: 'label'}, 'expected'), element('pre', {tabindex: '0', class: 'asked'}, visible(prompt.expected)));
  if (prompt.before.length + prompt.after.length > 0) {
    article.append(element('div', {class: 'sides'}, side('before', names.incumbent, prompt.before, prompt.after, 'del', false),
                           side('after', names.candidate, prompt.after, prompt.before, 'ins', true)));
  }
  return article;
}
