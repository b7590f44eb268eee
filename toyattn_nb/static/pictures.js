// The playground's pictures. Each is made anew where its width or its models change, and otherwise moved.
import {HEADS, tag, svg} from './model.js';

const LOWEST = 1e-4;     // loss at the foot of its picture
const NOT_YET = 'nothing to see yet';

// ---- what is shown

// The share of attention that each item gets beside another one, the mean over all others: .5 where a head prefers none,
// 1 for a clear favourite.
export function standing(scores) {
  const beside = (a, b) => 1 / (1 + Math.exp(b - a));
  return Array.from(scores, (a, i) => {
    let total = 0;
    for (let j = 0; j < scores.length; j++) if (j !== i) total += beside(a, scores[j]);
    return scores.length > 1 ? total / (scores.length - 1) : .5;
  });
}

// How probable each number of opposite pairs is between two random orders of n items.
export function chance(n) {
  let p = [1];
  for (let k = 2; k <= n; k++) {
    const next = Array(p.length + k - 1).fill(0);
    p.forEach((x, i) => { for (let j = 0; j < k; j++) next[i + j] += x / k; });
    p = next;
  }
  return p;
}

// ---- pictures

const path = points => points.map(([x, y], i) => `${i ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`).join('');
export const headColour = h => HEADS[h % HEADS.length];

// Black or white, whichever stands out more from a colour.
function inkOn(colour) {
  const linear = at => (parseInt(colour.slice(at, at + 2), 16) / 255) ** 2.2;
  return .2126 * linear(1) + .7152 * linear(3) + .0722 * linear(5) > .18 ? '#000' : '#fff';
}

// Heights at least so far apart, in the order of those that are given, as near to them as can be (least squares: neighbours
// that are too close are pooled), and within lo and hi.
export function spread(heights, gap, lo, hi) {
  const order = [...heights.keys()].sort((a, b) => heights[a] - heights[b]), pools = [];
  order.forEach((i, k) => {
    let pool = {sum: heights[i] - k * gap, n: 1};
    while (pools.length && pools.at(-1).sum / pools.at(-1).n > pool.sum / pool.n) {
      const before = pools.pop();
      pool = {sum: before.sum + pool.sum, n: before.n + pool.n};
    }
    pools.push(pool);
  });
  const flat = pools.flatMap(({sum, n}) => Array(n).fill(sum / n)), last = hi - (heights.length - 1) * gap, out = [];
  order.forEach((i, k) => { out[i] = Math.max(lo, Math.min(last, flat[k])) + k * gap; });
  return out;
}

let drawings = 0;   // for names that no other drawing on the page has

// The orders of all heads side by side, a line for each item: where lines cross, heads prefer the opposite.
export function slopePicture(width, task, n) {
  const W = width, H = width < 340 ? 300 : 320, TOP = 34, BOTTOM = 30, SIDE = n.H > 1 ? 46 : W / 2, id = `tp${drawings++}`;
  const across = h => n.H > 1 ? SIDE + h * (W - 2 * SIDE) / (n.H - 1) : W / 2, up = v => TOP + (1 - v) * (H - TOP - BOTTOM);
  const gaps = Array.from({length: Math.max(1, n.H - 1)}, (_, h) => h);
  const gradient = h => svg('linearGradient',
    {id: `${id}-${h}`, gradientUnits: 'userSpaceOnUse', x1: across(h), x2: across(h + 1), y1: 0, y2: 0},
    svg('stop', {offset: .15, 'stop-color': headColour(h)}), svg('stop', {offset: .85, 'stop-color': headColour(h + 1)}));
  const thick = {fill: 'none', 'stroke-width': 4, 'stroke-opacity': .85};
  const lines = task.items.map(() => gaps.map(h => svg('path', {...thick, stroke: n.H > 1 ? `url(#${id}-${h})` : headColour(0)})));
  const labels = Array.from({length: n.H}, (_, h) => task.items.map(({name}) => svg('g', {class: 'tp-item'},
    svg('circle', {r: 12, fill: headColour(h)}),
    svg('text', {y: 4.5, 'text-anchor': 'middle', 'font-weight': 700, style: `fill: ${inkOn(headColour(h))}`}, name))));
  const axes = labels.map((_, h) => [
    svg('line', {x1: across(h), x2: across(h), y1: up(1) - 6, y2: up(0) + 6, ...thick, stroke: headColour(h), 'stroke-opacity': .35}),
    svg('text', {x: across(h), y: 14, 'text-anchor': 'middle', class: 'tp-strong'}, `head ${h}`)]);
  const hints = n.H !== 2 ? [] : [['looks here first', up(1) + 4], ['and here last', up(0) + 4]].map(([text, y]) =>
    svg('text', {x: W / 2, y: y + (y < H / 2 ? -12 : 18), 'text-anchor': 'middle', class: 'tp-faint'}, text));
  const node = svg('svg', {viewBox: `0 0 ${W} ${H}`, width: W, height: H, role: 'img', 'aria-label': NOT_YET},
    svg('defs', {}, n.H > 1 ? gaps.map(gradient) : []), hints, axes.flat(), lines.flat(), labels.flat());
  const move = (scores, says) => {
    const heights = scores.map(own => standing(own).map(up));
    const apart = heights.map(own => spread(own, 25, up(1), up(0)));
    task.items.forEach((_, i) => {
      gaps.forEach(h => {
        const [from, to] = n.H > 1 ? [apart[h][i], apart[h + 1][i]] : [apart[0][i], apart[0][i]];
        const [x0, x1] = n.H > 1 ? [across(h), across(h + 1)] : [across(0) - 30, across(0) + 30];
        const points = [[x0, from], [x0 + .35 * (x1 - x0), from], [x0 + .65 * (x1 - x0), to], [x1, to]];
        const [begin, ...curve] = points.map(point => point.map(v => v.toFixed(1)).join(' '));
        lines[i][h].setAttribute('d', `M${begin}C${curve.join(' ')}`);
      });
      labels.forEach((own, h) => own[i].setAttribute('transform', `translate(${across(h).toFixed(1)} ${apart[h][i].toFixed(1)})`));
    });
    node.setAttribute('aria-label', says);
  };
  return {node, move};
}

// Steps run along a scale that begins evenly and goes on in powers of ten, since the first steps decide most.
function stepScale(steps, from, to) {
  const place = s => Math.log1p(s / 10) / Math.log1p(steps / 10);
  const ticks = [0, 10, 100, 1000, 10000].filter(s => s < .7 * steps || s === 0);
  return {X: s => from + (to - from) * place(s), ticks: [...ticks, steps]};
}

// Whether a step lies far enough from the last one that was drawn: lines of thousands of points cost more than they show.
function thinned(X) {
  let last = -Infinity;
  return step => {
    if (X(step) - last < .8) return false;
    last = X(step);
    return true;
  };
}

export const NUMBER = new Intl.NumberFormat('en');

// The frame of a picture over training steps: its ticks, and the foot of its axis.
function frame({W, H, LEFT, TOP, BOTTOM}, scale, up, named) {
  const line = ends => svg('line', {stroke: 'currentColor', 'stroke-opacity': .16, ...ends});
  const anchor = s => s === scale.ticks.at(-1) ? 'end' : 'middle';
  return svg('g', {'aria-hidden': 'true'},
    scale.ticks.map(s => line({x1: scale.X(s), x2: scale.X(s), y1: TOP, y2: H - BOTTOM})),
    named ? scale.ticks.map(s => svg('text', {x: scale.X(s), y: H - BOTTOM + 15, 'text-anchor': anchor(s)}, NUMBER.format(s))) : [],
    up.map(([y]) => line({x1: LEFT, x2: W - 8, y1: y, y2: y})),
    up.map(([y, text]) => svg('text', {x: LEFT - 6, y: y + 4, 'text-anchor': 'end'}, text)));
}

// How each head's order came about: for each head the standing of each item over the steps.
export function trailPicture(width, task, n, steps) {
  const each = n.H > 2 ? 96 : 146, W = width, LEFT = 46, RIGHT = 30, scale = stepScale(steps, LEFT, W - RIGHT);
  const parts = Array.from({length: n.H}, (_, h) => {
    const last = h === n.H - 1, TOP = 22, BOTTOM = last ? 20 : 6, H = each + (last ? 14 : 0), up = v => TOP + (1 - v) * (H - TOP - BOTTOM);
    const lines = task.items.map(() => svg('path', {class: 'tp-trail', stroke: headColour(h)}));
    const names = task.items.map(({name}) => svg('text', {class: 'tp-strong'}, name));
    const node = svg('svg', {viewBox: `0 0 ${W} ${H}`, width: W, height: H, 'aria-hidden': 'true'},
      frame({W: W - RIGHT + 8, H, LEFT, TOP, BOTTOM}, scale, [[up(1), 'first'], [up(0), 'last']], last),
      svg('text', {x: LEFT, y: 12, class: 'tp-strong'}, `head ${h}`), lines, names);
    return {node, lines, names, up, TOP, BOTTOM, H, paths: task.items.map(() => '')};
  });
  let thin = thinned(scale.X);
  const clear = () => {
    thin = thinned(scale.X);
    parts.forEach(part => part.paths.fill(''));
  };
  const add = (step, scores) => {
    if (!thin(step)) return;
    parts.forEach((part, h) => standing(scores[h]).forEach((v, i) => {
      part.paths[i] += `${part.paths[i] ? 'L' : 'M'}${scale.X(step).toFixed(1)} ${part.up(v).toFixed(1)}`;
    }));
  };
  const show = (step, scores) => parts.forEach((part, h) => {
    const heights = standing(scores[h]).map(part.up), apart = spread(heights, 15, part.TOP, part.H - part.BOTTOM);
    part.lines.forEach((line, i) => line.setAttribute('d', `${part.paths[i]}L${scale.X(step).toFixed(1)} ${heights[i].toFixed(1)}`));
    part.names.forEach((name, i) => {
      name.setAttribute('transform', `translate(${(scale.X(step) + 7).toFixed(1)} ${(apart[i] + 4.5).toFixed(1)})`);
    });
  });
  return {nodes: parts.map(part => part.node), clear, add, show};
}

// Loss of all seeds, the chosen one's bold, and below it the share that solves the task.
export function lossPicture(width, steps, highest) {
  const W = width, H = 226, LEFT = 54, TOP = 10, BOTTOM = 8, scale = stepScale(steps, LEFT, W - 16);
  const range = Math.log(highest / LOWEST), down = v => Math.log(highest / Math.max(v, LOWEST)) / range;
  const up = v => TOP + (H - TOP - BOTTOM) * down(v);
  const ticks = [1, .1, .01, .001, .0001].filter(v => v <= highest).map(v => [up(v), String(v)]);
  const size = {W: W - 8, H, LEFT, TOP, BOTTOM}, dense = window.devicePixelRatio || 1;
  const canvas = tag('canvas', {width: Math.round(W * dense), height: Math.round(H * dense), 'aria-hidden': 'true',
    style: `width: ${W}px; height: ${H}px`});
  const bold = svg('path', {class: 'tp-bold'}), dot = svg('circle', {r: 4, fill: 'currentColor'});
  const upper = svg('svg', {viewBox: `0 0 ${W} ${H}`, width: W, height: H, role: 'img',
    'aria-label': 'loss of each seed over the training steps'}, frame(size, scale, ticks, false), bold, dot);
  const SH = 92, share = v => 10 + (1 - v) * (SH - 30), solved = svg('path', {class: 'tp-solved'}), area = svg('path', {class: 'tp-area'});
  const says = svg('text', {class: 'tp-strong'});
  const lower = svg('svg', {viewBox: `0 0 ${W} ${SH}`, width: W, height: SH, role: 'img', 'aria-label': NOT_YET},
    frame({W: W - 8, H: SH, LEFT, TOP: 10, BOTTOM: 20}, scale, [[share(1), '100 %'], [share(0), '0']], true), area, solved, says);
  const pen = canvas.getContext('2d');
  pen.scale(dense, dense);
  pen.strokeStyle = 'rgb(128 128 128 / .3)';
  const thin = thinned(scale.X);
  let before = null;
  const faint = now => {
    if (!thin(now.step)) return;
    pen.beginPath();
    for (let i = 0; before && i < now.loss.length; i++) {
      pen.moveTo(scale.X(before.step), up(before.loss[i]));
      pen.lineTo(scale.X(now.step), up(now.loss[i]));
    }
    pen.stroke();
    before = now;
  };
  const show = (frames, i) => {
    const now = frames.at(-1), far = thinned(scale.X), shown = frames.filter(f => far(f.step) || f === now);
    bold.setAttribute('d', path(shown.map(f => [scale.X(f.step), up(f.loss[i])])));
    dot.setAttribute('transform', `translate(${scale.X(now.step)} ${up(now.loss[i])})`);
  };
  const judge = (judged, step) => {
    const shares = judged.map(j => [scale.X(j.step), j.margin.filter(x => x > 0).length / j.margin.length]), points = [];
    shares.forEach(([x, v], k) => points.push(...(k ? [[x, share(shares[k - 1][1])]] : []), [x, share(v)]));
    points.push([scale.X(step), points.at(-1)[1]]);
    const [x, y] = points.at(-1);
    solved.setAttribute('d', path(points));
    area.setAttribute('d', `${path(points)}L${x.toFixed(1)} ${share(0)}L${LEFT} ${share(0)}Z`);
    const percent = `${Math.round(100 * shares.at(-1)[1])} %`;
    says.textContent = percent;
    const late = x > W - 60, high = y < 30;
    says.setAttribute('text-anchor', late ? 'end' : 'start');
    says.setAttribute('transform', `translate(${late ? x - 4 : x + 5} ${high ? y + 17 : y - 6})`);
    lower.setAttribute('aria-label', `share of seeds that solve the task over the training steps, now ${percent}`);
  };
  return {nodes: [tag('div', {class: 'tp-layers'}, canvas, upper), lower], faint, show, judge};
}

// How many pairs of items two heads rank the opposite way: seeds as bars, chance as marks.
export function oppositePicture(width, nItems) {
  const expected = chance(nItems), W = width, H = 132, TOP = 18, BOTTOM = 22, slot = (W - 20) / expected.length;
  const up = v => TOP + (1 - v) * (H - TOP - BOTTOM), x = k => 10 + (k + .1) * slot, few = expected.length <= 12;
  const bars = expected.map((_, k) => svg('rect', {x: x(k), width: .8 * slot, class: 'tp-bar'}));
  const counts = expected.map((_, k) => svg('text', {x: x(k) + .4 * slot, 'text-anchor': 'middle'}));
  const by = expected.map((p, k) => svg('line', {x1: x(k), x2: x(k) + .8 * slot, y1: up(p), y2: up(p), class: 'tp-chance'}));
  const feet = expected.map((_, k) => few || k % 5 === 0 ? svg('text', {x: x(k) + .4 * slot, y: H - 6, 'text-anchor': 'middle'}, k) : null);
  const node = svg('svg', {viewBox: `0 0 ${W} ${H}`, width: W, height: H, role: 'img', 'aria-label': NOT_YET}, bars, by, counts, feet,
    svg('line', {x1: 10, x2: W - 10, y1: up(0), y2: up(0), stroke: 'currentColor', 'stroke-opacity': .4}));
  const move = numbers => {
    const all = numbers.reduce((a, b) => a + b, 0) || 1;
    numbers.forEach((n, k) => {
      bars[k].setAttribute('y', up(n / all));
      bars[k].setAttribute('height', up(0) - up(n / all));
      counts[k].setAttribute('y', Math.min(up(n / all), up(expected[k]) - 2) - 4);
      counts[k].textContent = n && few ? n : '';
    });
    const said = numbers.map((n, k) => `${k}: ${n}`).join(', ');
    node.setAttribute('aria-label', `seeds by how many pairs their heads rank the opposite way: ${said}`);
  };
  return {node, move};
}

// Every seed as a small picture of its heads' orders; a click chooses one.
export function seedGrid(width, seeds, task, n, pick) {
  const W = 30, H = 24, CELL = 39, gaps = Math.max(1, n.H - 1);
  const halves = Array.from({length: 2 * gaps}, (_, k) => headColour(Math.min(n.H - 1, Math.ceil(k / 2))));
  const cells = seeds.map((seed, i) => {
    const lines = halves.map(colour => svg('path', {stroke: colour, class: 'tp-mini'}));
    const button = tag('button', {type: 'button', role: 'radio', class: 'tp-cell', 'aria-label': `seed ${seed}`, 'aria-checked': 'false', 'data-seed': seed, onclick: () => pick(seed),
      onkeydown: event => {
        const by = {ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1}[event.key];
        if (!by) return;
        event.preventDefault();
        const to = cells[(i + by + cells.length) % cells.length];
        pick(+to.button.dataset.seed);
        to.button.focus();
      }}, svg('svg', {viewBox: `0 0 ${W} ${H}`, width: W, height: H, 'aria-hidden': 'true'}, lines));
    return {button, lines};
  });
  const columns = [32, 16, 8, 4].find(k => k * CELL <= width + 3) ?? 1;
  const node = tag('div', {class: 'tp-cells', role: 'radiogroup', 'aria-label': 'seeds',
    style: `grid-template-columns: repeat(${columns}, 36px)`}, cells.map(cell => cell.button));
  const move = training => cells.forEach(({lines}, i) => {
    const y = training.items(i).map(own => standing(own).map(v => 3 + (1 - v) * (H - 6)));
    lines.forEach((line, k) => {
      const gap = Math.floor(k / 2), from = 3 + gap * (W - 6) / gaps, long = (W - 6) / gaps / 2, later = k % 2;
      const right = y[Math.min(gap + 1, n.H - 1)];
      line.setAttribute('d', task.items.map((_, item) => {
        const a = y[gap][item], b = right[item], middle = (a + b) / 2, x = from + later * long;
        return `M${x.toFixed(1)} ${(later ? middle : a).toFixed(1)}L${(x + long).toFixed(1)} ${(later ? b : middle).toFixed(1)}`;
      }).join(''));
    });
  });
  const mark = (training, chosen) => cells.forEach(({button}, i) => {
    const solved = training.exact && training.solved(i), on = seeds[i] === chosen;
    button.classList.toggle('tp-done', !!solved);
    button.setAttribute('aria-checked', String(on));
    button.setAttribute('aria-label', `seed ${seeds[i]}, ${solved ? 'solved' : 'not solved'}`);
    button.tabIndex = on ? 0 : -1;
  });
  return {node, move, mark};
}
