// SubspaceExplorer: tokens or completions on two principal components of a space inside the heads.
import {tag, svg, choice, drawn, checkFinite, plotFrame, HEADS} from './model.js';

const colour = (c, n) => `hsl(${Math.round(360 * c / n)} 65% ${c % 2 ? 42 : 58}%)`;

// Where each completion wins, as a picture: the logits of a place in the plane are offset + x gain[0] + y gain[1].
function regions({gain, offset}, [i, j], [backX, backY], box) {
  const n = 140, canvas = Object.assign(document.createElement('canvas'), {width: n, height: n}), pen = canvas.getContext('2d');
  for (let r = 0; r < n; r++) for (let s = 0; s < n; s++) {
    const x = backX(box.x + (s + .5) / n * box.width), y = backY(box.y + (r + .5) / n * box.height);
    const logits = offset.map((o, c) => o + x * gain[i][c] + y * gain[j][c]);
    pen.fillStyle = colour(logits.indexOf(Math.max(...logits)), logits.length);
    pen.fillRect(s, r, 1, 1);
  }
  return svg('image', {...box, href: canvas.toDataURL(), preserveAspectRatio: 'none', opacity: .28, class: 'ta-map'});
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
    const {X, Y, unplace, viewBox, grid, box} = plotFrame(x, y, components[i][1], line ? '' : components[j][1], plot.clientWidth);
    const say = n => `${at.labels[n]}: ${line ? x[n].toPrecision(3) : `${x[n].toPrecision(3)}, ${y[n].toPrecision(3)}`}`.replaceAll('-', '−');
    const fill = n => at.plane || model.get('space') === 'output' ? colour(n, at.labels.length) : HEADS[at.head === 'all' ? 7 : at.head % HEADS.length];
    const points = at.points.map((_, n) => svg('g', {class: 'ta-point', role: 'img', tabindex: 0, 'aria-label': say(n), transform: `translate(${X(x[n])} ${Y(y[n])})`,
      onmouseenter: () => { text.textContent = say(n); }, onfocus: () => { text.textContent = say(n); }},
      svg('title', {}, say(n)), svg('circle', {r: 10, class: 'ta-ring', 'pointer-events': 'all'}),
      svg('circle', {r: 5, fill: fill(n), stroke: 'currentColor', 'stroke-width': .8}), svg('text', {x: 8, y: 4, class: 'ta-name'}, at.labels[n])));
    plot.replaceChildren(svg('svg', {viewBox, class: 'ta-plot', role: 'group', 'aria-label': `${model.get('space')} space of head ${model.get('head')}`},
      at.plane && i !== j ? regions(at.plane, [i, j], unplace, box) : '', grid, points));
    text.textContent = at.plane ? 'Shaded: where each completion has the largest logit. Point at a name, or tab to it.' : 'Point at a name, or tab to it.';
  }

  const redraw = () => drawn(el, draw), events = ['change:space', 'change:head', 'change:across', 'change:up'];
  for (const event of events) model.on(event, redraw);
  draw();
  return () => { for (const event of events) model.off(event, redraw); };
}

export default {render: ({model, el}) => { let stop; drawn(el, () => { stop = render({model, el}); }); return () => stop?.(); }};
