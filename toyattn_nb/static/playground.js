// Playground: models that train in the page, and what their heads come to prefer while one watches.
import {HEADS, tag, svg, choice, drawn, guarded, example} from './model.js';
import {copyButtons} from './page.js';
import {answering, scoresOf, sizesOf, trainer} from './trainer.js';
import {widget as inspector} from './inspector.js';

const ALIKE = .05;       // nats between scores that count as equal
const ROUND = 36;        // ms that a round of training should take, at most: 27 pictures a second
const SELDOM = 150;      // ms between two pictures of what there is much of: all seeds
const AHEAD = 2;         // rounds that workers are given before they have answered
const QUIET = 3000;      // ms between two sentences that a screen reader is told while training goes on
const WIDE = 620;        // px from which the settings stand open
const LOWEST = 1e-4;     // loss at the foot of its picture
const CHOICES = {
  n_head: [1, 2, 3, 4],
  d_head: [1, 2, 4, 8],
  n_seeds: [8, 16, 32, 64, 128],
  lr: [.002, .005, .01, .02, .05, .1],
  steps: [300, 1000, 3000, 10000],
};
const PACES = [['watch', 'to watch'], ['full', 'full speed']];

// ---- what heads prefer

// How much each head prefers each item: for every head one number an item, `(H, items)`, of the model at `p`.
export function preferences(task, n, weights, p = 0) {
  const scores = scoresOf(n, task.queries, weights, p);
  const out = new Float64Array(n.H * task.items.length);
  for (let h = 0; h < n.H; h++) {
    task.items.forEach(({query, token, against}, i) => {
      const own = scores.subarray((h * n.Q + query) * n.T, (h * n.Q + query + 1) * n.T);
      out[h * task.items.length + i] = against ? own[token] - logSumExp(own, against) : own[token];
    });
  }
  return out;
}

function logSumExp(scores, counts) {
  const top = Math.max(...scores);
  return top + Math.log(scores.reduce((sum, s, t) => sum + counts[t] * Math.exp(s - top), 0));
}

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

// In how many pairs of items two heads prefer the opposite ones.
export function opposite(a, b) {
  let n = 0;
  for (let i = 0; i < a.length; i++) for (let j = 0; j < i; j++) if ((a[i] - a[j]) * (b[i] - b[j]) < 0) n++;
  return n;
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

function inOrder(scores, names) {
  const order = [...names.keys()].sort((a, b) => scores[b] - scores[a]);
  const between = (a, b) => scores[a] - scores[b] < ALIKE ? ' ≈ ' : ' > ';
  return order.map((i, k) => (k ? between(order[k - 1], i) : '') + names[i]).join('');
}

// ---- the workers

// Seeds shared out among workers. `heard` gets each round when all have answered: {step, weights, loss, exact, ms}.
class Team {
  constructor(task, config, seeds, heard) {
    const n = Math.min(navigator.hardwareConcurrency || 2, 8, Math.ceil(seeds.length / 4)), size = Math.ceil(seeds.length / n);
    Object.assign(this, {heard, rounds: [], answered: false, stopped: false, alone: false});
    this.slices = Array.from({length: Math.ceil(seeds.length / size)}, (_, k) => seeds.slice(k * size, (k + 1) * size));
    this.said = [];        // all that was said before the first answer
    try { this.members = this.slices.map((_, k) => this.worker(k)); }
    catch { this.workHere(); }
    this.say(k => ({start: {task, config, seeds: this.slices[k]}}));
  }

  worker(k) {
    const address = URL.createObjectURL(new Blob([`(${trainer})()`], {type: 'text/javascript'}));
    const worker = new Worker(address);
    worker.onmessage = ({data}) => this.answer(k, data);
    worker.onerror = () => this.giveUp();
    const stop = () => {
      worker.terminate();
      URL.revokeObjectURL(address);
    };
    return {tell: message => worker.postMessage(message), stop};
  }

  // Where a page may not have workers, all is done here, a round at a time.
  workHere() {
    this.alone = true;
    this.members = this.slices.map((_, k) => {
      const answer = answering(message => this.answer(k, message));
      return {tell: message => setTimeout(() => this.stopped || answer(message)), stop: () => {}};
    });
  }

  giveUp() {
    if (this.answered || this.stopped || this.alone) return;
    this.members.forEach(member => member.stop());
    this.workHere();
    for (const messageOf of this.said) this.tell(messageOf);
  }

  say(messageOf) {
    if (!this.answered) this.said.push(messageOf);
    this.tell(messageOf);
  }
  tell(messageOf) { this.members.forEach((member, k) => member.tell(messageOf(k))); }

  // Train up to a step, and judge there or not.
  advance(upto, judge) {
    this.rounds.push({answers: [], left: this.slices.length});
    this.say(() => ({upto, judge}));
  }

  answer(k, message) {
    if (this.stopped) return;
    this.answered = true;
    const round = this.rounds.find(r => !r.answers[k]);
    round.answers[k] = message;
    round.left--;
    if (round.left) return;
    this.rounds.shift();
    this.heard(joined(round.answers));
  }

  stop() {
    this.stopped = true;
    this.members.forEach(member => member.stop());
  }
}

function joined(answers) {
  const whole = of => {
    const parts = answers.map(of), out = new Float64Array(parts.reduce((n, x) => n + x.length, 0));
    let at = 0;
    for (const part of parts) {
      out.set(part, at);
      at += part.length;
    }
    return out;
  };
  const judged = answers[0].exact && Object.keys(answers[0].exact);
  const exact = judged && Object.fromEntries(judged.map(name => [name, whole(a => a.exact[name])]));
  return {step: answers[0].step, weights: whole(a => a.weights), loss: whole(a => a.loss), exact,
    ms: Math.max(...answers.map(a => a.ms))};
}

// Steps at which all models are judged on the exact population.
export function marks(steps) {
  const found = new Set([0, steps]);
  for (let unit = 10; unit < steps; unit *= 10) {
    for (const m of [1, 1.5, 2, 3, 4, 5, 6, 8]) if (m * unit < steps) found.add(m * unit);
  }
  return [...found].sort((a, b) => a - b);
}

// Have a drop-down show a value, also one that it did not offer.
function show(select, value) {
  if (![...select.options].some(option => option.value === String(value))) select.append(tag('option', {value}, value));
  select.value = value;
}

// ---- one training: what was heard so far

class Training {
  constructor(task, config, seeds, told) {
    const n = sizesOf(task, config);
    Object.assign(this, {task, config, seeds, n, told, issued: 0, done: -1, perStep: 1, began: performance.now()});
    this.marks = marks(config.steps);
    this.frames = [];       // {step, loss (n_seeds), items (n_seeds, H·items)}
    this.judged = [];       // {step, excess, accuracy, margin, weights} at the marks
    this.team = new Team(task, config, seeds, round => this.hear(round));
    this.team.advance(0, true);
  }

  hear(round) {
    const {task, n} = this, size = n.H * task.items.length, items = new Float32Array(this.seeds.length * size);
    this.seeds.forEach((_, i) => items.set(preferences(task, n, round.weights, i * n.P), i * size));
    const moved = round.step - Math.max(0, this.done);
    if (moved > 0 && !round.exact) this.perStep = .7 * this.perStep + .3 * round.ms / moved;
    this.done = round.step;
    this.weights = round.weights;
    const loss = round.step ? round.loss : round.exact.excess;
    this.frames.push({step: round.step, loss: Float32Array.from(loss), items});
    if (round.exact) this.judged.push({step: round.step, ...round.exact, weights: Float32Array.from(round.weights)});
    this.told(round);
  }

  get ready() { return this.team.rounds.length < AHEAD && this.issued < this.config.steps; }

  // Have so many steps done, or as many as there are to the next mark and as a round may take.
  advance(steps) {
    const most = Math.max(1, Math.floor(ROUND / this.perStep)), next = this.marks.find(mark => mark > this.issued);
    const upto = Math.min(this.issued + Math.min(steps, most), next);
    const by = upto - this.issued;
    this.issued = upto;
    this.team.advance(upto, this.marks.includes(upto));
    return by;
  }

  // Preferences of a seed's heads in a frame, a list for each head.
  items(i, frame = this.frames.at(-1)) {
    const {n, task} = this, k = task.items.length, at = i * n.H * k;
    return Array.from({length: n.H}, (_, h) => frame.items.subarray(at + h * k, at + (h + 1) * k));
  }

  get exact() { return this.judged.at(-1); }
  solved(i) { return this.exact.margin[i] > 0; }
  get nSolved() { return this.exact ? this.exact.margin.filter(x => x > 0).length : 0; }
  get over() { return this.done >= this.config.steps; }

  stop() { this.team.stop(); }
}

// ---- pictures: each is made anew where its width or its models change, and otherwise moved

const path = points => points.map(([x, y], i) => `${i ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`).join('');
const headColour = h => HEADS[h % HEADS.length];

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
function slopePicture(width, task, n) {
  const W = width, H = width < 340 ? 300 : 320, TOP = 34, BOTTOM = 30, SIDE = n.H > 1 ? 46 : W / 2, id = `tp${drawings++}`;
  const across = h => n.H > 1 ? SIDE + h * (W - 2 * SIDE) / (n.H - 1) : W / 2, up = v => TOP + (1 - v) * (H - TOP - BOTTOM);
  const gaps = Array.from({length: Math.max(1, n.H - 1)}, (_, h) => h);
  const gradient = h => svg('linearGradient', {id: `${id}-${h}`, gradientUnits: 'userSpaceOnUse', x1: across(h), x2: across(h + 1), y1: 0, y2: 0},
    svg('stop', {offset: .15, 'stop-color': headColour(h)}), svg('stop', {offset: .85, 'stop-color': headColour(h + 1)}));
  const lines = task.items.map(() => gaps.map(h => svg('path', {class: 'tp-line', fill: 'none', 'stroke-width': 4, 'stroke-opacity': .85, stroke: n.H > 1 ? `url(#${id}-${h})` : headColour(0)})));
  const labels = Array.from({length: n.H}, (_, h) => task.items.map(({name}) => svg('g', {class: 'tp-item'},
    svg('circle', {r: 12, fill: headColour(h)}), svg('text', {y: 4.5, 'text-anchor': 'middle', 'font-weight': 700, style: `fill: ${inkOn(headColour(h))}`}, name))));
  const axes = labels.map((_, h) => [
    svg('line', {x1: across(h), x2: across(h), y1: up(1) - 6, y2: up(0) + 6, stroke: headColour(h), 'stroke-width': 3, 'stroke-opacity': .35}),
    svg('text', {x: across(h), y: 14, 'text-anchor': 'middle', class: 'tp-strong'}, `head ${h}`)]);
  const hints = n.H !== 2 ? [] : [['looks here first', up(1) + 4], ['and here last', up(0) + 4]].map(([text, y]) =>
    svg('text', {x: W / 2, y: y + (y < H / 2 ? -12 : 18), 'text-anchor': 'middle', class: 'tp-faint'}, text));
  const node = svg('svg', {viewBox: `0 0 ${W} ${H}`, width: W, height: H, role: 'img'}, svg('defs', {}, n.H > 1 ? gaps.map(gradient) : []), hints, axes.flat(), lines.flat(), labels.flat());
  const move = (scores, says) => {
    const heights = scores.map(own => standing(own).map(up));
    const apart = heights.map(own => spread(own, 25, up(1), up(0)));
    task.items.forEach((_, i) => {
      gaps.forEach(h => {
        const [from, to] = n.H > 1 ? [apart[h][i], apart[h + 1][i]] : [apart[0][i], apart[0][i]];
        const [x0, x1] = n.H > 1 ? [across(h), across(h + 1)] : [across(0) - 30, across(0) + 30];
        lines[i][h].setAttribute('d', `M${x0} ${from.toFixed(1)}C${x0 + .35 * (x1 - x0)} ${from.toFixed(1)} ${x0 + .65 * (x1 - x0)} ${to.toFixed(1)} ${x1} ${to.toFixed(1)}`);
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

const NUMBER = new Intl.NumberFormat('en');

// The frame of a picture over training steps: its ticks, and the foot of its axis.
function frame({W, H, LEFT, TOP, BOTTOM}, scale, up, named) {
  const line = ends => svg('line', {stroke: 'currentColor', 'stroke-opacity': .16, ...ends});
  return svg('g', {'aria-hidden': 'true'},
    scale.ticks.map((s, k) => [line({x1: scale.X(s), x2: scale.X(s), y1: TOP, y2: H - BOTTOM}),
      named ? svg('text', {x: scale.X(s), y: H - BOTTOM + 15, 'text-anchor': k + 1 === scale.ticks.length ? 'end' : 'middle'}, NUMBER.format(s)) : null]).flat(),
    up.map(([y, text]) => [line({x1: LEFT, x2: W - 8, y1: y, y2: y}), svg('text', {x: LEFT - 6, y: y + 4, 'text-anchor': 'end'}, text)]).flat());
}

// How each head's order came about: for each head the standing of each item over the steps.
function trailPicture(width, task, n, steps) {
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
    part.names.forEach((name, i) => name.setAttribute('transform', `translate(${(scale.X(step) + 7).toFixed(1)} ${(apart[i] + 4.5).toFixed(1)})`));
  });
  return {nodes: parts.map(part => part.node), clear, add, show};
}

// Loss of all seeds, the chosen one's bold, and below it the share that solves the task.
function lossPicture(width, steps, highest) {
  const W = width, H = 226, LEFT = 54, TOP = 10, BOTTOM = 8, scale = stepScale(steps, LEFT, W - 16);
  const range = Math.log(highest / LOWEST), up = v => TOP + (H - TOP - BOTTOM) * Math.min(1, Math.log(highest / Math.max(v, LOWEST)) / range);
  const ticks = [1, .1, .01, .001, .0001].filter(v => v <= highest).map(v => [up(v), String(v)]);
  const size = {W: W - 8, H, LEFT, TOP, BOTTOM}, dense = window.devicePixelRatio || 1;
  const canvas = tag('canvas', {width: Math.round(W * dense), height: Math.round(H * dense), style: `width: ${W}px; height: ${H}px`, 'aria-hidden': 'true'});
  const bold = svg('path', {class: 'tp-bold'}), dot = svg('circle', {r: 4, fill: 'currentColor'});
  const upper = svg('svg', {viewBox: `0 0 ${W} ${H}`, width: W, height: H, role: 'img', 'aria-label': 'loss of each seed over the training steps'}, frame(size, scale, ticks, false), bold, dot);
  const SH = 92, share = v => 10 + (1 - v) * (SH - 30), solved = svg('path', {class: 'tp-solved'}), area = svg('path', {class: 'tp-area'});
  const says = svg('text', {class: 'tp-strong'});
  const lower = svg('svg', {viewBox: `0 0 ${W} ${SH}`, width: W, height: SH, role: 'img'},
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
    says.setAttribute('text-anchor', x > W - 60 ? 'end' : 'start');
    says.setAttribute('transform', `translate(${(x > W - 60 ? x - 4 : x + 5).toFixed(1)} ${(y < 30 ? y + 17 : y - 6).toFixed(1)})`);
    lower.setAttribute('aria-label', `share of seeds that solve the task over the training steps, now ${percent}`);
  };
  return {nodes: [tag('div', {class: 'tp-layers'}, canvas, upper), lower], faint, show, judge};
}

// How many pairs of items two heads rank the opposite way: seeds as bars, chance as marks.
function oppositePicture(width, nItems) {
  const expected = chance(nItems), W = width, H = 132, TOP = 18, BOTTOM = 22, slot = (W - 20) / expected.length;
  const up = v => TOP + (1 - v) * (H - TOP - BOTTOM), x = k => 10 + (k + .1) * slot, few = expected.length <= 12;
  const bars = expected.map((_, k) => svg('rect', {x: x(k), width: .8 * slot, class: 'tp-bar'}));
  const counts = expected.map((_, k) => svg('text', {x: x(k) + .4 * slot, 'text-anchor': 'middle'}));
  const by = expected.map((p, k) => svg('line', {x1: x(k), x2: x(k) + .8 * slot, y1: up(p), y2: up(p), class: 'tp-chance'}));
  const feet = expected.map((_, k) => few || k % 5 === 0 ? svg('text', {x: x(k) + .4 * slot, y: H - 6, 'text-anchor': 'middle'}, k) : null);
  const node = svg('svg', {viewBox: `0 0 ${W} ${H}`, width: W, height: H, role: 'img'}, bars, by, counts, feet,
    svg('line', {x1: 10, x2: W - 10, y1: up(0), y2: up(0), stroke: 'currentColor', 'stroke-opacity': .4}));
  const move = numbers => {
    const all = numbers.reduce((a, b) => a + b, 0) || 1;
    numbers.forEach((n, k) => {
      bars[k].setAttribute('y', up(n / all));
      bars[k].setAttribute('height', up(0) - up(n / all));
      counts[k].setAttribute('y', Math.min(up(n / all), up(expected[k]) - 2) - 4);
      counts[k].textContent = n && few ? n : '';
    });
    node.setAttribute('aria-label', `seeds by how many pairs their heads rank the opposite way: ${numbers.map((n, k) => `${k}: ${n}`).join(', ')}`);
  };
  return {node, move};
}

// Every seed as a small picture of its heads' orders; a click chooses one.
function seedGrid(width, seeds, task, n, pick) {
  const W = 30, H = 24, CELL = 39, gaps = Math.max(1, n.H - 1);
  const halves = Array.from({length: 2 * gaps}, (_, k) => headColour(Math.min(n.H - 1, Math.ceil(k / 2))));
  const cells = seeds.map((seed, i) => {
    const lines = halves.map(colour => svg('path', {stroke: colour, class: 'tp-mini'}));
    const button = tag('button', {type: 'button', role: 'radio', class: 'tp-cell', 'data-seed': seed, onclick: () => pick(seed),
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
  const node = tag('div', {class: 'tp-cells', role: 'radiogroup', 'aria-label': 'seeds', style: `grid-template-columns: repeat(${columns}, 36px)`}, cells.map(cell => cell.button));
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

// ---- the inspector, on one seed that may still be training

class Inspected extends EventTarget {
  constructor(el, task, n) {
    super();
    const spec = {...task.inspect, n_head: n.H, d_head: n.D, direct: false, steps: [0], seeds: [0]};
    const traits = {_spec: spec, _weights: null, tokens: example(spec), ablated: [], forced: {}, seed: 0, step: 0, beside: null, view: 'sums'};
    Object.assign(this, {el, task, n, traits});
  }
  get(name) { return this.traits[name]; }
  set(name, value) {
    this.traits[name] = value;
    this.dispatchEvent(new Event(`change:${name}`));
  }
  on(event, f) { this.addEventListener(event, f); }
  off(event, f) { this.removeEventListener(event, f); }
  save_changes() {}

  // Show a model: of this seed, after so many steps, its weights beginning at `p`.
  show(weights, p, seed, step) {
    const {n, traits} = this, {_spec: spec} = traits, scores = scoresOf(n, this.task.queries, weights, p);
    const numbers = [...scores, ...weights.subarray(p + n.at.W_V, p + n.P)], packed = new DataView(new ArrayBuffer(4 * numbers.length));
    numbers.forEach((x, k) => packed.setFloat32(4 * k, x, true));
    [spec.seeds[0], spec.steps[0]] = [seed, step];
    Object.assign(traits, {_weights: packed, seed, step});
    if (this.stop) this.dispatchEvent(new Event('change:_weights'));
    else this.stop = inspector.render({model: this, el: this.el});
  }
}

// ---- the widget

const SETTINGS = ['task', 'n_head', 'd_head', 'n_seeds', 'lr', 'steps'];
const MOST = {n_head: 8, d_head: 16, n_seeds: 256, steps: 100_000};

// Throw where the settings are none.
function check(model) {
  if (!model.get('_tasks')[model.get('task')]) throw Error(`there is no task ${model.get('task')}.`);
  for (const [name, most] of Object.entries(MOST)) {
    const value = model.get(name);
    if (!Number.isInteger(value) || value < 1 || value > most) throw Error(`its ${name} is ${value}, and 1 to ${most} are possible.`);
  }
  if (!(model.get('lr') > 0 && model.get('lr') < Infinity)) throw Error(`its learning rate is ${model.get('lr')}.`);
  if (!Number.isInteger(model.get('seed')) || model.get('seed') < 0) throw Error(`its seed is ${model.get('seed')}.`);
}

function render({model, el}) {
  const tasks = model.get('_tasks'), fixed = model.get('_config'), still = matchMedia('(prefers-reduced-motion: reduce)');
  let training, pictures = {}, inspected, status = 'ready', pace = still.matches ? 'full' : 'watch';
  let credit = 0, dirty = false, drawnAt = 0, inspectedAt = 0, spokenAt = 0, seldomAt = 0, marked = '', before = 0, alive = true, stale = false, kept = null;

  const task = () => tasks[model.get('task')];
  const send = (name, value) => { model.set(name, value); model.save_changes(); };
  const index = () => training.seeds.indexOf(model.get('seed'));

  // -- what stays: the controls
  const go = tag('button', {type: 'button', class: 'tp-go', onclick: toggle});
  const one = tag('button', {type: 'button', class: 'tp-one', onclick: stepOnce}, 'Step');
  const again = tag('button', {type: 'button', class: 'tp-again', onclick: () => restart()}, 'Restart');
  const others = tag('button', {type: 'button', class: 'tp-others', onclick: () => send('seed', model.get('seed') + model.get('n_seeds'))}, 'Other seeds');
  const setting = (label, name, text = v => v) =>
    choice(label, CHOICES[name].map(v => [v, text(v)]), model.get(name), v => send(name, +v), {class: `tp-${name}`});
  const settings = {
    task: choice('task', Object.keys(tasks).map(name => [name, name]), model.get('task'), v => send('task', v), {class: 'tp-task'}),
    n_head: setting('heads', 'n_head'),
    d_head: setting('width of a head', 'd_head'),
    n_seeds: setting('seeds', 'n_seeds'),
    lr: setting('learning rate', 'lr'),
    steps: setting('steps', 'steps', NUMBER.format),
  };
  const paces = choice('pace', PACES, pace, v => { pace = v; }, {class: 'tp-pace'});
  const seedChoice = choice('Seed', [], '', v => send('seed', +v), {class: 'tp-seed'});
  const nextSeed = tag('button', {type: 'button', class: 'tp-next', onclick: () => {
    send('seed', training.seeds[(index() + 1) % training.seeds.length]);
  }}, 'Another seed');
  const about = tag('p', {class: 'tp-about'}), many = tag('b', {}), steps = tag('span', {}), counted = tag('p', {class: 'tp-counted'}, many, ' seeds solve it', steps), spoken = tag('p', {role: 'status', class: 'tp-spoken'});
  const sentence = tag('p', {class: 'tp-sentence'});
  const figure = (name, title) => {
    const picture = tag('div', {class: 'tp-picture'}), caption = tag('figcaption', {}, title);
    return {picture, caption, node: tag('figure', {class: `tp-${name}`}, caption, picture)};
  };
  const figures = {
    slope: figure('slope', ''), trail: figure('trails', ''), loss: figure('loss', ''), seeds: figure('seeds', ''), opposite: figure('opposite', ''),
  };
  const inspectorBox = tag('div', {class: 'tp-inspector'}), summary = tag('summary', {});
  const details = tag('details', {class: 'tp-inspect', ontoggle: () => { inspectedAt = 0; dirty = true; wake(); }}, summary, inspectorBox);
  const chosen = tag('summary', {});
  const setup = tag('details', {class: 'tp-setup', open: el.clientWidth >= WIDE}, chosen, tag('div', {class: 'tp-settings'}, Object.values(settings), paces, others));
  const root = tag('div', {class: 'ta-root tp-root', role: 'group', 'aria-label': 'playground: train in the page'},
    about, tag('div', {class: 'ta-bar tp-controls'}, go, one, again, counted), setup, spoken,
    tag('div', {class: 'tp-chosen ta-bar'}, seedChoice, nextSeed, sentence),
    tag('div', {class: 'tp-grid'}, Object.values(figures).map(f => f.node)), copyButtons(model, el, 'playground', () => pictures.slope.node), details);
  el.replaceChildren(root);

  // -- one training after the other
  function restart() {
    check(model);
    training?.stop();
    const config = {...fixed, n_head: model.get('n_head'), d_head: model.get('d_head'), lr: model.get('lr'), steps: model.get('steps')};
    const count = model.get('n_seeds'), first = count * Math.floor(model.get('seed') / count);   // the block of the chosen seed
    const seeds = Array.from({length: count}, (_, i) => first + i);
    status = 'ready';
    credit = 0;
    kept = null;
    training = new Training(task(), config, seeds, () => { dirty = true; wake(); });
    seedChoice.querySelector('select').replaceChildren(...seeds.map(s => tag('option', {value: s}, s)));
    inspected?.stop?.();
    inspected = new Inspected(inspectorBox, task(), training.n);
    inspectedAt = 0;
    layOut();
  }

  function toggle() {
    if (status === 'done') restart();
    status = status === 'running' ? 'paused' : 'running';
    before = performance.now();
    spokenAt = before;
    if (status === 'paused') credit = 0;
    dirty = true;
    wake();
  }

  function stepOnce() {
    if (status === 'done') return;
    status = 'paused';
    credit = 0;
    if (training.ready) training.advance(1);
    wake();
  }

  // Steps that may be done by now: few a second at first, when most is decided, then more and more.
  function drive(now) {
    const passed = Math.min(100, now - before) / 1000;
    before = now;
    if (status !== 'running') return;
    if (pace === 'full') while (training.ready) training.advance(Infinity);
    else {
      credit = Math.min(credit + passed * (12 + training.issued / 5), 12 + training.issued / 5);
      while (training.ready && credit >= 1) credit -= training.advance(Math.floor(credit));
    }
  }

  // -- pictures
  function layOut() {
    const {n, task: its, config} = training, width = f => Math.max(240, Math.floor(f.picture.clientWidth || 320)), names = its.items_name;
    if (training.frames.length === 0) for (const f of Object.values(figures)) f.picture.replaceChildren();
    figures.slope.caption.replaceChildren(tag('b', {}, `Which ${names} each head prefers, now`), ` ${its.items_say}`);
    figures.trail.caption.replaceChildren(tag('b', {}, 'How that came about'), ' over the training steps');
    figures.loss.caption.replaceChildren(tag('b', {}, 'Loss of every seed, and the share that solves the task'),
      ` on all ${NUMBER.format(its.n_rows)} contexts; loss in nats above the best possible, on each batch`);
    figures.seeds.caption.replaceChildren(tag('b', {}, 'All seeds'), ' each with its heads’ orders; a frame means solved. Choose one.');
    figures.opposite.caption.replaceChildren(tag('b', {}, `Pairs of ${names} that two heads rank the opposite way`), ` bars: ${n.H > 2 ? 'pairs of heads in all seeds' : 'seeds'}; marks: what chance would give`);
    figures.opposite.node.hidden = n.H < 2;
    pictures = {
      slope: slopePicture(width(figures.slope), its, n),
      trail: trailPicture(width(figures.trail), its, n, config.steps),
      loss: lossPicture(width(figures.loss), config.steps, 1.2 * Math.log(its.n_completions)),
      seeds: seedGrid(width(figures.seeds), training.seeds, its, n, seed => send('seed', seed)),
      opposite: oppositePicture(width(figures.opposite), its.items.length),
    };
    figures.slope.picture.replaceChildren(pictures.slope.node);
    figures.trail.picture.replaceChildren(...pictures.trail.nodes);
    figures.loss.picture.replaceChildren(...pictures.loss.nodes);
    figures.seeds.picture.replaceChildren(pictures.seeds.node);
    figures.opposite.picture.replaceChildren(pictures.opposite.node);
    about.replaceChildren(tag('b', {}, its.about), ' Press Train, and watch what each head comes to look at.');
    const plural = (k, one) => `${k} ${one}${k === 1 ? '' : 's'}`;
    chosen.textContent = `${model.get('task')}: ${plural(n.H, 'head')} of width ${n.D}, ${plural(training.seeds.length, 'seed')}`;
    training.shown = 0;
    marked = '';
    for (const [name, label] of Object.entries(settings)) show(label.querySelector('select'), model.get(name));
    dirty = true;
    wake();
  }

  function oppositeNumbers() {
    const {n, task: its} = training, numbers = chance(its.items.length).map(() => 0);
    training.seeds.forEach((_, i) => {
      const heads = training.items(i);
      for (let h = 0; h < n.H; h++) for (let g = 0; g < h; g++) numbers[opposite(heads[h], heads[g])]++;
    });
    return numbers;
  }

  // What the chosen seed's heads prefer, in words: for the eye with the heads' colours, for the ear as a sentence.
  function describe() {
    const {n, task: its} = training, heads = training.items(index()), names = its.items.map(item => item.name), pairs = names.length * (names.length - 1) / 2;
    const orders = heads.map(own => inOrder(own, names)), k = n.H === 2 ? opposite(heads[0], heads[1]) : null;
    const how = k === null ? '' : k === pairs ? 'exactly opposite' : `${k} of ${pairs} pairs the opposite way`;
    const shown = orders.map((order, h) => tag('span', {class: 'tp-order', style: `--head: ${headColour(h)}`}, tag('span', {class: 'ta-swatch'}), ` head ${h}: `, tag('b', {}, order)));
    if (how) shown.push(tag('span', {class: k === pairs ? 'tp-how tp-exact' : 'tp-how'}, how));
    return {shown, says: `After ${NUMBER.format(training.done)} steps ${orders.map((order, h) => `head ${h} ${order}`).join(', ')}${how && `: ${how}`}.`};
  }

  function draw() {
    const {frames, judged} = training, i = index();
    if (!frames.length || i < 0) return;
    for (; training.shown < frames.length; training.shown++) {
      const now = frames[training.shown];
      pictures.loss.faint(now);
      pictures.trail.add(now.step, training.items(i, now));
    }
    const {shown, says} = describe();
    pictures.slope.move(training.items(i), says);
    pictures.trail.show(training.done, training.items(i));
    pictures.loss.show(frames, i);
    pictures.loss.judge(judged, training.done);
    const now = performance.now(), key = `${judged.length} ${model.get('seed')}`;
    if (now - seldomAt > SELDOM || status !== 'running') {
      seldomAt = now;
      pictures.seeds.move(training);
      if (training.n.H > 1) pictures.opposite.move(oppositeNumbers());
    }
    if (marked !== key) pictures.seeds.mark(training, model.get('seed'));
    marked = key;
    const text = shown.map(e => e.textContent).join();
    if (sentence.dataset.text !== text) sentence.replaceChildren(...shown);
    sentence.dataset.text = text;
    seedChoice.querySelector('select').value = model.get('seed');
    many.textContent = `${training.nSolved} of ${training.seeds.length}`;
    steps.textContent = ` · step ${NUMBER.format(training.done)} of ${NUMBER.format(training.config.steps)}`;
    summary.textContent = `Open seed ${model.get('seed')} in the inspector${status === 'running' ? ', while it learns' : ''}`;
    go.textContent = {ready: '▶ Train', running: '❚❚ Pause', paused: '▶ Go on', done: '↻ Train again'}[status];
    one.disabled = status === 'done';
    Object.assign(root.dataset, {step: training.done, solved: training.nSolved, status, draws: 1 + +(root.dataset.draws || 0)});
  }

  function inspect(now) {
    if (!details.open || !training.weights || now - inspectedAt < 120) return;
    inspectedAt = now;
    inspected.show(training.weights, index() * training.n.P, model.get('seed'), training.done);
  }

  function speak(now, must = false) {
    if (!training.exact || !must && now - spokenAt < QUIET) return;
    spokenAt = now;
    spoken.textContent = `Step ${NUMBER.format(training.done)}: ${training.nSolved} of ${training.seeds.length} seeds solve every context.`;
  }

  // -- the loop: it sleeps when there is nothing to do
  let ticking = false;
  function wake() {
    if (ticking || !alive) return;
    ticking = true;
    requestAnimationFrame(tick);
  }
  function tick(now) {
    ticking = false;
    if (!alive) return;
    drive(now);
    const wasRunning = status;
    if (training.over && status !== 'done') status = 'done';
    const due = !still.matches || now - drawnAt > 1000 || status !== 'running';
    if (dirty && due) {
      dirty = false;
      drawnAt = now;
      drawn(el, draw);
      inspect(now);
      if (status === 'running') speak(now);
    }
    if (status === 'done' && wasRunning !== 'done') speak(now, true);
    if (status === 'paused' || status === 'done') hand();
    if (status === 'running' || dirty) wake();
  }

  // Give the models to Python, once for each pause.
  function hand() {
    const {team, done, judged, seeds, n, config} = training;
    if (team.rounds.length || kept === done) return;
    kept = done;
    if (status === 'paused') speak(performance.now(), true);
    const steps = judged.map(j => j.step), size = seeds.length * n.P, room = Math.max(1, Math.floor(2 ** 20 / size));
    const snapshots = judged.length > room ? judged.slice(0, 1) : judged;
    const numbers = new Float32Array((1 + snapshots.length) * size);
    numbers.set(training.weights, 0);
    snapshots.forEach((j, k) => numbers.set(j.weights, (1 + k) * size));
    const lists = name => judged.map(j => [...j[name]]);
    model.set('_numbers', new DataView(numbers.buffer));
    model.set('_trained', {task: model.get('task'), n_head: n.H, d_head: n.D, lr: config.lr, steps: config.steps, steps_done: done, seeds,
      snapshot_steps: snapshots.map(j => j.step), seconds: (performance.now() - training.began) / 1000, workers: team.members.length,
      history: {step: steps, loss: lists('excess'), accuracy: lists('accuracy'), margin: lists('margin')}});
    model.save_changes();
  }

  // Settings may change together: then training begins anew once.
  function changed() {
    if (stale) return;
    stale = true;
    queueMicrotask(() => {
      stale = false;
      if (alive) drawn(el, restart);
    });
  }
  // Another seed of those that train, or else of another block of seeds.
  function chose() {
    if (stale || index() < 0) {
      changed();
      return;
    }
    pictures.trail.clear();
    for (const f of training.frames.slice(0, training.shown)) pictures.trail.add(f.step, training.items(index(), f));
    inspectedAt = 0;
    dirty = true;
    wake();
  }
  const watched = {'change:seed': chose};
  for (const name of SETTINGS) watched[`change:${name}`] = changed;
  for (const [event, f] of Object.entries(watched)) model.on(event, f);
  let wide = 0;
  const sized = new ResizeObserver(() => {
    if (el.clientWidth === wide) return;
    wide = el.clientWidth;
    if (training) layOut();
  });
  wide = el.clientWidth;
  restart();
  sized.observe(el);
  return () => {
    alive = false;
    training.stop();
    sized.disconnect();
    for (const [event, f] of Object.entries(watched)) model.off(event, f);
  };
}

export default {linked: [...SETTINGS, 'seed'], check, render: guarded(render)};
