// SubspaceExplorer: tokens or completions on two principal components of a space inside the heads.
import {tag, svg, choice, drawn, guarded, checkFinite, plotFrame, HEADS} from './model.js';

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

function render({model, el}) {
  const spaces = model.get('_spaces');
  const send = (name, value) => { model.set(name, value); model.save_changes(); };
  const find = (space, head) => spaces.find(s => s.space === space && s.head === head);
  const unique = key => [...new Set(spaces.map(s => s[key]))];
  const bar = tag('div', {class: 'ta-bar'}), plot = tag('div', {}), text = tag('p', {role: 'status', class: 'ta-picked'});
  el.replaceChildren(tag('div', {class: 'ta-root', role: 'group', 'aria-label': 'subspace explorer'}, bar, plot, text));
  const selects = {
    space: choice('space', unique('space').map(s => [s, s]), '', v => send('space', v), {class: 'ta-space'}),
    head: choice('head', unique('head').map(h => [h, h]), '', v => send('head', v === 'all' ? v : +v), {class: 'ta-which'}),
    across: choice('across', [], '', v => send('across', +v), {class: 'ta-across'}),
    up: choice('up', [], '', v => send('up', +v), {class: 'ta-up'}),
  };
  bar.append(...Object.values(selects));

  function draw() {
    const at = find(model.get('space'), model.get('head'));
    if (!at) throw Error(`there is no ${model.get('space')} space of head ${model.get('head')}.`);
    if (at.points.length !== at.labels.length) throw Error(`${at.points.length} points are given for ${at.labels.length} names.`);
    checkFinite('a point', at.points);
    const components = at.ratio.map((share, k) => [k + 1, `component ${k + 1} (${(100 * share).toFixed(0)} %)`]);
    for (const [name, label] of Object.entries(selects)) {
      const select = label.querySelector('select');
      if (['across', 'up'].includes(name)) select.replaceChildren(...components.map(([v, t]) => tag('option', {value: v}, t)));
      select.value = components.length < model.get(name) ? components.length : model.get(name);
    }
    const [i, j] = ['across', 'up'].map(name => Math.min(model.get(name), components.length) - 1), line = components.length === 1;
    const x = at.points.map(p => p[i]), y = at.points.map((p, n) => line ? -n : p[j]);   // on a line, each name at a height of its own
    const {X, Y, corners, viewBox, grid, right} = plotFrame(x, y, components[i][1], line ? '' : components[j][1], plot.clientWidth);
    const say = n => `${at.labels[n]}: ${line ? x[n].toPrecision(3) : `${x[n].toPrecision(3)}, ${y[n].toPrecision(3)}`}`.replaceAll('-', '−');
    const fill = n => at.plane || model.get('space') === 'output' ? colour(n) : HEADS[at.head === 'all' ? 7 : at.head % HEADS.length];
    const name = n => X(x[n]) > right - 40 ? {x: -8, 'text-anchor': 'end'} : {x: 8};   // names stay inside the frame
    const points = at.points.map((_, n) => svg('g', {class: 'ta-point', role: 'img', tabindex: 0, 'aria-label': say(n), transform: `translate(${X(x[n])} ${Y(y[n])})`,
      onmouseenter: () => { text.textContent = say(n); }, onfocus: () => { text.textContent = say(n); }},
      svg('title', {}, say(n)), svg('circle', {r: 10, class: 'ta-ring', 'pointer-events': 'all'}),
      svg('circle', {r: 5, fill: fill(n), stroke: 'currentColor', 'stroke-width': .8}), svg('text', {...name(n), y: 4, class: 'ta-name'}, at.labels[n])));
    const won = at.plane && i !== j ? regions(at.plane, [i, j], corners) : [];
    const shades = svg('g', {class: 'ta-map', 'aria-hidden': 'true'}, won.map((part, c) =>
      svg('polygon', {points: part.map(([x, y]) => `${X(x)},${Y(y)}`).join(' '), fill: colour(c), stroke: colour(c)})));
    plot.replaceChildren(svg('svg', {viewBox, class: 'ta-plot', role: 'group', 'aria-label': `${model.get('space')} space of head ${model.get('head')}`},
      shades, grid, points));
    text.textContent = at.plane ? 'Shaded: where each completion has the largest logit. Point at a name, or tab to it.' : 'Point at a name, or tab to it.';
  }

  const redraw = () => drawn(el, draw), events = ['change:space', 'change:head', 'change:across', 'change:up'];
  for (const event of events) model.on(event, redraw);
  draw();
  return () => { for (const event of events) model.off(event, redraw); };
}

export default {render: guarded(render)};
