// SeedBrowser's overview: every seed a point by two measures, coloured and shaped by its kind of solution.
import {tag, svg, choice, drawn, guarded, plotFrame} from './model.js';
import {copyButtons} from './page.js';

// Colours of Okabe and Ito, which the colour-blind can tell apart; shapes say the same. The radius is 1.
const round = s => svg('circle', {r: 1, ...s});
const SHAPES = [
  ['#0072b2', round],
  ['#e69f00', s => svg('path', {d: 'M0-1.2L1.1.9H-1.1Z', ...s})],
  ['#009e73', s => svg('rect', {x: -.9, y: -.9, width: 1.8, height: 1.8, ...s})],
  ['#cc79a7', s => svg('path', {d: 'M0-1.3L1.1 0L0 1.3L-1.1 0Z', ...s})],
  ['#0072b2', round],
  ['currentColor', s => svg('path', {d: 'M-.9-.9L.9.9M-.9.9L.9-.9', ...s, fill: 'none', stroke: 'currentColor', 'stroke-width': .35})],
];
const point = (kind, r) => SHAPES[kind][1]({fill: SHAPES[kind][0], 'fill-opacity': .85, transform: `scale(${r})`});

// Places near to one, nearest first, as far apart as points may stand.
function nearby(n, apart) {
  const places = [[0, 0]];
  for (let ring = 1; places.length < n; ring++) {
    const count = 6 * ring;
    for (let i = 0; i < count; i++) places.push([ring * apart * Math.cos(2 * Math.PI * i / count), ring * apart * Math.sin(2 * Math.PI * i / count)]);
  }
  return places;
}

// Points moved as little as needs be, that none hides another: each, in their order, to the nearest place that is free and inside the frame.
export function sideBySide(points, apart, [left, top, right, bottom]) {
  const places = nearby(8 * points.length + 1, apart), cell = apart, taken = new Map();
  const key = (x, y) => `${Math.floor(x / cell)},${Math.floor(y / cell)}`;
  const free = (x, y) => {
    for (let i = -1; i < 2; i++) for (let j = -1; j < 2; j++) {
      for (const [u, v] of taken.get(key(x + i * cell, y + j * cell)) ?? []) if ((x - u) ** 2 + (y - v) ** 2 < (.98 * apart) ** 2) return false;
    }
    return true;
  };
  const first = new Map();   // where the search may begin, for points that coincide
  return points.map(([x, y]) => {
    const start = `${x},${y}`;
    for (let i = first.get(start) ?? 0; i < places.length; i++) {
      const [u, v] = [x + places[i][0], y + places[i][1]];
      if (u < left || u > right || v < top || v > bottom || !free(u, v)) continue;
      first.set(start, i + 1);
      taken.set(key(u, v), [...taken.get(key(u, v)) ?? [], [u, v]]);
      return [u, v];
    }
    return [x, y];
  });
}

// Throw where a state cannot be drawn.
function check(model) {
  const {names, seeds, kind_names: kinds, steps} = model.get('_table'), [x, y] = [model.get('x'), model.get('y')];
  for (const [step, {measures, kinds: column}] of Object.entries(steps)) {
    for (const [name, values] of Object.entries({...measures, 'kind of solution': column})) {
      if (values.length !== seeds.length) throw Error(`${name} is given for ${values.length} seeds of ${seeds.length} at step ${step}.`);
    }
  }
  for (const name of [x, y]) if (!names.includes(name)) throw Error(`there is no ${name}.`);
  if (!seeds.includes(model.get('seed'))) throw Error(`there is no seed ${model.get('seed')}.`);
  if (!(model.get('kinds') ?? []).every(kind => kinds.includes(kind))) throw Error(`there is no such kind of solution among ${model.get('kinds')}.`);
  const zoom = model.get('zoom') ?? [];
  if (zoom.length && !(zoom.length === 4 && zoom.every(Number.isFinite) && zoom[0] < zoom[1] && zoom[2] < zoom[3])) throw Error(`there is no such part of the plane as ${zoom}.`);
}

function render({model, el}) {
  const {names, kind_names: kindNames, seeds} = model.get('_table');
  let latest = null, view = null;     // the step that is drawn; the frame that is drawn
  const send = changes => {
    for (const [k, v] of Object.entries(changes)) model.set(k, v);
    model.save_changes();
  };
  const chooseX = choice('across', names.map(n => [n, n]), model.get('x'), v => send({x: v, zoom: []}), {class: 'ta-x'});
  const chooseY = choice('up', names.map(n => [n, n]), model.get('y'), v => send({y: v, zoom: []}), {class: 'ta-y'});
  const plot = tag('div', {class: 'ta-seeds'}), text = tag('p', {role: 'status', class: 'ta-picked'}), legend = tag('div', {class: 'ta-legend', role: 'group', 'aria-label': 'kinds that are shown'});
  const button = (label, cls, onclick) => tag('button', {type: 'button', class: cls, onclick}, label);
  const closer = button('Zoom in', 'ta-in', () => zoomIn());
  const whole = button('Whole', 'ta-whole', () => send({zoom: []}));
  el.replaceChildren(tag('div', {class: 'ta-root', role: 'group', 'aria-label': 'seed browser'},
    tag('div', {class: 'ta-bar'}, chooseX, chooseY, tag('span', {class: 'ta-zoom'}, closer, ' ', whole)), legend, plot, text, copyButtons(model, el, 'seeds', () => plot.firstChild)));

  const shown = () => model.get('kinds')?.length ? model.get('kinds') : kindNames;
  const toggle = kind => {
    const now = shown().filter(k => present().includes(k)), next = now.includes(kind) ? now.filter(k => k !== kind) : [...now, kind];
    send({kinds: next.length === present().length ? [] : next.length ? next : now});
  };
  const at = () => {
    const {steps} = model.get('_table'), step = String(model.get('step'));
    if (steps[step]) latest = step;
    latest ??= Object.keys(steps).at(-1);
    return steps[latest];
  };
  const present = () => kindNames.filter((_, k) => at().kinds.includes(k));

  // Half as wide a part of the plane, around the chosen seed where it has a place.
  function zoomIn() {
    const {measures} = at(), i = seeds.indexOf(model.get('seed')), half = ([low, high], middle) => [middle - (high - low) / 4, middle + (high - low) / 4];
    const place = (name, [low, high]) => measures[name][i] !== null && measures[name][i] >= low && measures[name][i] <= high ? measures[name][i] : (low + high) / 2;
    send({zoom: [...half(view.across, place(model.get('x'), view.across)), ...half(view.up, place(model.get('y'), view.up))].map(v => +v.toPrecision(5))});
  }

  function draw() {
    check(model);
    const now = JSON.stringify([at() && latest, ...['x', 'y', 'kinds', 'zoom'].map(name => model.get(name)), plot.clientWidth]);
    if (view?.now !== now || view.table !== model.get('_table')) {
      drawPoints();
      Object.assign(view, {now, table: model.get('_table')});
    }
    choose();
    chooseX.querySelector('select').value = model.get('x');
    chooseY.querySelector('select').value = model.get('y');
    whole.disabled = !model.get('zoom')?.length;
    const {moved, hidden} = view, late = latest !== String(model.get('step') ?? latest);
    text.textContent = [`${about(seeds.indexOf(model.get('seed')))}.`, late ? `Measured at step ${latest}.` : '', moved ? 'Points that would hide each other stand side by side.' : '',
      hidden ? `${hidden} seeds have no such measure.` : '', 'Click a point, or use the arrow keys on one; a box drawn with the mouse zooms.'].filter(Boolean).join(' ');
  }

  // Mark the chosen seed's point, and put it on top; where it has none, the keyboard begins with the first.
  function choose() {
    const {points, order} = view, chosen = seeds.indexOf(model.get('seed')), focused = plot.contains(document.activeElement);
    const tabbable = points.has(chosen) ? chosen : order[0];
    for (const [i, mark] of points) {
      mark.setAttribute('aria-checked', String(i === chosen));
      mark.setAttribute('tabindex', i === tabbable ? 0 : -1);
    }
    if (points.has(chosen)) plot.firstChild.append(points.get(chosen));
    if (focused || view.focused) points.get(tabbable)?.focus();
    view.focused = false;
  }

  function drawPoints() {
    const {measures, kinds} = at(), x = measures[model.get('x')], y = measures[model.get('y')], zoom = model.get('zoom') ?? [];
    const placed = seeds.map((_, i) => i).filter(i => x[i] !== null && y[i] !== null), visible = placed.filter(i => shown().includes(kindNames[kinds[i]]));
    const inZoom = i => !zoom.length || (x[i] >= zoom[0] && x[i] <= zoom[1] && y[i] >= zoom[2] && y[i] <= zoom[3]);
    const drawable = visible.filter(inZoom);
    const across = zoom.length ? zoom.slice(0, 2) : placed.map(i => x[i]), up = zoom.length ? zoom.slice(2) : placed.map(i => y[i]);
    const {X, Y, corners, viewBox, grid} = plotFrame(across, up, model.get('x'), model.get('y'), plot.clientWidth);
    view = {across: [corners[0][0], corners[2][0]], up: [corners[0][1], corners[2][1]], X, Y};
    const r = 5.5 * Math.min(1, (64 / Math.max(1, drawable.length)) ** .25), frame = [X(view.across[0]) + r, Y(view.up[1]) + r, X(view.across[1]) - r, Y(view.up[0]) - r];
    const own = drawable.map(i => [X(x[i]), Y(y[i])]), places = sideBySide(own, 2.15 * r, frame);
    const moved = places.some(([u, v], k) => Math.hypot(u - own[k][0], v - own[k][1]) > r);
    const order = [...drawable].sort((a, b) => x[a] - x[b] || y[a] - y[b]), focused = plot.contains(document.activeElement);
    const step = {ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1}, pick = i => send({seed: seeds[i]});
    const points = new Map(drawable.map((i, k) => [i, svg('g', {class: 'ta-point', role: 'radio',
      'aria-label': about(i), 'data-seed': seeds[i], transform: `translate(${places[k].map(v => v.toFixed(2))})`,
      onclick: () => pick(i),
      onkeydown: event => {
        if (event.key === ' ' || event.key === 'Enter') pick(i);
        else if (step[event.key]) pick(order[(order.indexOf(i) + step[event.key] + order.length) % order.length]);
        else return;
        event.preventDefault();
      }}, svg('title', {}, about(i)), svg('circle', {r: Math.max(r + 2, 6), class: 'ta-ring', 'pointer-events': 'all'}), point(kinds[i], r))]));
    const [, , w, h] = viewBox.split(' '), none = svg('text', {x: w / 2, y: h / 2, 'text-anchor': 'middle', fill: 'currentColor'}, 'No seeds here.');
    const picture = svg('svg', {viewBox, class: 'ta-plot', role: 'radiogroup', 'aria-label': `seeds by ${model.get('x')} and ${model.get('y')}`}, grid, drawable.length ? [...points.values()] : none);
    pull(picture);
    plot.replaceChildren(picture);
    drawLegend(kinds);
    Object.assign(view, {points, order, moved, focused, hidden: seeds.length - placed.length});
  }

  function drawLegend(kinds) {
    const focus = legend.contains(document.activeElement) ? document.activeElement.dataset.kind : null;
    legend.replaceChildren(...kindNames.map((name, k) => {
      const n = kinds.filter(x => x === k).length;
      if (!n) return '';
      return tag('button', {type: 'button', class: 'ta-kind', 'data-kind': name, 'aria-pressed': String(shown().includes(name)), title: `show or hide: ${name}`, onclick: () => toggle(name)},
        svg('svg', {viewBox: '-8 -8 16 16', width: 16, height: 16, 'aria-hidden': 'true'}, point(k, 5.5)), `${name} (${n})`);
    }));
    if (focus) legend.querySelector(`[data-kind="${focus}"]`)?.focus();
  }

  // Draw a box with the mouse, and see that part of the plane.
  function pull(picture) {
    let from = null, box = null;
    const place = event => {
      const p = new DOMPoint(event.clientX, event.clientY).matrixTransform(picture.getScreenCTM().inverse());
      return [p.x, p.y];
    };
    picture.onpointerdown = event => {
      if (event.button === 0 && event.pointerType === 'mouse') from = place(event);
    };
    picture.onpointermove = event => {
      if (!from) return;
      const to = place(event);
      if (!box && Math.hypot(to[0] - from[0], to[1] - from[1]) > 8) {
        box = picture.appendChild(svg('rect', {class: 'ta-box'}));
        picture.setPointerCapture(event.pointerId);
      }
      const [[x0, x1], [y0, y1]] = [0, 1].map(k => [from[k], to[k]].sort((a, b) => a - b));
      if (box) for (const [k, v] of Object.entries({x: x0, y: y0, width: x1 - x0, height: y1 - y0})) box.setAttribute(k, v);
    };
    picture.onpointerup = event => {
      if (box) {
        const to = place(event), {across, up, X, Y} = view;
        const back = (v, [low, high], f) => low + (v - f(low)) / (f(high) - f(low)) * (high - low);
        const xs = [from[0], to[0]].map(v => back(v, across, X)).sort((a, b) => a - b), ys = [from[1], to[1]].map(v => back(v, up, Y)).sort((a, b) => a - b);
        box.remove();
        send({zoom: [...xs, ...ys].map(v => +v.toPrecision(5))});
      }
      from = box = null;
    };
  }

  function about(i) {
    const {measures, kinds} = at(), figure = n => measures[n][i] === null ? `${n} none` : `${n} ${measures[n][i].toPrecision(3)}`;
    return `Seed ${seeds[i]}, ${kindNames[kinds[i]]}: ${[...new Set([model.get('x'), model.get('y')])].map(figure).join(', ')}`.replaceAll(' -', ' −');
  }

  const redraw = () => drawn(el, draw), events = ['x', 'y', 'seed', 'step', 'kinds', 'zoom', '_table'].map(name => `change:${name}`);
  for (const event of events) model.on(event, redraw);
  draw();
  return () => { for (const event of events) model.off(event, redraw); };
}

export default {linked: ['x', 'y', 'seed', 'step', 'kinds', 'zoom'], check, render: guarded(render)};
