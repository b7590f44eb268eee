// SeedBrowser's overview: every seed a point by two measures, coloured and shaped by its kind of solution.
import {tag, svg, choice, drawn, guarded, plotFrame} from './model.js';

// Colours of Okabe and Ito, which the colour-blind can tell apart; shapes say the same.
const SHAPES = [
  ['#0072b2', s => svg('circle', {r: 5.5, ...s})],
  ['#e69f00', s => svg('path', {d: 'M0-6.5L6 5H-6Z', ...s})],
  ['#009e73', s => svg('rect', {x: -5, y: -5, width: 10, height: 10, ...s})],
  ['#cc79a7', s => svg('path', {d: 'M0-7L6 0L0 7L-6 0Z', ...s})],
  ['currentColor', s => svg('path', {d: 'M-5-5L5 5M-5 5L5-5', ...s, fill: 'none', stroke: 'currentColor', 'stroke-width': 1.8})],
];
const point = (kind, attributes = {}) => SHAPES[kind][1]({fill: SHAPES[kind][0], 'fill-opacity': .85, ...attributes});

function render({model, el}) {
  const {measures, kinds, kind_names: kindNames, seeds} = model.get('_table'), names = Object.keys(measures);
  for (const [name, column] of Object.entries({...measures, 'kind of solution': kinds})) {
    if (column.length !== seeds.length) throw Error(`${name} is given for ${column.length} seeds of ${seeds.length}.`);
  }
  const send = (name, value) => { model.set(name, value); model.save_changes(); };
  const chooseX = choice('across', names.map(n => [n, n]), model.get('x'), v => send('x', v), {class: 'ta-x'});
  const chooseY = choice('up', names.map(n => [n, n]), model.get('y'), v => send('y', v), {class: 'ta-y'});
  const plot = tag('div', {}), text = tag('p', {role: 'status', class: 'ta-picked'});
  const legend = tag('div', {class: 'ta-legend'}, kindNames.map((name, k) => {
    const n = kinds.filter(x => x === k).length;
    return n ? tag('span', {}, svg('svg', {viewBox: '-8 -8 16 16', width: 16, height: 16, 'aria-hidden': 'true'}, point(k)), `${name} (${n})`) : null;
  }));
  el.replaceChildren(tag('div', {class: 'ta-root', role: 'group', 'aria-label': 'seed browser'}, tag('div', {class: 'ta-bar'}, chooseX, chooseY), plot, legend, text));

  function draw() {
    const x = measures[model.get('x')], y = measures[model.get('y')];
    if (!x || !y || !seeds.includes(model.get('seed'))) throw Error(`there is no ${!x ? model.get('x') : !y ? model.get('y') : `seed ${model.get('seed')}`}.`);
    const drawable = seeds.map((_, i) => i).filter(i => x[i] !== null && y[i] !== null);
    const {X, Y, viewBox, grid} = plotFrame(drawable.map(i => x[i]), drawable.map(i => y[i]), model.get('x'), model.get('y'), plot.clientWidth);
    const focused = plot.contains(document.activeElement), order = [...drawable].sort((a, b) => x[a] - x[b] || y[a] - y[b]);
    const chosen = seeds.indexOf(model.get('seed'));
    const step = {ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1};
    const pick = i => send('seed', seeds[i]);
    const tabbable = drawable.includes(chosen) ? chosen : order[0];
    const points = drawable.map(i => svg('g', {class: 'ta-point', role: 'radio', 'aria-checked': String(i === chosen), tabindex: i === tabbable ? 0 : -1,
      'aria-label': about(i), 'data-seed': seeds[i], transform: `translate(${X(x[i])} ${Y(y[i])})`,
      onclick: () => pick(i),
      onkeydown: event => {
        if (event.key === ' ' || event.key === 'Enter') pick(i);
        else if (step[event.key]) pick(order[(order.indexOf(i) + step[event.key] + order.length) % order.length]);
        else return;
        event.preventDefault();
      }}, svg('title', {}, about(i)), svg('circle', {r: 10, class: 'ta-ring', 'pointer-events': 'all'}), point(kinds[i])));
    plot.replaceChildren(svg('svg', {viewBox, class: 'ta-plot', role: 'radiogroup', 'aria-label': `seeds by ${model.get('x')} and ${model.get('y')}`}, grid, points));
    if (focused) plot.querySelector('[tabindex="0"]')?.focus();
    chooseX.querySelector('select').value = model.get('x');
    chooseY.querySelector('select').value = model.get('y');
    const hidden = seeds.length - drawable.length;
    text.textContent = `${about(chosen)}. Click a point, or use the arrow keys on one.${hidden ? ` ${hidden} seeds have no such measure.` : ''}`;
  }

  function about(i) {
    const figure = n => measures[n][i] === null ? `${n} none` : `${n} ${measures[n][i].toPrecision(3)}`;
    return `Seed ${seeds[i]}, ${kindNames[kinds[i]]}: ${[...new Set([model.get('x'), model.get('y')])].map(figure).join(', ')}`.replaceAll(' -', ' −');
  }

  const redraw = () => drawn(el, draw), events = ['change:x', 'change:y', 'change:seed'];
  for (const event of events) model.on(event, redraw);
  draw();
  return () => { for (const event of events) model.off(event, redraw); };
}

export default {render: guarded(render)};
