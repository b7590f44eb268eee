// HeadInspector: one context, what each head attends to, what it writes, and how that adds up; of one model, or of two side by side.
import {unpack, forward, centred, ovTables, completion, judge, contexts, shuffled, example} from './model.js';
import {HEADS, tag, svg, percent, short, choice, drawn, guarded} from './model.js';
import {copyButtons} from './page.js';

const SHOWN = .005;   // shares below this are left blank
const ALIKE = .05;    // nats between scores that count as equal
const VIEWS = {sums: 'How it adds up', tables: 'Every token', contexts: 'Every context'};
const ORDERS = {margin: 'smallest margin', apart: 'heads furthest apart', differ: 'margins furthest apart'};   // of contexts

const colour = h => HEADS[h % HEADS.length];
const height = p => `height: ${100 * Math.sqrt(p)}%`;   // small shares can be seen: a tenth of the attention is a third of the height
const share = p => p >= .095 ? (100 * p).toFixed(0) : p >= .0005 ? (100 * p).toFixed(1) : '';
const list = (words, last) => words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`;
const unique = values => [...new Set(values)];

// Tokens that can stand before the query, and those that can stand as it.
const inside = spec => unique([...spec.parts.first.flatMap(bag => bag.slice(0, -1)), ...(spec.parts.n_fill ? spec.parts.fillers : [])]).sort((a, b) => a - b);
// How many tokens a context may have, the query included.
const lengths = spec => unique(spec.parts.first.map(bag => bag.length + spec.parts.n_fill));

// What there is to show beside the first model: another one's sizes, seeds and steps, or the same.
const besideSpec = spec => spec.other ? {...spec, ...spec.other} : spec;

// The step at which the second model is shown: the one that is set, or as far as training had come by the first one's step.
function besideStep(model) {
  const {steps} = besideSpec(model.get('_spec')), set = model.get('beside_step') ?? null;
  return set ?? steps.findLast(step => step <= model.get('step')) ?? steps[0];
}

// Throw where a state cannot be drawn.
function check(model) {
  const spec = model.get('_spec'), other = besideSpec(spec), ids = model.get('tokens'), heads = [...Array(Math.max(spec.n_head, other.n_head)).keys()];
  const token = t => Number.isInteger(t) && t >= 0 && t < spec.n_vocab;
  if (!lengths(spec).includes(ids.length) || !ids.every(token) || !spec.queries.includes(ids.at(-1))) {
    throw Error(`its context, ${JSON.stringify(ids)}, is not ${list(lengths(spec).map(n => n - 1), 'or')} tokens and what is asked after, one of ${spec.queries.map(t => spec.token_names[t]).join(' ')}.`);
  }
  if (!spec.seeds.includes(model.get('seed')) || !spec.steps.includes(model.get('step'))) throw Error('this page does not carry the weights of that seed and step.');
  const beside = model.get('beside') ?? null;
  if (beside !== null && !other.seeds.includes(beside)) throw Error(`this page does not carry the weights of seed ${beside} to show beside.`);
  if (!other.steps.includes(besideStep(model))) throw Error(`this page does not carry the weights of step ${besideStep(model)} to show beside.`);
  if (!model.get('ablated').every(h => heads.includes(h))) throw Error('a head is switched off that is not there.');
  for (const [h, t] of Object.entries(model.get('forced'))) if (!heads.includes(+h) || !token(t)) throw Error('a head is forced that is not there, or onto no token.');
  if (!Object.keys(VIEWS).includes(viewOf(model))) throw Error(`there is no view ${viewOf(model)}.`);
  if (!Object.keys(ORDERS).includes(orderOf(model))) throw Error(`there is no order ${orderOf(model)}.`);
  if (![0, 1].includes(whoseOf(model))) throw Error(`there is no model ${whoseOf(model)} of two.`);
}

// What a page that was stored long ago may not say is as it was then.
const viewOf = model => model.get('view') || 'sums', orderOf = model => model.get('order') || 'margin', whoseOf = model => model.get('whose') || 0;

// ---- contexts ranked

// Half the sum of the differences of what two heads attend to, the mean over pairs of heads: 0 where all look alike, 1 where none looks at what another does.
export function headsApart(onTokens) {
  let sum = 0, pairs = 0;
  for (let g = 0; g < onTokens.length; g++) for (let h = 0; h < g; h++) {
    sum += onTokens[g].reduce((d, p, t) => d + Math.abs(p - onTokens[h][t]), 0) / 2;
    pairs++;
  }
  return pairs ? sum / pairs : 0;
}

// The forward for many contexts of one query: attention and logits from tables made once.
function quick(one, {ablated, forced}) {
  const ov = ovTables(one), on = one.scores.map((_, h) => !ablated.includes(h));
  const lower = one.scores.map(scores => Math.max(...scores)), e = one.scores.map((scores, h) => scores.map(x => Math.exp(x - lower[h])));
  if (e.some(weights => weights.some(w => w < 1e-250))) return tokens => forward(one, tokens, {ablated, forced});   // a context could be left with nothing
  return tokens => {
    const logits = one.bias ? [...one.bias] : ov[0][0].map(() => 0), here = unique(tokens);
    const onTokens = e.map((weights, h) => {
      const p = weights.map(() => 0), onto = tokens.includes(forced[h]) ? forced[h] : null;
      for (const t of tokens) p[t] += onto === null ? weights[t] : +(t === onto);
      const total = here.reduce((sum, t) => sum + p[t], 0);
      for (const t of here) {
        p[t] /= total;
        if (on[h]) for (let c = 0; c < logits.length; c++) logits[c] += p[t] * ov[h][t][c];
      }
      return p;
    });
    return {logits, onTokens};
  };
}

// Of the contexts with the same query, the same deciding tokens and the same answer, the one with the smallest margin, the one with the heads furthest apart,
// and where there is a second model, the one in which the margins of the two differ most.
export function extremes(spec, list, modelAt, edits, secondAt = null) {
  const forwardsOf = at => new Map(spec.queries.map(q => [q, quick(at(q), edits)]));
  const groups = new Map(), forwards = forwardsOf(modelAt), seconds = secondAt && forwardsOf(secondAt);
  for (const {tokens, answer} of list) {
    const q = tokens.at(-1), decides = tokens.slice(0, -1).filter(t => spec.marked.includes(t)), {logits, onTokens} = forwards.get(q)(tokens);
    const found = {tokens, answer, decides, margin: judge(spec, logits, answer).margin, apart: headsApart(onTokens)};
    if (seconds) found.second = judge(spec, seconds.get(q)(tokens).logits, answer).margin;
    const name = [q, answer, ...decides].join(), best = groups.get(name) ?? {least: found, most: found, differ: found};
    if (found.margin < best.least.margin) best.least = found;
    if (found.apart > best.most.apart) best.most = found;
    if (seconds && difference(found) > difference(best.differ)) best.differ = found;
    groups.set(name, best);
  }
  return [...groups.values()];
}

const difference = ({margin, second}) => Math.abs(margin - second);

// Tokens in an order in which those that decide stand apart.
function spreadOut(spec, tokens) {
  const decides = tokens.filter(t => spec.marked.includes(t)), others = tokens.filter(t => !spec.marked.includes(t));
  const every = Math.ceil(tokens.length / (decides.length + 1));
  decides.forEach((t, i) => others.splice(Math.min(others.length, every * (i + 1) - 1), 0, t));
  return others;
}

function render({model, el}) {
  const spec = model.get('_spec'), names = spec.token_names, answers = spec.completion_names, {parts} = spec;
  const specs = [spec, besideSpec(spec)], heads = [...Array(Math.max(...specs.map(own => own.n_head))).keys()], within = inside(spec);
  const reach = Math.min(6, Math.max(3, 1 + Math.max(...parts.first.map(bag => spec.marked.filter(t => bag.includes(t)).length))));   // tokens with rows of their own
  let draft = null;     // a context under construction that the task could not have drawn: never sent to Python, but in a link
  let ranked = {};      // the last ranking of contexts
  let everything = null;

  const send = changes => {
    for (const [k, v] of Object.entries(changes)) model.set(k, v);
    model.save_changes();
  };
  const seen = new Map();   // models that were unpacked
  const two = () => (model.get('beside') ?? null) !== null;
  const whose = () => two() ? whoseOf(model) : 0;   // which of two models is taken apart below: 0, the first, or 1
  const place = which => which ? {seed: model.get('beside'), step: besideStep(model)} : {seed: model.get('seed'), step: model.get('step')};
  const at = (which, query) => {
    const {seed, step} = place(which), own = specs[which], key = `${which} ${step} ${seed} ${query}`;
    if (!seen.has(key)) {
      if (seen.size > 64) seen.clear();
      seen.set(key, unpack(own, model.get(which && spec.other ? '_other' : '_weights'), own.steps.indexOf(step), own.seeds.indexOf(seed), query));
    }
    return seen.get(key);
  };
  // What the first or the second of two models is called: by what tells it from the other one.
  function called(which) {
    const own = place(which), other = place(1 - which), words = [];
    if (specs[which].seeds.length > 1 && (spec.other || own.seed !== other.seed || own.step === other.step)) words.push(`seed ${own.seed}`);
    if (specs[which].steps.length > 1 && (own.step !== other.step || !(words.length || spec.other))) words.push(`${words.length ? 'at ' : ''}step ${own.step}`);
    return [...(spec.other ? [spec.names[which]] : []), ...(words.length ? [words.join(' ')] : [])].join(', ');
  }
  const tokens = () => draft ?? model.get('tokens');
  const edits = () => ({ablated: model.get('ablated'), forced: model.get('forced')});
  const setTokens = t => {
    draft = completion(spec, t) === null ? t : null;
    if (draft) redraw(); else send({tokens: t});
  };
  const setForced = (h, value) => {
    const forced = {...model.get('forced')};
    if (value === '') delete forced[h]; else forced[h] = +value;
    send({forced});
  };
  const setAblated = (h, off) => send({ablated: heads.filter(i => i === h ? off : model.get('ablated').includes(i))});

  // -- what stays: the controls. Each `draw…` writes the state into them.
  const seed = spec.seeds.length > 1 ? choice('seed', spec.seeds.map(s => [s, s]), model.get('seed'), v => send({seed: +v}), {class: 'ta-seed'}) : null;
  const {seeds: others, steps: otherSteps} = specs[1], otherName = s => !spec.other ? `seed ${s}` : others.length > 1 ? `${spec.names[1]}, seed ${s}` : spec.names[1];
  const beside = spec.other || others.length > 1 || otherSteps.length > 1 ? choice('beside it', [['', 'no other'], ...others.map(s => [s, otherName(s)])], '',
    v => send({beside: v === '' ? null : +v}), {class: 'ta-beside'}) : null;
  const besideAt = otherSteps.length > 1 ? choice('at step', [['', spec.other ? 'the same or before' : 'the same'], ...otherSteps.map(s => [s, s])], '',
    v => send({beside_step: v === '' ? null : +v}), {class: 'ta-beside-step'}) : null;
  const slider = tag('input', {type: 'range', class: 'ta-step', min: 0, max: spec.steps.length - 1, step: 1, 'aria-label': 'training step',
    oninput: () => send({step: spec.steps[slider.value]})});
  const stepText = tag('output', {});
  const step = spec.steps.length > 1 ? tag('span', {class: 'ta-steps'}, 'training step ', slider, ' ', stepText) : null;

  const row = children => tag('div', {class: 'ta-row'}, children);
  const context = tag('div', {class: 'ta-row ta-context', role: 'group', 'aria-label': 'the context'});
  const panels = heads.map(h => {
    const on = tag('input', {type: 'checkbox', class: 'ta-on', onchange: () => setAblated(h, !on.checked)});
    const force = tag('select', {class: 'ta-force', 'aria-label': `head ${h} attends`, onchange: () => setForced(h, force.value)},
      tag('option', {value: ''}, 'as trained'), names.map((name, t) => tag('option', {value: t}, `only to ${name}`)));
    const prefers = tag('span', {class: 'ta-prefers'}), sides = [0, 1].map(which => {
      const says = tag('small', {}), bars = row([]);
      return {says, bars, side: tag('div', {class: which ? 'ta-second' : 'ta-first'}, says, bars)};
    });
    const pair = tag('div', {class: 'ta-pair'}, sides.map(({side}) => side));
    const box = tag('div', {class: 'ta-head', style: `--head: ${colour(h)}`},
      tag('div', {class: 'ta-title'}, tag('label', {}, on, tag('span', {class: 'ta-swatch'}), tag('b', {}, ` head ${h}`)),
        tag('label', {}, 'attends ', force), prefers), pair);
    return {on, force, prefers, sides, box};
  });
  const verdict = tag('p', {role: 'status', class: 'ta-verdict'}), verdictBeside = tag('p', {role: 'status', class: 'ta-verdict-beside'});
  const tabs = Object.entries(VIEWS).map(([view, text]) =>
    tag('button', {type: 'button', class: `ta-tab ta-view-${view}`, onclick: () => send({view})}, text));
  const panel = tag('div', {class: 'ta-view'}), which = tag('select', {class: 'ta-whose', onchange: () => send({whose: +which.value})});
  const chooseWhich = tag('label', {}, 'of ', which);
  el.replaceChildren(tag('div', {class: 'ta-root', role: 'group', 'aria-label': 'head inspector',
    onpointerover: event => point(event.target), onfocusin: event => point(event.target), onpointerleave: () => point(null)},
    seed || step || beside ? tag('div', {class: 'ta-bar'}, seed, beside, step, besideAt) : null,
    context, ...panels.map(p => p.box),
    tag('div', {class: 'ta-bar'},
      tag('button', {type: 'button', class: 'ta-shuffle', onclick: () => setTokens([...shuffled(tokens().slice(0, -1)), tokens().at(-1)])}, 'Shuffle'),
      tag('button', {type: 'button', class: 'ta-next', onclick: () => setTokens(example(spec))}, 'Next example'),
      tag('button', {type: 'button', class: 'ta-reset', onclick: () => send({ablated: [], forced: {}})}, 'Heads as trained')),
    verdict, verdictBeside,
    tag('div', {class: 'ta-bar ta-tabs', role: 'group', 'aria-label': 'what is shown below'}, tabs, chooseWhich), panel,
    copyButtons(model, el, 'heads', picture), spec.left_out ? tag('p', {class: 'ta-note'}, spec.left_out) : null));

  // Point at a token: wherever it stands, it is marked.
  function point(target) {
    const hot = target?.closest('[data-token]')?.dataset.token;
    for (const e of el.querySelectorAll('.ta-hot')) if (e.dataset.token !== hot) e.classList.remove('ta-hot');
    if (hot !== undefined) for (const e of el.querySelectorAll(`[data-token="${hot}"]`)) e.classList.add('ta-hot');
  }

  // -- what changes
  function state() {
    const ids = tokens(), right = completion(spec, ids), models = (two() ? [0, 1] : [0]).map(which => {
      const one = at(which, ids.at(-1));
      return {one, out: forward(one, ids, edits()), name: two() ? called(which) : 'the model'};
    });
    return {ids, right, models, ...edits()};
  }

  function draw() {
    check(model);
    const s = state(), {models} = s, view = viewOf(model);
    if (seed) seed.querySelector('select').value = model.get('seed');
    if (beside) beside.querySelector('select').value = model.get('beside') ?? '';
    if (besideAt) besideAt.querySelector('select').value = model.get('beside_step') ?? '';
    if (besideAt) besideAt.hidden = !two();
    slider.value = spec.steps.indexOf(model.get('step'));
    slider.setAttribute('aria-valuetext', model.get('step'));
    stepText.textContent = model.get('step');
    drawContext(s.ids);
    panels.forEach((p, h) => drawHead(p, h, s));
    [verdict, verdictBeside].forEach((place, k) => {
      place.hidden = !models[k];
      if (models[k]) drawVerdict(place, models[k], s);
    });
    tabs.forEach(tab => tab.setAttribute('aria-pressed', String(tab.classList.contains(`ta-view-${view}`))));
    chooseWhich.hidden = !two();
    which.replaceChildren(...models.map(({name}, k) => tag('option', {value: k}, name)));
    which.value = whose();
    const places = [...panel.querySelectorAll('.ta-scroll')].map(e => e.scrollLeft), focus = panel.contains(document.activeElement) ? document.activeElement.className : null;
    panel.replaceChildren(...[{sums, tables, contexts: ranking}[view]({...s, ...models[whose()], second: models[1 - whose()]})].flat());
    panel.querySelectorAll('.ta-scroll').forEach((e, i) => { e.scrollLeft = places[i] ?? 0; });
    if (focus) panel.getElementsByClassName(focus)[0]?.focus({preventScroll: true});
  }

  function drawContext(ids) {
    el.querySelector('.ta-root').classList.toggle('ta-named', ids.length > 12);
    el.querySelector('.ta-root').classList.toggle('ta-two', two());
    if (context.children.length !== ids.length) {
      const chip = (i, last) => tag('select', {'aria-label': last ? 'asked after' : `token at position ${i + 1}`, class: `ta-chip${last ? ' ta-readoff ta-query' : ''}`,
        title: last ? 'the last token, after which the answer is due' : null,
        onchange: event => setTokens(tokens().map((t, j) => j === i ? +event.target.value : t))},
        (last ? spec.queries : within).map(t => tag('option', {value: t}, names[t])));
      const only = t => tag('span', {class: 'ta-chip ta-readoff', title: 'the readoff, where the answer is due'}, names[t]);
      context.replaceChildren(...ids.map((t, i) => i < ids.length - 1 ? chip(i, false) : spec.queries.length > 1 ? chip(i, true) : only(t)));
    }
    [...context.children].forEach((chip, i) => {
      chip.dataset.token = ids[i];
      if (chip.tagName !== 'SELECT') return;
      if (i < ids.length - 1 && !within.includes(ids[i])) chip.append(tag('option', {value: ids[i]}, names[ids[i]]));
      chip.value = ids[i];
      chip.classList.toggle('ta-signal', i < ids.length - 1 && spec.marked.includes(ids[i]));
    });
  }

  function attention(bars, {out, name}, h, ids, onto) {
    const shares = out.onTokens[h].map((p, t) => [p, t]).filter(([p]) => p >= SHOWN).sort((a, b) => b[0] - a[0]);
    bars.setAttribute('role', 'img');
    bars.setAttribute('aria-label', `head ${h}${two() ? ` of ${name}` : ''} attends to ${shares.map(([p, t]) => `${names[t]} ${percent(p)}`).join(', ')}`);
    bars.replaceChildren(...ids.map((t, i) => {
      const p = out.pattern[h][i];
      return tag('div', {class: 'ta-attention', 'data-token': t, title: `head ${h} attends ${percent(p)} to ${names[t]}: click, and it attends to ${names[t]} alone`,
        onclick: () => setForced(h, onto === t ? '' : t)},
        tag('span', {class: 'ta-token'}, names[t]), tag('div', {class: 'ta-well'}, tag('div', {style: height(p)})), tag('span', {}, share(p)));
    }));
  }

  // The tokens that are compared, by the head's scores: A > B ≈ C.
  function order(scores) {
    const ranks = [...spec.compared].sort((a, b) => scores[b] - scores[a]);
    const sign = i => scores[ranks[i - 1]] - scores[ranks[i]] < ALIKE ? ' ≈ ' : ' > ';
    return ranks.slice(0, 10).map((t, i) => (i ? sign(i) : '') + names[t]).join('') + (ranks.length > 10 ? ' > …' : '');
  }

  function drawHead({on, force, prefers, sides, box}, h, {ids, models, ablated, forced}) {
    const off = ablated.includes(h), onto = forced[h], orders = models.map(({one}) => one.scores[h] ? `prefers ${order(one.scores[h])}` : `has no head ${h}`);
    on.checked = !off;
    box.classList.toggle('ta-off', off);
    box.hidden = !two() && h >= spec.n_head;
    force.value = onto ?? '';
    for (const option of force.options) option.hidden = option.value !== '' && !ids.includes(+option.value) && +option.value !== onto;
    if (onto !== undefined) force.selectedOptions[0].textContent = `only to ${names[onto]}${ids.includes(onto) ? '' : ' (not here)'}`;
    prefers.textContent = two() ? '' : `${spec.queries.length > 1 ? `after ${names[ids.at(-1)]} ` : ''}${orders[0]}`;
    sides.forEach(({says, bars, side}, k) => {
      side.hidden = !models[k];
      if (!models[k]) return;
      says.textContent = two() ? `${models[k].name} ${orders[k]}` : '';
      if (models[k].one.scores[h]) attention(bars, models[k], h, ids, onto);
      else bars.replaceChildren();
    });
  }

  // What the model says, in a sentence's part: a target with the shares that it gets.
  function shares(target, probs) {
    const support = spec.targets ? probs.filter((_, c) => spec.targets[target][c] > 0) : [probs[target]];
    const [low, high] = [Math.min(...support), Math.max(...support)].map(percent);
    return `${spec.target_names[target]} (${support.length < 2 || low === high ? high : `${low} to ${high}`}${support.length > 1 ? ' each' : ''})`;
  }

  const capital = words => words[0].toUpperCase() + words.slice(1);

  function drawVerdict(place, {out: {probs, logits}, name}, {right, ids}) {
    const who = capital(name), {best, tie, margin} = judge(spec, logits, right), won = best === right && !tie;
    const says = tie ? `${who} cannot decide.` : `${who} says ${shares(best, probs)}.`;
    place.className = `${place.classList[0]} ${right === null ? 'ta-none' : won ? 'ta-right' : 'ta-wrong'}`;
    if (right === null) place.textContent = `${whyNone(ids)} ${says}`;
    else if (won) place.textContent = `✓ ${says} That is right.`;
    else place.textContent = `✗ ${says} The right answer is ${shares(right, probs)}.`;
    place.dataset.answer = best;
    place.dataset.margin = margin ?? '';
  }

  function whyNone(ids) {
    const those = bag => bag.slice(0, -1).filter(t => spec.marked.includes(t)).length, n = those(ids);
    const allowed = unique(parts.first.map(those)).sort((a, b) => a - b);
    if (!spec.marked.length || allowed.includes(n)) return spec.parts.whole ? 'No right answer: this context is none of the task’s.' : 'This page does not know the right answer.';
    if (spec.marked.length === 1) return `No right answer: this context holds ${names[spec.marked[0]]} ${n} times, the task puts it ${list(allowed, 'or')} times.`;
    return `No right answer: this context holds ${n} signal token${n === 1 ? '' : 's'} (of ${spec.marked.map(t => names[t]).join(', ')}), the task puts ${list(allowed, 'or')}.`;
  }

  // -- views: how it adds up

  const tint = (x, top) => `rgb(${x > 0 ? '214 96 77' : '67 147 195'} / ${(.6 * Math.min(1, Math.abs(x) / top)).toFixed(3)})`;
  // Where all numbers are small, such as before training, they are told in hundredths or thousandths: a cell has room for four characters.
  const times = top => top >= 1 ? 1 : top >= .1 ? 100 : 1000;
  const numberIn = (x, top) => times(top) === 1 ? short(x) : String(Math.round(times(top) * x) || 0).replace('-', '−');
  const unit = top => ({1: '', 100: 'in hundredths', 1000: 'in thousandths'})[times(top)];
  const scroll = (label, ...children) => tag('div', {class: 'ta-scroll', tabindex: 0, role: 'region', 'aria-label': label}, children);
  const says = (...words) => tag('p', {class: 'ta-says'}, words);
  const certain = right => right === null || !spec.targets ? right : spec.targets[right].findIndex(p => p === 1);   // the one right completion, if there is one
  const due = (right, c) => right === null ? null : spec.targets ? spec.targets[right][c] : +(c === right);

  // Of each head as many rows in every context: the tokens that decide first, then those with the most attention, then the rest.
  function rowsOf(h, {ids, out}, sums) {
    const p = out.onTokens[h], decides = t => spec.marked.includes(t) && p[t] >= SHOWN;
    const here = unique(ids).sort((a, b) => decides(b) - decides(a) || p[b] - p[a]), kept = here.slice(0, reach).sort((a, b) => p[b] - p[a]);
    const rows = kept.map(t => ({name: names[t], token: t, p: p[t], row: centred(out.terms[h][t])}));
    const left = here.slice(reach);
    const rest = sums[h].map((x, c) => rows.reduce((sum, {row}) => sum - row[c], x));
    rows.push({name: 'rest', p: left.reduce((sum, t) => sum + p[t], 0), row: left.length ? rest : rest.map(() => 0)});
    return rows;
  }

  // Rows: what each attended token makes each head write, their sums, all heads' sum, probabilities. Columns: completions.
  function sums(s) {
    const {one, out, right, ablated, second} = s, only = certain(right);
    const total = centred(out.logits), own = out.heads.map(centred), rows = own.map((_, h) => rowsOf(h, s, own));
    const top = Math.max(.02, ...total.map(Math.abs), ...own.flat().map(Math.abs), ...rows.flat().flatMap(({row}) => row.map(Math.abs)));
    const mark = c => c === only ? 'ta-answer' : '';
    const cell = (x, c) => tag('td', {class: mark(c), style: `--tint: ${tint(x, top)}`}, numberIn(x, top));
    const line = (label, row, cls = '', token) => tag('tr', {class: cls, 'data-token': token}, tag('th', {scope: 'row'}, label), row.map(cell));
    const empty = () => tag('tr', {}, tag('th', {scope: 'row'}, '\u00a0'), answers.map((_, c) => tag('td', {class: mark(c)})));
    const headRows = h => [
      ...rows[h].map(({name, token, p, row}) => line([name, tag('small', {}, ` ${share(p)}`)], row, '', token)),
      ...Array.from({length: reach + 1 - rows[h].length}, empty), line('in all', own[h], 'ta-sum')];
    const title = h => ablated.includes(h) ? ` head ${h} is off: it writes nothing` : ` head ${h} writes, reading`;
    const said = (label, probs, cls) => tag('tr', {class: `ta-probs ${cls}`}, tag('th', {scope: 'row'}, label), answers.map((_, c) =>
      tag('td', {class: mark(c), ...(cls ? {} : {'data-value': probs[c], 'data-logit': out.logits[c]})},
        tag('div', {class: 'ta-well'}, tag('div', {style: `height: ${100 * probs[c]}%`}), due(right, c) ? tag('i', {style: `bottom: ${100 * due(right, c)}%`}) : null),
        probs[c] >= SHOWN ? (100 * probs[c]).toFixed(0) : '')));
    const is = tag('tr', {class: 'ta-due'}, tag('th', {scope: 'row'}, 'right %'), answers.map((_, c) =>
      tag('td', {class: mark(c), 'data-due': due(right, c)}, due(right, c) ? +(100 * due(right, c)).toFixed(0) : '')));
    const about = says('What each attended token writes to each completion’s logit (mean removed; red raises it, blue lowers it), and how the heads add up');
    return [about, scroll('what the heads write to each completion', tag('table', {class: 'ta-sums', style: `min-width: ${60 + 29 * answers.length}px`},
      tag('thead', {}, tag('tr', {}, tag('td', {class: 'ta-unit', title: unit(top) || null}, times(top) === 1 ? '' : `× ${1 / times(top)}`), answers.map((a, c) => tag('th', {scope: 'col', class: mark(c)}, a)))),
      own.map((_, h) => tag('tbody', {style: `--head: ${colour(h)}`, class: `ta-by${ablated.includes(h) ? ' ta-off' : ''}`},
        tag('tr', {}, tag('th', {colspan: answers.length + 1, scope: 'rowgroup', class: 'ta-group'}, tag('span', {class: 'ta-swatch'}), title(h))), headRows(h))),
      tag('tbody', {class: 'ta-total'},
        tag('tr', {}, tag('th', {colspan: answers.length + 1, scope: 'rowgroup', class: 'ta-group'},
          `heads ${one.bias ? 'and direct path ' : ''}together (bars: each head, line: the sum)`)),
        one.bias ? line('direct', centred(one.bias)) : null,
        tag('tr', {class: 'ta-chart', 'aria-hidden': 'true'}, tag('th', {}, 'bars'), answers.map((_, c) => tag('td', {class: mark(c)}, bars(own.map(x => x[c]), total[c], top)))),
        line('logit', total, 'ta-sum'), said('says %', out.probs, ''), is, second ? said('beside', second.out.probs, 'ta-other') : null)))];
  }

  // The heads' logits of one completion side by side, their sum as a line across.
  function bars(parts, sum, top) {
    const y = x => 30 - 28 * x / top, width = 24 / parts.length;
    return svg('svg', {viewBox: '0 0 30 60', preserveAspectRatio: 'none'},
      svg('line', {x1: 0, x2: 30, y1: 30, y2: 30, stroke: 'currentColor', 'stroke-opacity': .35}),
      parts.map((x, h) => svg('rect', {x: 3 + h * width, width, y: Math.min(y(x), 30), height: Math.abs(y(x) - 30), fill: colour(h)})),
      svg('line', {x1: 1, x2: 29, y1: y(sum), y2: y(sum), stroke: 'currentColor', 'stroke-width': 2.5}));
  }

  // -- views: QK and OV of every token

  function tables({ids, one, right}) {
    const ov = ovTables(one).map(rows => rows.map(centred)), qk = one.scores.map(centred), only = certain(right);
    const top = Math.max(.02, ...ov.flat(2).map(Math.abs)), steep = Math.max(.02, ...qk.flat().map(Math.abs));
    const sorted = unique([...spec.marked, ...within, ...names.keys()]);
    const mark = c => c === only ? 'ta-answer' : '';
    const after = spec.queries.length > 1 ? ` after ${names[ids.at(-1)]}` : '';
    const about = says(`Each head’s score for each token${after}, and what it writes where it reads that token alone (means removed). Bold: what stands in the context; point at a token to find it.${unit(steep) && ` Scores are ${unit(steep)}.`}${unit(top) && ` What is written is ${unit(top)}.`}`);
    return [about, tag('div', {class: 'ta-tables'}, qk.map((_, h) => scroll(`scores and outputs of head ${h}`,
      tag('table', {class: 'ta-circuits', style: `--head: ${colour(h)}; min-width: ${68 + 28 * answers.length}px`},
        tag('thead', {}, tag('tr', {}, tag('td', {}, tag('span', {class: 'ta-swatch'}), ` ${h}`), tag('th', {scope: 'col', class: 'ta-score'}, 'score'), answers.map((a, c) => tag('th', {scope: 'col', class: mark(c)}, a)))),
        tag('tbody', {}, sorted.map(t => tag('tr', {'data-token': t, class: ids.includes(t) ? 'ta-here' : ''}, tag('th', {scope: 'row'}, names[t]),
          tag('td', {class: 'ta-score', style: `--tint: color-mix(in srgb, var(--head) ${(50 * Math.max(0, qk[h][t]) / steep).toFixed(0)}%, transparent)`}, numberIn(qk[h][t], steep)),
          ov[h][t].map((x, c) => tag('td', {class: mark(c), style: `--tint: ${tint(x, top)}`}, numberIn(x, top))))))))))];
  }

  // -- views: contexts ranked

  const KEPT = {margin: 'least', apart: 'most', differ: 'differ'};   // of each kind of context
  const SORTS = {margin: (a, b) => a.margin - b.margin, apart: (a, b) => b.apart - a.apart, differ: (a, b) => difference(b) - difference(a)};
  const signed = x => `${x > 0 ? '' : '✗ '}${x.toFixed(2).replace('-', '−')}`;

  function ranking({name, second}) {
    const by = !second && orderOf(model) === 'differ' ? 'margin' : orderOf(model);
    const key = JSON.stringify([whose(), place(0), two() && place(1), edits()]);
    everything ??= contexts(spec);
    if (ranked.key !== key) ranked = {key, groups: extremes(spec, everything.list, q => at(whose(), q), edits(), second && (q => at(1 - whose(), q)))};
    const {groups} = ranked, {whole, list: {length: n}} = everything, shown = groups.map(g => g[KEPT[by]]).sort(SORTS[by]);
    const failing = groups.filter(g => g.least.margin <= 0).length, can = Object.keys(ORDERS).filter(k => second || k !== 'differ');
    const sort = choice('order by', can.map(k => [k, ORDERS[k]]), by, v => send({order: v}), {class: 'ta-rank'});
    const open = ({tokens}) => setTokens([...spreadOut(spec, tokens.slice(0, -1)), tokens.at(-1)]);
    const kind = ({tokens, decides}) => [...decides.map(t => names[t]), ...(spec.queries.length > 1 ? [`… ${names[tokens.at(-1)]}`] : [])].join(' ') || '–';
    const rows = shown.map(x => tag('tr', {class: x.margin > 0 ? '' : 'ta-fails'},
      tag('td', {}, tag('button', {type: 'button', class: 'ta-open', 'aria-label': `open ${x.tokens.map(t => names[t]).join(' ')}`, onclick: () => open(x)}, x.tokens.map(t => names[t]).join(' '))),
      tag('td', {}, kind(x)), tag('td', {}, spec.target_names[x.answer]), tag('td', {'data-margin': x.margin}, signed(x.margin)),
      second ? tag('td', {'data-second': x.second}, signed(x.second)) : null, tag('td', {'data-apart': x.apart}, percent(x.apart))));
    const every = whole ? `All ${n.toLocaleString('en')} bags of tokens` : `${n.toLocaleString('en')} contexts drawn at random`;
    const about = says(`${every}, with the heads as they are set above: of each kind of context the one with the ${ORDERS[by]}. ${failing ? `${failing} of ${groups.length} kinds hold an error${second ? ` of ${name}` : ''}.` : `${capital(name)} is right in all.`} Click one to open it.`);
    return [tag('div', {class: 'ta-bar'}, sort), about, scroll('contexts, ranked',
      tag('table', {class: 'ta-ranking'},
        tag('thead', {}, tag('tr', {}, ['context', 'decides', 'right', 'margin', ...(second ? [`margin, ${second.name}`] : []), 'heads apart'].map(text => tag('th', {scope: 'col'}, text)))),
        tag('tbody', {}, rows)))];
  }

  // -- the picture: context, heads, answer

  function picture() {
    const {ids, right, ablated, models} = state(), W = 640, LEFT = 70, width = (W - LEFT - 10) / ids.length, wide = (W - LEFT - 10) / answers.length;
    const text = (x, y, words, more = {}) => svg('text', {x, y, 'text-anchor': 'middle', fill: 'currentColor', ...more}, words);
    const well = (x, y, w, p, more) => [svg('rect', {x: x - w / 2, y, width: w, height: 44, fill: 'currentColor', 'fill-opacity': .08}),
      svg('rect', {x: x - w / 2, y: y + 44 * (1 - p), width: w, height: 44 * p, ...more})];
    const label = (y, words) => text(8, y, words, {'text-anchor': 'start', 'font-weight': 700});
    const place = i => LEFT + (i + .5) * width, at = c => LEFT + (c + .5) * wide, parts = [];
    let y = 28;
    parts.push(ids.map((t, i) => text(place(i), y, names[t], {'font-size': 18, 'font-weight': spec.marked.includes(t) || i === ids.length - 1 ? 700 : 400})));
    models.forEach(({out, name}, k) => {
      y += 24;
      if (two()) parts.push(label(y, capital(name)));
      if (!two()) y -= 12;
      out.pattern.forEach((p, h) => {
        const off = ablated.includes(h);
        parts.push(label(y + 42, `head ${h}${off ? ' off' : ''}`), ids.map((_, i) => [
          well(place(i), y + 12, Math.min(46, width - 4), Math.sqrt(p[i]), {fill: colour(h), 'fill-opacity': off ? .3 : 1}), text(place(i), y + 69, share(p[i]), {'font-size': 11})]));
        y += 66;
      });
      y += 28;
      parts.push(label(y + 30, 'says'), answers.map((a, c) => {
        const w = Math.min(46, wide - 3), line = due(right, c) ? y + 44 * (1 - due(right, c)) : null;
        return [well(at(c), y, w, out.probs[c], {fill: 'currentColor', 'fill-opacity': .75}),
          line === null ? null : svg('line', {x1: at(c) - w / 2, x2: at(c) + w / 2, y1: line, y2: line, stroke: '#009e73', 'stroke-width': 3}),
          text(at(c), y + 58, a, {'font-size': Math.max(9, Math.min(12, wide / 2.4)), 'font-weight': due(right, c) ? 700 : 400})];
      }));
      const words = [verdict, verdictBeside][k].textContent;
      y += 86;
      parts.push(text(8, y, words, {'text-anchor': 'start', 'font-size': words.length > 90 ? 10 : 12}));
    });
    return svg('svg', {viewBox: `0 0 ${W} ${y + 12}`}, parts.flat(4).filter(Boolean));
  }

  const redraw = () => drawn(el, draw), forget = () => { draft = null; redraw(); };
  const anew = () => { seen.clear(); ranked = {}; redraw(); };
  const watched = {'change:tokens': forget, 'change:_weights': anew, 'change:_other': anew};
  for (const name of linked.filter(name => name !== 'tokens')) watched[`change:${name}`] = redraw;
  watched.link = () => { if (draft) model.set('tokens', draft); };
  for (const [event, f] of Object.entries(watched)) model.on(event, f);
  draw();
  return () => { for (const [event, f] of Object.entries(watched)) model.off(event, f); };
}

const linked = ['seed', 'step', 'tokens', 'ablated', 'forced', 'beside', 'beside_step', 'view', 'order', 'whose'];

export default {linked, check, render: guarded(render)};
