// Playground: models that train in the page, and what their heads come to prefer while one watches.
import {HEADS, tag, svg, choice, drawn, guarded, example} from './model.js';
import {copyButtons, restore, toText} from './page.js';
import {answering, scoresOf, sizesOf, trainerModule} from './trainer.js';
import {chance, headColour, slopePicture, trailPicture, lossPicture, oppositePicture, seedGrid, NUMBER} from './pictures.js';
import {widget as inspector} from './inspector.js';

const ALIKE = .05;       // nats between scores that count as equal
const ROUND = 36;        // ms that a round of training should take, at most: 27 pictures a second
const SELDOM = 150;      // ms between two pictures of what there is much of: all seeds
const AHEAD = 2;         // rounds that workers are given before they have answered
const QUIET = 3000;      // ms between two sentences that a screen reader is told while training goes on
const WIDE = 620;        // px from which the settings stand open
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

// In how many pairs of items two heads prefer the opposite ones.
export function opposite(a, b) {
  let n = 0;
  for (let i = 0; i < a.length; i++) for (let j = 0; j < i; j++) if ((a[i] - a[j]) * (b[i] - b[j]) < 0) n++;
  return n;
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
    const address = URL.createObjectURL(new Blob([`(${trainerModule})()`], {type: 'text/javascript'}));
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

// ---- the inspector, on one seed that may still be training

const OWN = ['tokens', 'ablated', 'forced', 'view', 'order'];

class Inspected extends EventTarget {
  constructor(el, task, n) {
    super();
    const spec = {...task.inspect, n_head: n.H, d_head: n.D, direct: false, steps: [0], seeds: [0]};
    const traits = {tokens: example(spec), ablated: [], forced: {}, seed: 0, step: 0, beside: null, view: 'sums', order: 'margin'};
    Object.assign(this, {el, task, n, traits: {_spec: spec, _weights: null, ...traits}});
  }
  get(name) { return this.traits[name]; }
  set(name, value) {
    this.traits[name] = value;
    this.dispatchEvent(new Event(`change:${name}`));
  }
  on(event, f) { this.addEventListener(event, f); }
  off(event, f) { this.removeEventListener(event, f); }
  save_changes() {}

  // Its state as a link has it; which model is shown and what stands beside is not its own.
  get text() {
    return String(new URLSearchParams(OWN.map(name => [name, toText(this.traits[name])])));
  }
  set text(text) { restore({model: this, linked: OWN, check: inspector.check}, new URLSearchParams(text)); }

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
const stepOf = model => model.get('step') || 0, paceOf = model => model.get('pace') || null;   // as in pages of old, which do not say

// Throw where the settings are none.
function check(model) {
  if (!model.get('_tasks')[model.get('task')]) throw Error(`there is no task ${model.get('task')}.`);
  for (const [name, most] of Object.entries(MOST)) {
    const value = model.get(name);
    if (!Number.isInteger(value) || value < 1 || value > most) throw Error(`its ${name} is ${value}, and 1 to ${most} are possible.`);
  }
  if (!(model.get('lr') > 0 && model.get('lr') < Infinity)) throw Error(`its learning rate is ${model.get('lr')}.`);
  if (!Number.isInteger(model.get('seed')) || model.get('seed') < 0) throw Error(`its seed is ${model.get('seed')}.`);
  if (!Number.isInteger(stepOf(model)) || stepOf(model) < 0 || stepOf(model) > MOST.steps) throw Error(`its step is ${stepOf(model)}.`);
  if (![null, ...PACES.map(([name]) => name)].includes(paceOf(model))) throw Error(`there is no pace ${paceOf(model)}.`);
}

function render({model, el}) {
  const tasks = model.get('_tasks'), fixed = model.get('_config'), still = matchMedia('(prefers-reduced-motion: reduce)');
  let training, pictures = {}, inspected, status = 'ready';
  let due = stepOf(model), opened = model.get('inspected') || null;  // the step to be at, and the state of the inspector, once training begins
  let before = 0, credit = 0;                                        // the last moment; steps that may be done by then
  let dirty = false, stale = false, alive = true;                    // is there to draw? to begin anew? is the widget there?
  let target = 0, telling = false;                                   // the step to which training goes at once, 0: none; is it we who say the step?
  let drawnAt = 0, seldomAt = 0, inspectedAt = 0, spokenAt = 0;      // the last moments of each
  let marked = '', kept = null;                                      // what was last marked, and last handed over

  const task = () => tasks[model.get('task')];
  const send = (name, value) => { model.set(name, value); model.save_changes(); };
  const index = () => training.seeds.indexOf(model.get('seed'));

  // -- what stays: the controls
  const go = tag('button', {type: 'button', class: 'tp-go', onclick: toggle});
  const one = tag('button', {type: 'button', class: 'tp-one', onclick: stepOnce}, 'Step');
  const again = tag('button', {type: 'button', class: 'tp-again', onclick: () => restart()}, 'Restart');
  const others = tag('button', {type: 'button', class: 'tp-others', onclick: () => {
    send('seed', model.get('seed') + model.get('n_seeds'));
  }}, 'Other seeds');
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
  const pace = () => paceOf(model) ?? (still.matches ? 'full' : 'watch');
  const paces = choice('pace', PACES, pace(), v => send('pace', v), {class: 'tp-pace'});
  const seedChoice = choice('Seed', [], '', v => send('seed', +v), {class: 'tp-seed'});
  const nextSeed = tag('button', {type: 'button', class: 'tp-next', onclick: () => {
    send('seed', training.seeds[(index() + 1) % training.seeds.length]);
  }}, 'Another seed');
  const about = tag('p', {class: 'tp-about'}), spoken = tag('p', {role: 'status', class: 'tp-spoken'});
  const many = tag('b', {}), steps = tag('span', {}), counted = tag('p', {class: 'tp-counted'}, many, ' seeds solve it', steps);
  const sentence = tag('p', {class: 'tp-sentence'});
  const figure = name => {
    const picture = tag('div', {class: 'tp-picture'}), caption = tag('figcaption', {});
    return {picture, caption, node: tag('figure', {class: `tp-${name}`}, caption, picture)};
  };
  const figures = {
    slope: figure('slope'),
    trail: figure('trails'),
    loss: figure('loss'),
    seeds: figure('seeds'),
    opposite: figure('opposite'),
  };
  const inspectorBox = tag('div', {class: 'tp-inspector'}), summary = tag('summary', {});
  const details = tag('details', {class: 'tp-inspect', ontoggle: () => { inspectedAt = 0; dirty = true; wake(); }}, summary, inspectorBox);
  const chosen = tag('summary', {});
  const setup = tag('details', {class: 'tp-setup', open: el.clientWidth >= WIDE}, chosen,
    tag('div', {class: 'tp-settings'}, Object.values(settings), paces, others));
  const root = tag('div', {class: 'ta-root tp-root', role: 'group', 'aria-label': 'playground: train in the page'},
    about, tag('div', {class: 'ta-bar tp-controls'}, go, one, again, counted), setup, spoken,
    tag('div', {class: 'tp-chosen ta-bar'}, seedChoice, nextSeed, sentence),
    tag('div', {class: 'tp-grid'}, Object.values(figures).map(f => f.node)),
    copyButtons(model, el, 'playground', () => pictures.slope.node), details);
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
    const before = inspected;
    before?.stop?.();
    inspected = new Inspected(inspectorBox, task(), training.n);
    if (before?.task === inspected.task && before.n.H === inspected.n.H) inspected.text = before.text;   // the same context goes on
    inspectedAt = 0;
    target = Math.min(due, config.steps);
    due = 0;
    if (target) status = 'running';
    tell(target);
    unfold();
    layOut();
  }

  // Say at which step training is.
  function tell(step) {
    if (stepOf(model) === step) return;
    telling = true;
    send('step', step);
    telling = false;
  }

  // The inspector as a link says: open, in which state, or closed.
  function unfold() {
    if (opened === null) return;
    details.open = opened !== '';
    if (opened) inspected.text = opened;
    opened = null;
  }

  function toggle() {
    target = 0;
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
    target = 0;
    if (training.ready) training.advance(1);
    wake();
  }

  // Steps that may be done by now: few a second at first, when most is decided, then more and more.
  function drive(now) {
    const passed = Math.min(100, now - before) / 1000;
    before = now;
    if (status !== 'running') return;
    if (target) while (training.ready && training.issued < target) training.advance(target - training.issued);
    else if (pace() === 'full') while (training.ready) training.advance(Infinity);
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
    figures.opposite.caption.replaceChildren(tag('b', {}, `Pairs of ${names} that two heads rank the opposite way`),
      ` bars: ${n.H > 2 ? 'pairs of heads in all seeds' : 'seeds'}; marks: what chance would give`);
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
    label();
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
    const {n, task: its} = training, heads = training.items(index()), names = its.items.map(item => item.name);
    const pairs = names.length * (names.length - 1) / 2;
    const orders = heads.map(own => inOrder(own, names)), k = n.H === 2 ? opposite(heads[0], heads[1]) : null;
    const how = k === null ? '' : k === pairs ? 'exactly opposite' : `${k} of ${pairs} pairs the opposite way`;
    const shown = orders.map((order, h) => tag('span', {class: 'tp-order', style: `--head: ${headColour(h)}`},
      tag('span', {class: 'ta-swatch'}), ` head ${h}: `, tag('b', {}, order)));
    if (how) shown.push(tag('span', {class: k === pairs ? 'tp-how tp-exact' : 'tp-how'}, how));
    const said = orders.map((order, h) => `head ${h} ${order}`).join(', ');
    return {shown, says: `After ${NUMBER.format(training.done)} steps ${said}${how && `: ${how}`}.`};
  }

  // What buttons say, and how far training is: right also before anything is drawn.
  function label() {
    seedChoice.querySelector('select').value = model.get('seed');
    many.textContent = `${training.nSolved} of ${training.seeds.length}`;
    steps.textContent = ` · step ${NUMBER.format(training.done)} of ${NUMBER.format(training.config.steps)}`;
    summary.textContent = `Open seed ${model.get('seed')} in the inspector${status === 'running' ? ', while it learns' : ''}`;
    go.textContent = {ready: '▶ Train', running: '❚❚ Pause', paused: '▶ Go on', done: '↻ Train again'}[status];
    one.disabled = status === 'done';
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
    label();
    Object.assign(root.dataset, {step: training.done, solved: training.nSolved, status, draws: 1 + +(root.dataset.draws || 0)});
  }

  function inspect(now) {
    if (!details.open || !training.weights || (status === 'running' && now - inspectedAt < 120)) return;
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
    if (target && training.done >= target) {
      target = 0;
      if (status === 'running') status = 'paused';
    }
    const time = !still.matches || now - drawnAt > 1000 || status !== 'running';
    if (dirty && time) {
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
    tell(done);
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
  // To a step: back to the start and up to it, unless that is where training is.
  function asked() {
    if (telling || (!stale && stepOf(model) === training.done)) return;
    due = stepOf(model);
    changed();
  }
  const watched = {'change:seed': chose, 'change:step': asked};
  for (const name of SETTINGS) watched[`change:${name}`] = changed;
  watched['change:pace'] = () => { paces.querySelector('select').value = pace(); };
  watched['change:inspected'] = () => {
    opened = model.get('inspected') || '';
    queueMicrotask(unfold);
  };
  watched.link = () => {
    tell(Math.max(0, training.done));
    inspected.dispatchEvent(new Event('link'));
    model.set('inspected', details.open ? inspected.text : '');
  };
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

export default {linked: [...SETTINGS, 'seed', 'pace', 'step', 'inspected'], check, render: guarded(render)};
