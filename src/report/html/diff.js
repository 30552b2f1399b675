// Word diff of two texts: the words that differ, marked on their own side.
const MAX_WORDS = 6000;   // beyond these a text is compared by its common start and end only
const MAX_EDITS = 800;

function words(text) {
  return text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) || [];
}

// Myers' greedy shortest edit script; null where it takes more than MAX_EDITS.
function editScript(a, b) {
  const max = Math.min(a.length + b.length, MAX_EDITS);
  const trace = [];
  let v = new Int32Array(2 * max + 3);
  const zero = max + 1;
  for (let d = 0; d <= max; ++d) {
    trace.push(v.slice(zero - d - 1, zero + d + 2));
    for (let k = -d; k <= d; k += 2) {
      let x = k === -d || (k !== d && v[zero + k - 1] < v[zero + k + 1]) ? v[zero + k + 1] : v[zero + k - 1] + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) ++x;
      v[zero + k] = x;
      if (x >= a.length && x - k >= b.length) return trace;
    }
  }
  return null;
}

// Flags of the words of a and b that the other side does not have.
function changedWords(a, b) {
  const inA = new Uint8Array(a.length);
  const inB = new Uint8Array(b.length);
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) ++start;
  let endA = a.length;
  let endB = b.length;
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) { --endA; --endB; }
  const middleA = a.slice(start, endA);
  const middleB = b.slice(start, endB);
  const trace = middleA.length + middleB.length <= MAX_WORDS ? editScript(middleA, middleB) : null;
  if (!trace) {
    inA.fill(1, start, endA);
    inB.fill(1, start, endB);
    return [inA, inB];
  }
  let x = middleA.length;
  let y = middleB.length;
  for (let d = trace.length - 1; d > 0; --d) {
    const v = trace[d];
    const at = k => v[k + d + 1];
    const k = x - y;
    const down = k === -d || (k !== d && at(k - 1) < at(k + 1));
    const before = down ? k + 1 : k - 1;
    x = at(before);   // the diagonal behind an edit holds equal words
    y = x - before;
    if (down) inB[start + y] = 1; else inA[start + x] = 1;
  }
  return [inA, inB];
}

// Joins neighbours of the same kind: [{text, changed}].
function runs(list, flags) {
  const out = [];
  list.forEach((word, i) => {
    const changed = flags[i] === 1;
    const last = out[out.length - 1];
    if (last && last.changed === changed) last.text += word; else out.push({text: word, changed});
  });
  return out;
}

function wordDiff(before, after) {
  const a = words(before);
  const b = words(after);
  const [inA, inB] = changedWords(a, b);
  return [runs(a, inA), runs(b, inB)];
}
