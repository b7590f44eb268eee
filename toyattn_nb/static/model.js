// What the widgets share: the model's forward, the task's rules, what draws.
// Plain ES module, no dependencies. A widget's module is this file, page.js and its own, in this order.

// ---- the model: H heads, Q queries, T tokens, head width D, C completions

// One model at one query, out of the packed float32 numbers: scores (H, Q, T), values (H, T, D), readout (H, D, C), bias (Q, C) or nothing.
export function unpack(spec, weights, step, seed, query = spec.queries?.[0]) {
  const {n_head: H, n_vocab: T, d_head: D, n_completions: C, queries = [query]} = spec, Q = queries.length;
  const size = H * Q * T + H * T * D + H * D * C + (spec.direct ? Q * C : 0), bytes = 4 * size * spec.steps.length * spec.seeds.length;
  if (weights.byteLength !== bytes) throw Error(`its weights hold ${weights.byteLength} bytes where its sizes need ${bytes}.`);
  if (step < 0 || seed < 0) throw Error('this page does not carry the weights of that seed and step.');
  const q = queries.indexOf(query);
  if (q < 0) throw Error(`${query} is no token that can be asked after.`);
  let at = 4 * size * (step * spec.seeds.length + seed);
  for (let i = 0; i < size; i++) if (!Number.isFinite(weights.getFloat32(at + 4 * i, true))) throw Error('its weights hold numbers that are not finite.');
  const take = (...shape) => shape.length
    ? Array.from({length: shape[0]}, () => take(...shape.slice(1)))
    : weights.getFloat32((at += 4) - 4, true);
  const scores = take(H, Q, T).map(head => head[q]), values = take(H, T, D), readout = take(H, D, C);
  return {scores, values, readout, bias: spec.direct ? take(Q, C)[q] : null};
}

export function softmax(x) {
  const top = Math.max(...x), e = x.map(v => Math.exp(v - top)), total = e.reduce((a, b) => a + b);
  return e.map(v => v / total);
}

// Attention and logits at the last token, the query, of a model at that query. Heads in `ablated` write nothing; `forced` maps a head to the one
// token that it attends to, in contexts that hold it.
export function forward(model, tokens, {ablated = [], forced = {}} = {}) {
  const H = model.scores.length, T = model.scores[0].length, C = model.readout[0][0].length;
  const counts = Array(T).fill(0);
  for (const t of tokens) counts[t]++;
  const onTokens = [], terms = [], heads = [];      // attention by token type (H, T); what is written (H, T, C), (H, C)
  for (let h = 0; h < H; h++) {
    onTokens[h] = !counts[forced[h]]
      ? softmax(model.scores[h].map((s, t) => counts[t] ? s + Math.log(counts[t]) : -Infinity))
      : counts.map((_, t) => +(t === forced[h]));
    const on = ablated.includes(h) ? 0 : 1;
    terms[h] = onTokens[h].map((p, t) => model.readout[h][0].map((_, c) =>
      on * p * model.values[h][t].reduce((sum, v, d) => sum + v * model.readout[h][d][c], 0)));
    heads[h] = Array.from({length: C}, (_, c) => terms[h].reduce((sum, row) => sum + row[c], 0));
  }
  const pattern = onTokens.map(p => tokens.map(t => p[t] / counts[t]));   // by position (H, seq)
  const logits = Array.from({length: C}, (_, c) => heads.reduce((sum, row) => sum + row[c], model.bias ? model.bias[c] : 0));
  return {pattern, onTokens, terms, heads, logits, probs: softmax(logits)};
}

export function centred(row) {
  const mean = row.reduce((a, b) => a + b, 0) / row.length;
  return row.map(x => x - mean);
}

// What each token makes each head write to each completion, at full attention: (H, T, C).
export const ovTables = model => model.values.map((values, h) => values.map(v => model.readout[h][0].map((_, c) =>
  v.reduce((sum, x, d) => sum + x * model.readout[h][d][c], 0))));

// ---- the task: contexts in parts. To one of the first bags, which decides what is right, come n_fill of the fillers.

const tally = (n, tokens) => tokens.reduce((counts, t) => { counts[t]++; return counts; }, Array(n).fill(0));

// Number of the right target, or null where the context is none of the task's. The query stands last.
export function completion(spec, tokens) {
  const {first, answers, fillers, n_fill} = spec.parts, counts = tally(spec.n_vocab, tokens), filler = new Set(fillers);
  const found = first.findIndex(bag => {
    if (bag.at(-1) !== tokens.at(-1) || bag.length + n_fill !== tokens.length) return false;
    const own = tally(spec.n_vocab, bag);
    return counts.every((n, t) => filler.has(t) ? n >= own[t] : n === own[t]);
  });
  return found < 0 ? null : answers[found];
}

// How logits count for the targets: the nearest one has the largest entry.
export function entries(spec, logits) {
  if (!spec.targets) return logits;
  return spec.targets.map(row => row.reduce((sum, p, c) => sum + p * logits[c] - (p > 0 ? p * Math.log(p) : 0), 0));
}

// The target nearest to the logits, whether another is as near, and by how much one, the right target, is nearer than all others.
export function judge(spec, logits, right = null) {
  const x = entries(spec, logits), top = Math.max(...x), others = x.filter((_, i) => i !== right);
  return {best: x.indexOf(top), tie: x.filter(v => v === top).length > 1, margin: right === null ? null : x[right] - Math.max(...others)};
}

export function shuffled(list) {
  const out = [...list];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [out[i], out[j]] = [out[j], out[i]];
  }
  return out;
}

const pick = list => list[Math.floor(Math.random() * list.length)];

// A context as the task draws it, the query last.
export function example(spec) {
  const {first, prob, fillers, n_fill} = spec.parts;
  let left = Math.random() * prob.reduce((a, b) => a + b), chosen = 0;
  while (left >= prob[chosen] && chosen < first.length - 1) left -= prob[chosen++];
  const bag = first[chosen], fill = Array.from({length: n_fill}, () => pick(fillers));
  return [...shuffled([...bag.slice(0, -1), ...fill]), bag.at(-1)];
}

// Every way to choose n of the tokens with repetition, in order.
function multisets(tokens, n) {
  if (n === 0) return [[]];
  return tokens.flatMap((t, i) => multisets(tokens.slice(i), n - 1).map(rest => [t, ...rest]));
}

const choose = (n, k) => Array.from({length: k}).reduce((ways, _, i) => ways * (n - i) / (i + 1), 1);

// Each bag of tokens of the task once, the query last; where they are more than `most`, so many contexts drawn at random instead.
export function contexts(spec, most = 20000) {
  const {first, answers, fillers, n_fill} = spec.parts, seen = new Map();
  const keep = (tokens, answer) => seen.set([...tokens].sort((a, b) => a - b).join() + ';' + tokens.at(-1), {tokens, answer});
  const whole = first.length * choose(fillers.length + n_fill - 1, n_fill) <= most;
  if (whole) {
    const fills = multisets(fillers, n_fill);
    first.forEach((bag, i) => fills.forEach(fill => keep([...bag.slice(0, -1), ...fill, bag.at(-1)], answers[i])));
  } else {
    for (let i = 0; i < most / 4; i++) {
      const tokens = example(spec);
      keep(tokens, completion(spec, tokens));
    }
  }
  return {whole, list: [...seen.values()]};
}

// ---- drawing

export const HEADS = ['#1f77b4', '#ff7f0e', '#2ca02c', '#d62728', '#9467bd', '#8c564b', '#e377c2', '#7f7f7f', '#bcbd22', '#17becf'];

function put(node, attributes, children) {
  for (const [k, v] of Object.entries(attributes)) {
    if (k.startsWith('on')) node.addEventListener(k.slice(2), v);
    else if (v !== null && v !== undefined && v !== false) node.setAttribute(k, v === true ? '' : v);
  }
  node.append(...children.flat(2).filter(x => x !== null));
  return node;
}
export const tag = (name, attributes = {}, ...children) => put(document.createElement(name), attributes, children);
export const svg = (name, attributes = {}, ...children) =>
  put(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children);

// A share in per cent; the sign stays on the number's line.
export const percent = p => p >= .9995 ? '100\u00a0%' : p >= .1 ? `${(100 * p).toFixed(1)}\u00a0%` : p >= .0005 ? `${(100 * p).toFixed(2)}\u00a0%` : '<\u00a00.05\u00a0%';
export const short = x => (Math.abs(x) < .05 ? 0 : x).toFixed(Math.abs(x) >= 9.95 ? 0 : 1).replace('-', '−');

// A labelled drop-down: options are [value, text] pairs.
export function choice(label, options, value, onchange, attributes = {}) {
  const select = tag('select', {...attributes, onchange: () => onchange(select.value)},
    options.map(([v, text]) => tag('option', {value: v}, text)));
  select.value = value;
  return tag('label', {}, `${label} `, select);
}

// The scale from values to places, the values at its ends, and about five round numbers between.
function axis(values, from, to) {
  let low = Math.min(...values), high = Math.max(...values);
  if (high - low < 1e-9) { low -= .5; high += .5; }
  const raw = (high - low) / 5, unit = 10 ** Math.floor(Math.log10(raw)), step = unit * [1, 2, 5, 10].find(m => m * unit >= raw);
  const pad = .05 * (high - low), ends = [low - pad, high + pad], ticks = [];
  const place = v => from + (to - from) * (v - ends[0]) / (ends[1] - ends[0]);
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9; i++) ticks.push(+(i * step).toPrecision(6));
  return {place, ends, ticks};
}

// The frame of a scatter plot so many pixels wide: scales X and Y, its corners as values, what to draw behind the points. Without yName, no ticks up.
export function plotFrame(x, y, xName, yName, width) {
  const W = Math.max(320, Math.min(560, width || 560)), H = 80 + .46 * W, LEFT = 62, BOTTOM = 46, TOP = 12, RIGHT = 14;
  const across = axis(x, LEFT, W - RIGHT), up = axis(y, H - BOTTOM, TOP), number = v => String(v).replace('-', '−');
  const line = ends => svg('line', {stroke: 'currentColor', 'stroke-opacity': .15, ...ends});
  const grid = svg('g', {'aria-hidden': 'true'},
    across.ticks.map(v => [line({x1: across.place(v), x2: across.place(v), y1: TOP, y2: H - BOTTOM}),
      svg('text', {x: across.place(v), y: H - BOTTOM + 18, 'text-anchor': 'middle'}, number(v))]).flat(),
    (yName ? up.ticks : []).map(v => [line({x1: LEFT, x2: W - RIGHT, y1: up.place(v), y2: up.place(v)}),
      svg('text', {x: LEFT - 6, y: up.place(v) + 4, 'text-anchor': 'end'}, number(v))]).flat(),
    svg('text', {x: (LEFT + W - RIGHT) / 2, y: H - 6, 'text-anchor': 'middle'}, xName),
    svg('text', {transform: `translate(14 ${(TOP + H - BOTTOM) / 2}) rotate(-90)`, 'text-anchor': 'middle'}, yName));
  const [[x0, x1], [y0, y1]] = [across.ends, up.ends];
  return {X: across.place, Y: up.place, corners: [[x0, y0], [x1, y0], [x1, y1], [x0, y1]], right: W - RIGHT, viewBox: `0 0 ${W} ${H}`, grid};
}

// Draw a widget, or say why that cannot be done: instead of the widget, until what is wrong is set right.
export function drawn(el, draw) {
  el.classList.add('toyattn');
  el.onkeydown = event => event.stopPropagation();   // keys are the widget's own: JupyterLab would fold cells by arrow keys
  let alert = null;
  try { draw(); }
  catch (error) { alert = tag('p', {role: 'alert', class: 'ta-alert'}, `This widget cannot be drawn: ${error.message}`); }
  el.querySelector('.ta-alert')?.remove();
  if (alert) el.prepend(alert);
  el.classList.toggle('ta-broken', !!alert);
}

// A widget's `render`, of a function that draws and returns what to do at the end, that says what is wrong where it throws.
export const guarded = render => ({model, el}) => {
  let stop;
  drawn(el, () => { stop = render({model, el}); });
  return () => stop?.();
};

// Throw where a number among the values, however nested, is not finite.
export function checkFinite(what, values) {
  if (Array.isArray(values)) values.forEach(v => checkFinite(what, v));
  else if (!Number.isFinite(values)) throw Error(`${what} holds ${JSON.stringify(values) ?? values} where a number is needed.`);
}
