// PatternInspector: what every head of a model attends to over a sequence, and one of them from everywhere.
import {HEADS, tag, svg, percent, choice, drawn, guarded} from './model.js';
import {copyButtons} from './page.js';

const LEAST = .002;   // shares below this are not drawn
const shortened = name => name.length > 9 ? `${name.slice(0, 8)}…` : name;

// Sizes of a matrix in so many pixels: room for names on the left and above, a cell's width and height, and of letters.
export function measured(names, tokens, room) {
  const longest = list => Math.max(...list.map(name => shortened(name).length)), LETTER = 7;
  const left = Math.max(30, 12 + LETTER * longest(names)), top = 10 + LETTER * longest(tokens);
  const wide = Math.max(14, Math.min(44, Math.floor((room - left - 24) / tokens.length)));
  const [, tall] = [[12, 26], [24, 20], [48, 16], [Infinity, 13]].find(([most]) => names.length <= most);
  return {left, top, wide, tall, size: tall < 16 ? 10 : 11};
}

const colour = (h, n) => n <= HEADS.length ? HEADS[h] : '#0072b2';

// One head's attention from one query to all tokens.
export const attention = ({shape: [, Q, T]}, view, h, q) => Array.from({length: T}, (_, t) => view.getFloat32(4 * ((h * Q + q) * T + t), true));

// Throw where a state cannot be drawn.
function check(model) {
  const {shape: [H, Q, T], head_names: heads, query_names: queries, token_names: tokens} = model.get('_spec'), view = model.get('_pattern');
  if (view.byteLength !== 4 * H * Q * T) throw Error(`its pattern holds ${view.byteLength} bytes where its sizes need ${4 * H * Q * T}.`);
  if (heads.length !== H || queries.length !== Q || tokens.length !== T) throw Error('its names are not as many as its heads, queries and tokens.');
  for (let i = 0; i < H * Q * T; i++) if (!Number.isFinite(view.getFloat32(4 * i, true))) throw Error('its pattern holds numbers that are not finite.');
  if (!(model.get('query') in queries)) throw Error(`there is no query ${model.get('query')}.`);
  if (!(model.get('head') in heads)) throw Error(`there is no head ${model.get('head')}.`);
}

function render({model, el}) {
  const spec = model.get('_spec'), {head_names: heads, query_names: queries, token_names: tokens, query_places: places} = spec;
  const [H, Q, T] = spec.shape, send = changes => {
    for (const [k, v] of Object.entries(changes)) model.set(k, v);
    model.save_changes();
  };
  const at = (h, q) => attention(spec, model.get('_pattern'), h, q);
  const chooseQuery = Q > 1 ? choice('seen from', queries.map((name, q) => [q, `${q}: ${name}`]), 0, v => send({query: +v}), {class: 'ta-from'}) : null;
  const chooseHead = choice('head', heads.map((name, h) => [h, name]), 0, v => send({head: +v}), {class: 'ta-which'});
  const words = tag('div', {class: 'ta-words', role: 'group', 'aria-label': 'the sequence'}), text = tag('p', {role: 'status', class: 'ta-picked'});
  const all = tag('div', {class: 'ta-scroll', tabindex: 0, role: 'region', 'aria-label': 'all heads'}), one = tag('div', {class: 'ta-scroll', tabindex: 0, role: 'region', 'aria-label': 'one head from every query'});
  el.replaceChildren(tag('div', {class: 'ta-root', role: 'group', 'aria-label': 'pattern inspector'},
    tag('div', {class: 'ta-bar'}, chooseQuery, chooseHead), words,
    tag('div', {class: 'ta-matrices'},
      tag('div', {}, tag('p', {class: 'ta-says'}, 'Every head, seen from there: the stronger the colour, the more attention (on a square-root scale). Click a row to choose a head.'), all),
      Q > 1 ? tag('div', {}, tag('p', {class: 'ta-says ta-whole'}), one) : null), text, copyButtons(model, el, 'patterns', whole),
    spec.left_out ? tag('p', {class: 'ta-note'}, spec.left_out) : null));

  function draw() {
    check(model);
    const h = model.get('head'), q = model.get('query'), p = at(h, q), strong = p.indexOf(Math.max(...p));
    if (chooseQuery) chooseQuery.querySelector('select').value = q;
    chooseHead.querySelector('select').value = h;
    const focused = words.contains(document.activeElement);
    words.replaceChildren(...tokens.map((name, t) => {
      const from = places.indexOf(t), style = `--tint: color-mix(in srgb, ${colour(h, H)} ${(100 * Math.sqrt(p[t]) * .75).toFixed(0)}%, transparent)`;
      const title = `head ${heads[h]} attends ${percent(p[t])} to ${name}`, cls = `ta-word${from === q ? ' ta-asked' : ''}`;
      return from < 0 || Q < 2 ? tag('span', {class: cls, style, title, 'data-share': p[t]}, name)
        : tag('button', {type: 'button', class: cls, style, title, 'data-share': p[t], 'aria-pressed': String(from === q), onclick: () => send({query: from})}, name);
    }));
    if (focused) words.querySelector('[aria-pressed=true]')?.focus({preventScroll: true});
    place(all, matrix(heads, heads.map((_, i) => at(i, q)), i => colour(i, H), h, i => send({head: i})), h);
    if (Q > 1) {
      el.querySelector('.ta-whole').textContent = `Head ${heads[h]} from every query. Click a row to see all heads from there.`;
      place(one, matrix(queries, queries.map((_, i) => at(h, i)), () => colour(h, H), q, i => send({query: i})), q);
    }
    text.textContent = `Seen from ${queries[q]}, head ${heads[h]} attends most to ${tokens[strong]} (${percent(p[strong])}).`;
  }

  // Rows of shares as cells, as large as there is room; the chosen row is marked.
  function matrix(names, rows, paint, chosen, choose) {
    const {left: LEFT, top: TOP, wide, tall, size} = measured(names, tokens, el.clientWidth || 720), W = LEFT + wide * T + 8, height = TOP + tall * names.length + 4;
    const row = event => Math.max(0, Math.min(names.length - 1, Math.floor((event.offsetY - TOP) / tall)));
    const text11 = {'font-size': size, fill: 'currentColor'}, cover = {class: 'ta-cover', fill: 'none'};
    const cells = rows.flatMap((p, i) => p.map((v, t) => v < LEAST ? null : svg('rect',
      {x: LEFT + wide * t, y: TOP + tall * i, width: wide - .6, height: tall - .6, fill: paint(i), 'fill-opacity': Math.sqrt(v).toFixed(3)}))).filter(Boolean);
    const across = svg('g', {class: 'ta-fixed'}, svg('rect', {width: W, height: TOP, ...cover}), tokens.map((name, t) =>
      svg('text', {transform: `translate(${LEFT + wide * (t + .5) + 4} ${TOP - 4}) rotate(-90)`, ...text11}, shortened(name))));
    const down = svg('g', {class: 'ta-fixed'}, svg('rect', {y: TOP, width: LEFT, height: height - TOP, ...cover}), names.map((name, i) =>
      svg('text', {x: LEFT - 5, y: TOP + tall * (i + .5) + 4, 'text-anchor': 'end', ...text11, 'font-weight': i === chosen ? 700 : 400}, shortened(name))));
    const corner = svg('rect', {class: 'ta-cover ta-fixed', width: LEFT, height: TOP, fill: 'none'});
    const picture = svg('svg', {viewBox: `0 0 ${W} ${height}`, width: W, height, class: 'ta-matrix', role: 'img', 'aria-label': `attention: ${names.length} rows, ${T} tokens`,
      'data-row': tall, 'data-top': TOP,
      onclick: event => choose(row(event)),
      onpointermove: event => {
        const i = row(event), t = Math.floor((event.offsetX - LEFT) / wide);
        if (rows[i]?.[t] !== undefined) text.textContent = `${names[i]} → ${tokens[t]}: ${percent(rows[i][t])}`;
      }});
    picture.append(svg('rect', {x: LEFT, y: TOP, width: wide * T, height: tall * names.length, fill: 'currentColor', 'fill-opacity': .05}), ...cells,
      svg('rect', {x: LEFT - .5, y: TOP + tall * chosen - .5, width: wide * T + 1, height: tall + .5, fill: 'none', stroke: 'currentColor', 'stroke-width': 1.5}),
      across, down, corner);
    return picture;
  }

  // Put a matrix in its place, with names that stay in view where it scrolls, and the chosen row in view.
  function place(box, picture, chosen) {
    const [across, down, corner] = picture.querySelectorAll('.ta-fixed'), tall = +picture.dataset.row, TOP = +picture.dataset.top;
    const follow = () => {
      across.setAttribute('transform', `translate(0 ${box.scrollTop})`);
      down.setAttribute('transform', `translate(${box.scrollLeft} 0)`);
      corner.setAttribute('transform', `translate(${box.scrollLeft} ${box.scrollTop})`);
    };
    box.replaceChildren(picture);
    box.onscroll = follow;
    const room = box.clientHeight - TOP, above = tall * chosen;
    if (above < box.scrollTop || above + tall > box.scrollTop + room) box.scrollTop = Math.max(0, above - room / 2);
    follow();
  }

  // The picture alone, its names where they belong.
  function whole() {
    const copy = all.firstChild.cloneNode(true);
    copy.querySelectorAll('.ta-fixed').forEach(e => e.removeAttribute('transform'));
    return copy;
  }

  const redraw = () => drawn(el, draw), events = ['change:query', 'change:head', 'change:_pattern'];
  for (const event of events) model.on(event, redraw);
  let wide = el.clientWidth;
  const sized = new ResizeObserver(() => {
    if (el.clientWidth !== wide) redraw();
    wide = el.clientWidth;
  });
  draw();
  sized.observe(el);
  return () => {
    sized.disconnect();
    for (const event of events) model.off(event, redraw);
  };
}

export default {linked: ['query', 'head'], check, render: guarded(render)};
