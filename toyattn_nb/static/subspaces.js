// SubspaceExplorer: tokens, or what stands for an answer, on two principal components of a space inside the heads.
import {tag, svg, choice, drawn, guarded, checkFinite, plotFrame, HEADS} from './model.js';
import {copyButtons} from './page.js';

// Colours of completions, the same as in the figures.
const HUES = ['#1f77b4', '#aec7e8', '#ff7f0e', '#ffbb78', '#2ca02c', '#98df8a', '#d62728', '#ff9896', '#9467bd', '#c5b0d5',
  '#8c564b', '#c49c94', '#e377c2', '#f7b6d2', '#7f7f7f', '#c7c7c7', '#bcbd22', '#dbdb8d', '#17becf', '#9edae5'];
const colour = c => HUES[c % HUES.length];

// The part of a convex polygon in which a linear f is not negative (Sutherland and Hodgman).
function clip(polygon, f) {
  return polygon.flatMap((p, k) => {
    const q = polygon[(k + 1) % polygon.length], [a, b] = [f(p), f(q)], kept = a >= 0 ? [p] : [];
    return (a >= 0) === (b >= 0) ? kept : [...kept, p.map((x, n) => x + (q[n] - x) * a / (a - b))];
  });
}

// Of a polygon in the plane of two components, the part where each completion has the largest of the logits offset + x gain[i] + y gain[j].
function regions({gain, offset}, [i, j], polygon) {
  const logit = ([x, y], c) => offset[c] + x * gain[i][c] + y * gain[j][c];
  return offset.map((_, c) => offset.reduce((part, _, d) => d === c ? part : clip(part, p => logit(p, c) - logit(p, d)), polygon));
}


// ---- names that do not collide

const overlap = (a, b) => a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
const LETTER = 7.4, TALL = 13;   // a bold letter of 12 pixels, roughly

// For each point a place for its name: beside it where there is room, further off where there is none. {x, y} of the name's start and its line, `far` where it needs a leader.
export function placeNames(points, labels, {left, right, top, bottom}, r = 5) {
  const dots = points.map(([x, y]) => ({x: x - r, y: y - r, w: 2 * r, h: 2 * r})), taken = [];
  return points.map(([x, y], n) => {
    const w = LETTER * labels[n].length, boxes = [];
    for (const d of [r + 3, 18, 30, 44, 60, 80]) {
      for (const [u, v] of [[1, 0], [-1, 0], [0, -1], [0, 1], [1, -1], [1, 1], [-1, -1], [-1, 1]]) {
        boxes.push({x: x + u * d - (u < 0 ? w : u > 0 ? 0 : w / 2), y: y + v * d - (v < 0 ? TALL : v > 0 ? 0 : TALL / 2), w, h: TALL, far: d > r + 3});
      }
    }
    const inside = boxes.filter(b => b.x >= left && b.x + b.w <= right && b.y >= top && b.y + b.h <= bottom);
    const free = inside.find(b => !taken.some(t => overlap(b, t)) && !dots.some((dot, m) => m !== n && overlap(b, dot)));
    const chosen = free ?? inside.find(b => !taken.some(t => overlap(b, t))) ?? inside[0] ?? boxes[0];
    taken.push(chosen);
    return chosen;
  });
}

// For points on one line, from left to right, a level for each name: 1, −1, 2, −2, … above and below, the nearest at which it does not run into another.
export function levels(xs, labels, gap = 4) {
  const ends = new Map(), out = [];
  for (const n of [...xs.keys()].sort((a, b) => xs[a] - xs[b])) {
    const half = LETTER * labels[n].length / 2;
    for (let k = 0; ; k++) {
      const level = (k % 2 ? -1 : 1) * (1 + Math.floor(k / 2));
      if ((ends.get(level) ?? -Infinity) + gap > xs[n] - half) continue;
      ends.set(level, xs[n] + half);
      out[n] = level;
      break;
    }
  }
  return out;
}

// ---- the widget

// The space that is shown; out of a link, a head is a number or its text.
const shownSpace = (model, spaces) => spaces?.find(s => s.space === model.get('space') && String(s.head) === String(model.get('head')));

// Throw where a state cannot be drawn.
function check(model) {
  const {seeds, steps} = model.get('_states');
  if (!seeds.includes(model.get('seed')) || !steps.includes(model.get('step'))) throw Error('there is no such seed and step here.');
  const all = model.get('_spaces'), spaces = all[`${model.get('seed')} ${model.get('step')}`];
  if (!spaces && Object.keys(all).length) return;   // to come
  const at = shownSpace(model, spaces);
  if (!at) throw Error(`there is no ${model.get('space')} space of head ${model.get('head')}.`);
  if (at.points.length !== at.labels.length) throw Error(`${at.points.length} points are given for ${at.labels.length} names.`);
  checkFinite('a point', at.points);
  for (const name of ['across', 'up']) if (!(Number.isInteger(model.get(name)) && model.get(name) >= 1)) throw Error(`there is no component ${model.get(name)}.`);
}

function render({model, el}) {
  const {seeds, steps} = model.get('_states');
  let spaces = Object.values(model.get('_spaces'))[0] ?? [];
  const send = (name, value) => { model.set(name, value); model.save_changes(); };
  const unique = key => [...new Set(spaces.map(s => s[key]))];
  const bar = tag('div', {class: 'ta-bar'}), plot = tag('div', {}), text = tag('p', {role: 'status', class: 'ta-picked'});
  const slider = tag('input', {type: 'range', class: 'ta-step', min: 0, max: steps.length - 1, step: 1, 'aria-label': 'training step', oninput: () => send('step', steps[slider.value])});
  const stepText = tag('output', {});
  const seed = seeds.length > 1 ? choice('seed', seeds.map(s => [s, s]), model.get('seed'), v => send('seed', +v), {class: 'ta-seed'}) : null;
  const step = steps.length > 1 ? tag('span', {class: 'ta-steps'}, 'training step ', slider, ' ', stepText) : null;
  const selects = {
    space: choice('space', unique('space').map(s => [s, s]), '', v => send('space', v), {class: 'ta-space'}),
    head: choice('head', unique('head').map(h => [h, h]), '', v => send('head', v === 'all' ? v : +v), {class: 'ta-which'}),
    across: choice('across', [], '', v => send('across', +v), {class: 'ta-across'}),
    up: choice('up', [], '', v => send('up', +v), {class: 'ta-up'}),
  };
  el.replaceChildren(tag('div', {class: 'ta-root', role: 'group', 'aria-label': 'subspace explorer'},
    seed || step ? tag('div', {class: 'ta-bar'}, seed, step) : null, bar, plot, text, copyButtons(model, el, 'subspaces', () => plot.firstChild)));
  bar.append(...Object.values(selects));

  function draw() {
    check(model);
    const found = model.get('_spaces')[`${model.get('seed')} ${model.get('step')}`];
    spaces = found ?? spaces;
    const at = shownSpace(model, spaces);
    if (seed) seed.querySelector('select').value = model.get('seed');
    slider.value = steps.indexOf(model.get('step'));
    slider.setAttribute('aria-valuetext', model.get('step'));
    stepText.textContent = model.get('step');
    const components = at.ratio.map((share, k) => [k + 1, `component ${k + 1} (${(100 * share).toFixed(0)} %)`]), line = components.length === 1;
    for (const [name, label] of Object.entries(selects)) {
      const select = label.querySelector('select');
      if (['across', 'up'].includes(name)) select.replaceChildren(...components.map(([v, t]) => tag('option', {value: v}, t)));
      select.value = components.length < model.get(name) ? components.length : model.get(name);
    }
    selects.up.hidden = line;
    const [i, j] = ['across', 'up'].map(name => Math.min(model.get(name), components.length) - 1);
    const x = at.points.map(p => p[i]), y = at.points.map(p => line ? 0 : p[j]);
    const frame = plotFrame(x, line ? [-1, 1] : y, components[i][1], line ? '' : components[j][1], plot.clientWidth), {X, Y, corners, viewBox, grid, right} = frame;
    const places = x.map((_, n) => [X(x[n]), Y(y[n])]), box = {left: X(corners[0][0]), right, top: Y(corners[2][1]), bottom: Y(corners[0][1])};
    const say = n => `${at.labels[n]}: ${line ? x[n].toPrecision(3) : `${x[n].toPrecision(3)}, ${y[n].toPrecision(3)}`}`.replaceAll('-', '−');
    const fill = n => at.answers ? colour(at.answers[n]) : HEADS[at.head === 'all' ? 7 : at.head % HEADS.length];
    const names = line ? onLine(places, at.labels, box) : aside(places, at.labels, box);
    const points = places.map(([u, v], n) => svg('g', {class: 'ta-point', role: 'img', tabindex: 0, 'aria-label': say(n),
      onmouseenter: () => { text.textContent = say(n); }, onfocus: () => { text.textContent = say(n); }},
      svg('title', {}, say(n)), names[n], svg('circle', {cx: u, cy: v, r: 10, class: 'ta-ring', 'pointer-events': 'all'}),
      svg('circle', {cx: u, cy: v, r: 5, fill: fill(n), stroke: 'currentColor', 'stroke-width': .8})));
    const won = at.plane && i !== j ? regions(at.plane, [i, j], corners) : [];
    const shades = svg('g', {class: 'ta-map', opacity: .35, 'aria-hidden': 'true'}, won.map((part, c) =>
      svg('polygon', {points: part.map(([x, y]) => `${X(x)},${Y(y)}`).join(' '), fill: colour(c), stroke: colour(c)})));
    const axis = line ? svg('line', {x1: box.left, x2: box.right, y1: Y(0), y2: Y(0), stroke: 'currentColor'}) : null;
    plot.replaceChildren(svg('svg', {viewBox, class: 'ta-plot', role: 'group', 'aria-label': `${model.get('space')} space of head ${model.get('head')}`},
      shades, grid, axis, points));
    const what = won.length ? `Shaded: where each answer is nearest${at.targets.join() === at.labels.join() ? '' : ` (${at.targets.join(', ')})`}. ` : '';
    text.textContent = `${found ? '' : 'Not here yet: the kernel computes that step. '}${what}Point at a name, or tab to it.`;
  }

  // Names beside their points, with a thin line where a name had to go further off.
  function aside(places, labels, box) {
    return placeNames(places, labels, box).map(({x, y, w, far}, n) => [
      far ? svg('line', {x1: places[n][0], y1: places[n][1], x2: x + w / 2, y2: y + TALL / 2, stroke: 'currentColor', 'stroke-opacity': .35}) : null,
      svg('text', {x: x + w / 2, y: y + 11, 'text-anchor': 'middle', class: 'ta-name', 'font-weight': 700}, labels[n])]);
  }

  // Names above and below the one line on which all points lie.
  function onLine(places, labels, box) {
    const level = levels(places.map(([x]) => x), labels), high = Math.max(...level.map(Math.abs)), gap = Math.min(26, ((box.bottom - box.top) / 2 - 18) / high);
    return places.map(([x, y], n) => {
      const up = y - level[n] * gap + (level[n] > 0 ? -6 : 6);
      return [svg('line', {x1: x, x2: x, y1: y, y2: up, stroke: 'currentColor', 'stroke-opacity': .35}),
        svg('text', {x, y: level[n] > 0 ? up - 3 : up + 11, 'text-anchor': 'middle', class: 'ta-name', 'font-weight': 700}, labels[n])];
    });
  }

  const redraw = () => drawn(el, draw), events = ['space', 'head', 'across', 'up', 'seed', 'step', '_spaces'].map(name => `change:${name}`);
  for (const event of events) model.on(event, redraw);
  draw();
  return () => { for (const event of events) model.off(event, redraw); };
}

export default {linked: ['space', 'head', 'across', 'up', 'seed', 'step'], check, render: guarded(render)};
