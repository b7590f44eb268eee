// What the widgets share: the model's forward, the task's rules, DOM helpers, and life in a page without a kernel.
// Plain ES module, no dependencies. A widget's module is this file followed by its own.

// ---- the model: H heads, T tokens, head width D, C completions

// One model out of the packed float32 numbers: scores (H, T), values (H, T, D), readout (H, D, C), bias (C) or nothing.
export function unpack(spec, weights, step, seed) {
  const {n_head: H, n_vocab: T, d_head: D, n_completions: C} = spec;
  const size = H * T + H * T * D + H * D * C + (spec.direct ? C : 0), bytes = 4 * size * spec.steps.length * spec.seeds.length;
  if (weights.byteLength !== bytes) throw Error(`its weights hold ${weights.byteLength} bytes where its sizes need ${bytes}.`);
  if (step < 0 || seed < 0) throw Error('this page does not carry the weights of that seed and step.');
  let at = 4 * size * (step * spec.seeds.length + seed);
  for (let i = 0; i < size; i++) if (!Number.isFinite(weights.getFloat32(at + 4 * i, true))) throw Error('its weights hold numbers that are not finite.');
  const take = (...shape) => shape.length
    ? Array.from({length: shape[0]}, () => take(...shape.slice(1)))
    : weights.getFloat32((at += 4) - 4, true);
  return {scores: take(H, T), values: take(H, T, D), readout: take(H, D, C), bias: spec.direct ? take(C) : null};
}

export function softmax(x) {
  const top = Math.max(...x), e = x.map(v => Math.exp(v - top)), total = e.reduce((a, b) => a + b);
  return e.map(v => v / total);
}

// Attention and logits at the readoff, the last token. Heads in `ablated` write nothing; `forced` maps a head to the one
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

// ---- the task

const isSignal = (spec, t) => t >= 1 && t <= spec.n_signal;

// Number of the right completion, or null where the context is none of the task's.
export function completion(spec, tokens) {
  const sources = tokens.filter(t => isSignal(spec, t)).sort((a, b) => a - b).join();
  const c = spec.completions.findIndex(x => x.join() === sources);
  return c < 0 ? null : c;
}

export function shuffled(list) {
  const out = [...list];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(Math.random() * (i + 1));
    [out[i], out[j]] = [out[j], out[i]];
  }
  return out;
}

// A context as the task draws it, the readoff last.
export function example(spec) {
  const draw = (n, first, size) => Array.from({length: n}, () => first + Math.floor(Math.random() * size));
  const noise = draw(spec.ctx_len - spec.n_source, 1 + spec.n_signal, spec.n_noise);
  return [...shuffled([...draw(spec.n_source, 1, spec.n_signal), ...noise]), 0];
}

// ---- drawing

export const HEADS = ['#1f77b4', '#ff7f0e', '#2ca02c', '#d62728', '#9467bd', '#8c564b', '#e377c2', '#7f7f7f', '#bcbd22', '#17becf'];

function put(node, attributes, children) {
  for (const [k, v] of Object.entries(attributes)) {
    if (k.startsWith('on')) node.addEventListener(k.slice(2), v);
    else if (v !== null && v !== undefined && v !== false) node.setAttribute(k, v === true ? '' : v);
  }
  node.append(...children.flat().filter(x => x !== null));
  return node;
}
export const tag = (name, attributes = {}, ...children) => put(document.createElement(name), attributes, children);
export const svg = (name, attributes = {}, ...children) =>
  put(document.createElementNS('http://www.w3.org/2000/svg', name), attributes, children);

export const percent = p => p >= .9995 ? '100 %' : p >= .1 ? `${(100 * p).toFixed(1)} %` : p >= .0005 ? `${(100 * p).toFixed(2)} %` : '< 0.05 %';
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

// Throw where a number among the values, however nested, is not finite.
export function checkFinite(what, values) {
  if (Array.isArray(values)) values.forEach(v => checkFinite(what, v));
  else if (!Number.isFinite(values)) throw Error(`${what} holds ${JSON.stringify(values) ?? values} where a number is needed.`);
}

// ---- a page without a kernel

// What a widget's model is in Jupyter, in a page. Widgets of one group share their seed and their step.
class PageState extends EventTarget {
  constructor(traits, group) {
    super();
    Object.assign(this, {traits, group});
    group?.addEventListener('toyattn', ({detail}) => { if (detail.from !== this) this.set(detail.name, detail.value, true); });
  }
  get(name) { return this.traits[name]; }
  set(name, value, told = false) {
    if (!(name in this.traits)) return;
    this.traits[name] = value;
    this.dispatchEvent(new Event(`change:${name}`));
    if (!told && ['seed', 'step'].includes(name)) {
      this.group?.dispatchEvent(new CustomEvent('toyattn', {detail: {name, value, from: this}}));
    }
  }
  on(event, f) { this.addEventListener(event, f); }
  off(event, f) { this.removeEventListener(event, f); }
  save_changes() {}
}

// Bring the page's widgets of one kind to life.
export function start(kind, {render}) {
  for (const el of document.querySelectorAll(`.toyattn[data-widget="${kind}"]:not([data-live])`)) {
    el.dataset.live = '';
    let model;
    drawn(el, () => {
      const traits = JSON.parse(el.querySelector('script').textContent);
      if (typeof traits._weights === 'string') traits._weights = new DataView(Uint8Array.from(atob(traits._weights), c => c.charCodeAt(0)).buffer);
      el.replaceChildren();
      model = new PageState(traits, el.closest('.toyattn-group'));
    });
    if (model) render({model, el});
  }
}
