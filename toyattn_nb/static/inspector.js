// HeadInspector: one context, what each head attends to, what it writes, and how that adds up.
import {unpack, forward, centred, ovTables, completion, judge, contexts, shuffled, example} from './model.js';
import {HEADS, tag, svg, percent, short, choice, drawn, guarded} from './model.js';
import {copyButtons} from './page.js';

const SHOWN = .005;   // shares below this are left blank
const ALIKE = .05;    // nats between scores that count as equal
const VIEWS = {sums: 'How it adds up', tables: 'Every token', contexts: 'Every context'};

const colour = h => HEADS[h % HEADS.length];
const height = p => `height: ${100 * Math.sqrt(p)}%`;   // small shares can be seen: a tenth of the attention is a third of the height
const share = p => p >= .095 ? (100 * p).toFixed(0) : p >= .0005 ? (100 * p).toFixed(1) : '';
const list = (words, last) => words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`;
const unique = values => [...new Set(values)];

// Tokens that can stand before the query, and those that can stand as it.
const inside = spec => unique([...spec.parts.first.flatMap(bag => bag.slice(0, -1)), ...(spec.parts.n_fill ? spec.parts.fillers : [])]).sort((a, b) => a - b);
// How many tokens a context may have, the query included.
const lengths = spec => unique(spec.parts.first.map(bag => bag.length + spec.parts.n_fill));

// Throw where a state cannot be drawn.
function check(model) {
  const spec = model.get('_spec'), ids = model.get('tokens'), heads = [...Array(spec.n_head).keys()];
  const token = t => Number.isInteger(t) && t >= 0 && t < spec.n_vocab;
  if (!lengths(spec).includes(ids.length) || !ids.every(token) || !spec.queries.includes(ids.at(-1))) {
    throw Error(`its context, ${JSON.stringify(ids)}, is not ${list(lengths(spec).map(n => n - 1), 'or')} tokens and what is asked after, one of ${spec.queries.map(t => spec.token_names[t]).join(' ')}.`);
  }
  if (!spec.seeds.includes(model.get('seed')) || !spec.steps.includes(model.get('step'))) throw Error('this page does not carry the weights of that seed and step.');
  const beside = model.get('beside') ?? null;
  if (beside !== null && !spec.seeds.includes(beside)) throw Error(`this page does not carry the weights of seed ${beside}.`);
  if (!model.get('ablated').every(h => heads.includes(h))) throw Error('a head is switched off that is not there.');
  for (const [h, t] of Object.entries(model.get('forced'))) if (!heads.includes(+h) || !token(t)) throw Error('a head is forced that is not there, or onto no token.');
  if (!VIEWS[model.get('view') ?? 'sums']) throw Error(`there is no view ${model.get('view')}.`);
}

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

// Of the contexts with the same query, the same deciding tokens and the same answer, the one with the smallest margin, and the one with the heads furthest apart.
export function extremes(spec, list, modelAt, edits) {
  const groups = new Map(), forwards = new Map(spec.queries.map(q => [q, quick(modelAt(q), edits)]));
  for (const {tokens, answer} of list) {
    const q = tokens.at(-1), decides = tokens.slice(0, -1).filter(t => spec.marked.includes(t)), {logits, onTokens} = forwards.get(q)(tokens);
    const found = {tokens, answer, decides, margin: judge(spec, logits, answer).margin, apart: headsApart(onTokens)};
    const name = [q, answer, ...decides].join(), best = groups.get(name) ?? {least: found, most: found};
    if (found.margin < best.least.margin) best.least = found;
    if (found.apart > best.most.apart) best.most = found;
    groups.set(name, best);
  }
  return [...groups.values()];
}

// Tokens in an order in which those that decide stand apart.
function spreadOut(spec, tokens) {
  const decides = tokens.filter(t => spec.marked.includes(t)), others = tokens.filter(t => !spec.marked.includes(t));
  const every = Math.ceil(tokens.length / (decides.length + 1));
  decides.forEach((t, i) => others.splice(Math.min(others.length, every * (i + 1) - 1), 0, t));
  return others;
}

function render({model, el}) {
  const spec = model.get('_spec'), names = spec.token_names, answers = spec.completion_names, {parts} = spec;
  const heads = [...Array(spec.n_head).keys()], within = inside(spec);
  const reach = Math.min(6, Math.max(3, 1 + Math.max(...parts.first.map(bag => spec.marked.filter(t => bag.includes(t)).length))));   // tokens with rows of their own
  let draft = null;     // a context under construction that the task could not have drawn: never sent to Python
  let ranked = {};      // the last ranking of contexts
  let everything = null;

  const send = changes => {
    for (const [k, v] of Object.entries(changes)) model.set(k, v);
    model.save_changes();
  };
  const seen = new Map();   // models that were unpacked
  const at = (seed, query) => {
    const key = `${model.get('step')} ${seed} ${query}`;
    if (!seen.has(key)) {
      if (seen.size > 64) seen.clear();
      seen.set(key, unpack(spec, model.get('_weights'), spec.steps.indexOf(model.get('step')), spec.seeds.indexOf(seed), query));
    }
    return seen.get(key);
  };
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
  const several = spec.seeds.length > 1;
  const seed = several ? choice('seed', spec.seeds.map(s => [s, s]), model.get('seed'), v => send({seed: +v}), {class: 'ta-seed'}) : null;
  const beside = several ? choice('beside it', [['', 'no other'], ...spec.seeds.map(s => [s, `seed ${s}`])], '',
    v => send({beside: v === '' ? null : +v}), {class: 'ta-beside'}) : null;
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
    const prefers = tag('span', {class: 'ta-prefers'}), prefersBeside = tag('small', {}), bars = row([]), others = row([]);
    const second = tag('div', {class: 'ta-second'}, prefersBeside, others), pair = tag('div', {class: 'ta-pair'}, bars, second);
    const box = tag('div', {class: 'ta-head', style: `--head: ${colour(h)}`},
      tag('div', {class: 'ta-title'}, tag('label', {}, on, tag('span', {class: 'ta-swatch'}), tag('b', {}, ` head ${h}`)),
        tag('label', {}, 'attends ', force), prefers), pair);
    return {on, force, prefers, prefersBeside, bars, others, second, box};
  });
  const verdict = tag('p', {role: 'status', class: 'ta-verdict'}), verdictBeside = tag('p', {role: 'status', class: 'ta-verdict-beside'});
  const tabs = Object.entries(VIEWS).map(([view, text]) =>
    tag('button', {type: 'button', class: `ta-tab ta-view-${view}`, onclick: () => send({view})}, text));
  const panel = tag('div', {class: 'ta-view'});
  el.replaceChildren(tag('div', {class: 'ta-root', role: 'group', 'aria-label': 'head inspector',
    onpointerover: event => point(event.target), onfocusin: event => point(event.target), onpointerleave: () => point(null)},
    seed || step ? tag('div', {class: 'ta-bar'}, seed, step, beside) : null,
    context, ...panels.map(p => p.box),
    tag('div', {class: 'ta-bar'},
      tag('button', {type: 'button', class: 'ta-shuffle', onclick: () => setTokens([...shuffled(tokens().slice(0, -1)), tokens().at(-1)])}, 'Shuffle'),
      tag('button', {type: 'button', class: 'ta-next', onclick: () => setTokens(example(spec))}, 'Next example'),
      tag('button', {type: 'button', class: 'ta-reset', onclick: () => send({ablated: [], forced: {}})}, 'Heads as trained')),
    verdict, verdictBeside,
    tag('div', {class: 'ta-bar ta-tabs', role: 'group', 'aria-label': 'what is shown below'}, tabs), panel,
    copyButtons(model, el, 'heads', picture), spec.left_out ? tag('p', {class: 'ta-note'}, spec.left_out) : null));

  // Point at a token: wherever it stands, it is marked.
  function point(target) {
    const hot = target?.closest('[data-token]')?.dataset.token;
    for (const e of el.querySelectorAll('.ta-hot')) if (e.dataset.token !== hot) e.classList.remove('ta-hot');
    if (hot !== undefined) for (const e of el.querySelectorAll(`[data-token="${hot}"]`)) e.classList.add('ta-hot');
  }

  // -- what changes
  function state() {
    const ids = tokens(), one = at(model.get('seed'), ids.at(-1)), other = model.get('beside') ?? null;
    return {ids, one, other, out: forward(one, ids, edits()), right: completion(spec, ids), ...edits(),
      outBeside: other === null ? null : forward(at(other, ids.at(-1)), ids, edits())};
  }

  function draw() {
    check(model);
    const s = state(), view = model.get('view') ?? 'sums';
    if (seed) seed.querySelector('select').value = model.get('seed');
    if (beside) beside.querySelector('select').value = s.other ?? '';
    slider.value = spec.steps.indexOf(model.get('step'));
    slider.setAttribute('aria-valuetext', model.get('step'));
    stepText.textContent = model.get('step');
    drawContext(s.ids);
    panels.forEach((p, h) => drawHead(p, h, s));
    drawVerdict(verdict, s.out, s, s.other === null ? 'The model' : `Seed ${model.get('seed')}`);
    verdictBeside.hidden = s.other === null;
    if (s.other !== null) drawVerdict(verdictBeside, s.outBeside, s, `Seed ${s.other}`);
    tabs.forEach(tab => tab.setAttribute('aria-pressed', String(tab.classList.contains(`ta-view-${view}`))));
    const places = [...panel.querySelectorAll('.ta-scroll')].map(e => e.scrollLeft), focus = panel.contains(document.activeElement) ? document.activeElement.className : null;
    panel.replaceChildren(...[{sums, tables, contexts: ranking}[view](s)].flat());
    panel.querySelectorAll('.ta-scroll').forEach((e, i) => { e.scrollLeft = places[i] ?? 0; });
    if (focus) panel.getElementsByClassName(focus)[0]?.focus({preventScroll: true});
  }

  function drawContext(ids) {
    el.querySelector('.ta-root').classList.toggle('ta-named', ids.length > 12 || (model.get('beside') ?? null) !== null);
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

  function attention(bars, out, h, ids, onto) {
    const shares = out.onTokens[h].map((p, t) => [p, t]).filter(([p]) => p >= SHOWN).sort((a, b) => b[0] - a[0]);
    bars.setAttribute('role', 'img');
    bars.setAttribute('aria-label', `head ${h} attends to ${shares.map(([p, t]) => `${names[t]} ${percent(p)}`).join(', ')}`);
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

  function drawHead({on, force, prefers, prefersBeside, bars, others, second, box}, h, {ids, one, other, out, outBeside, ablated, forced}) {
    const off = ablated.includes(h), onto = forced[h];
    on.checked = !off;
    box.classList.toggle('ta-off', off);
    force.value = onto ?? '';
    for (const option of force.options) option.hidden = option.value !== '' && !ids.includes(+option.value) && +option.value !== onto;
    if (onto !== undefined) force.selectedOptions[0].textContent = `only to ${names[onto]}${ids.includes(onto) ? '' : ' (not here)'}`;
    prefers.textContent = `${spec.queries.length > 1 ? `after ${names[ids.at(-1)]} ` : ''}prefers ${order(one.scores[h])}`;
    attention(bars, out, h, ids, onto);
    second.hidden = outBeside === null;
    if (!outBeside) return;
    prefersBeside.textContent = `seed ${other} prefers ${order(at(other, ids.at(-1)).scores[h])}`;
    attention(others, outBeside, h, ids, onto);
  }

  // What the model says, in a sentence's part: a target with the shares that it gets.
  function shares(target, probs) {
    const support = spec.targets ? probs.filter((_, c) => spec.targets[target][c] > 0) : [probs[target]];
    const [low, high] = [Math.min(...support), Math.max(...support)].map(percent);
    return `${spec.target_names[target]} (${support.length < 2 || low === high ? high : `${low} to ${high}`}${support.length > 1 ? ' each' : ''})`;
  }

  function drawVerdict(place, {probs, logits}, {right, ids}, who) {
    const {best, tie, margin} = judge(spec, logits, right), won = best === right && !tie;
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
  const digits = top => top >= 1 ? 1 : top >= .1 ? 2 : 3;
  const numberIn = (x, top) => top >= 1 ? short(x) : (Math.abs(x) < .5 * 10 ** -digits(top) ? 0 : x).toFixed(digits(top)).replace('-', '−');
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
    const {one, out, right, ablated, outBeside, other} = s, only = certain(right);
    const total = centred(out.logits), own = out.heads.map(centred), rows = heads.map(h => rowsOf(h, s, own));
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
      tag('thead', {}, tag('tr', {}, tag('td', {}), answers.map((a, c) => tag('th', {scope: 'col', class: mark(c)}, a)))),
      heads.map(h => tag('tbody', {style: `--head: ${colour(h)}`, class: `ta-by${ablated.includes(h) ? ' ta-off' : ''}`},
        tag('tr', {}, tag('th', {colspan: answers.length + 1, scope: 'rowgroup', class: 'ta-group'}, tag('span', {class: 'ta-swatch'}), title(h))), headRows(h))),
      tag('tbody', {class: 'ta-total'},
        tag('tr', {}, tag('th', {colspan: answers.length + 1, scope: 'rowgroup', class: 'ta-group'},
          `heads ${one.bias ? 'and direct path ' : ''}together (bars: each head, line: the sum)`)),
        one.bias ? line('direct', centred(one.bias)) : null,
        tag('tr', {class: 'ta-chart', 'aria-hidden': 'true'}, tag('th', {}, 'bars'), answers.map((_, c) => tag('td', {class: mark(c)}, bars(own.map(x => x[c]), total[c], top)))),
        line('logit', total, 'ta-sum'), said('says %', out.probs, ''), is, outBeside ? said(`seed ${other}`, outBeside.probs, 'ta-other') : null)))];
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
    const about = says(`Each head’s score for each token${after}, and what it writes where it reads that token alone (means removed). Bold: what stands in the context; point at a token to find it.`);
    return [about, tag('div', {class: 'ta-tables'}, heads.map(h => scroll(`scores and outputs of head ${h}`,
      tag('table', {class: 'ta-circuits', style: `--head: ${colour(h)}; min-width: ${68 + 28 * answers.length}px`},
        tag('thead', {}, tag('tr', {}, tag('td', {}, tag('span', {class: 'ta-swatch'}), ` ${h}`), tag('th', {scope: 'col', class: 'ta-score'}, 'score'), answers.map((a, c) => tag('th', {scope: 'col', class: mark(c)}, a)))),
        tag('tbody', {}, sorted.map(t => tag('tr', {'data-token': t, class: ids.includes(t) ? 'ta-here' : ''}, tag('th', {scope: 'row'}, names[t]),
          tag('td', {class: 'ta-score', style: `--tint: color-mix(in srgb, var(--head) ${(50 * Math.max(0, qk[h][t]) / steep).toFixed(0)}%, transparent)`}, numberIn(qk[h][t], steep)),
          ov[h][t].map((x, c) => tag('td', {class: mark(c), style: `--tint: ${tint(x, top)}`}, numberIn(x, top))))))))))];
  }

  // -- views: contexts ranked

  let by = 'margin';
  function ranking() {
    const key = JSON.stringify([model.get('seed'), model.get('step'), edits()]);
    everything ??= contexts(spec);
    if (ranked.key !== key) ranked = {key, groups: extremes(spec, everything.list, q => at(model.get('seed'), q), edits())};
    const {groups} = ranked, {whole, list: {length: n}} = everything, shown = groups.map(g => by === 'margin' ? g.least : g.most);
    shown.sort((a, b) => by === 'margin' ? a.margin - b.margin : b.apart - a.apart);
    const failing = groups.filter(g => g.least.margin <= 0).length;
    const sort = choice('order by', [['margin', 'smallest margin'], ['apart', 'heads furthest apart']], by, v => { by = v; redraw(); }, {class: 'ta-rank'});
    const open = ({tokens}) => setTokens([...spreadOut(spec, tokens.slice(0, -1)), tokens.at(-1)]);
    const kind = ({tokens, decides}) => [...decides.map(t => names[t]), ...(spec.queries.length > 1 ? [`… ${names[tokens.at(-1)]}`] : [])].join(' ') || '–';
    const rows = shown.map(x => tag('tr', {class: x.margin > 0 ? '' : 'ta-fails'},
      tag('td', {}, tag('button', {type: 'button', class: 'ta-open', 'aria-label': `open ${x.tokens.map(t => names[t]).join(' ')}`, onclick: () => open(x)}, x.tokens.map(t => names[t]).join(' '))),
      tag('td', {}, kind(x)), tag('td', {}, spec.target_names[x.answer]),
      tag('td', {'data-margin': x.margin}, `${x.margin > 0 ? '' : '✗ '}${x.margin.toFixed(2).replace('-', '−')}`), tag('td', {'data-apart': x.apart}, percent(x.apart))));
    const every = whole ? `All ${n.toLocaleString('en')} bags of tokens` : `${n.toLocaleString('en')} contexts drawn at random`;
    const about = says(`${every}, with the heads as they are set above: of each kind of context the one with ${by === 'margin' ? 'the smallest margin' : 'the heads furthest apart'}. ${failing ? `${failing} of ${groups.length} kinds hold an error.` : 'The model is right in all.'} Click one to open it.`);
    return [tag('div', {class: 'ta-bar'}, sort), about, scroll('contexts, ranked',
      tag('table', {class: 'ta-ranking'},
        tag('thead', {}, tag('tr', {}, ['context', 'decides', 'right', 'margin', 'heads apart'].map(text => tag('th', {scope: 'col'}, text)))),
        tag('tbody', {}, rows)))];
  }

  // -- the picture: context, heads, answer

  function picture() {
    const {ids, out, right, ablated} = state(), W = 640, LEFT = 70, width = (W - LEFT - 10) / ids.length;
    const text = (x, y, words, more = {}) => svg('text', {x, y, 'text-anchor': 'middle', fill: 'currentColor', ...more}, words);
    const place = i => LEFT + (i + .5) * width, bottom = h => 96 + 66 * h;
    const context = ids.map((t, i) => text(place(i), 28, names[t], {'font-size': 18, 'font-weight': spec.marked.includes(t) || i === ids.length - 1 ? 700 : 400}));
    const attention = heads.flatMap(h => [text(8, bottom(h) - 14, `head ${h}${ablated.includes(h) ? ' off' : ''}`, {'text-anchor': 'start', 'font-weight': 700}),
      ...ids.flatMap((_, i) => {
        const p = out.pattern[h][i], tall = 44 * Math.sqrt(p), w = Math.min(46, width - 4);
        return [svg('rect', {x: place(i) - w / 2, y: bottom(h) - 44, width: w, height: 44, fill: 'currentColor', 'fill-opacity': .08}),
          svg('rect', {x: place(i) - w / 2, y: bottom(h) - tall, width: w, height: tall, fill: colour(h), 'fill-opacity': ablated.includes(h) ? .3 : 1}),
          text(place(i), bottom(h) + 13, share(p), {'font-size': 11})];
      })]);
    const top = bottom(spec.n_head - 1) + 40, wide = (W - LEFT - 10) / answers.length, at = c => LEFT + (c + .5) * wide;
    const said = answers.flatMap((a, c) => {
      const w = Math.min(46, wide - 3), small = {'font-size': Math.max(7, Math.min(12, wide / 2.4))};
      return [svg('rect', {x: at(c) - w / 2, y: top, width: w, height: 44, fill: 'currentColor', 'fill-opacity': .08}),
        svg('rect', {x: at(c) - w / 2, y: top + 44 * (1 - out.probs[c]), width: w, height: 44 * out.probs[c], fill: 'currentColor', 'fill-opacity': .75}),
        due(right, c) ? svg('line', {x1: at(c) - w / 2, x2: at(c) + w / 2, y1: top + 44 * (1 - due(right, c)), y2: top + 44 * (1 - due(right, c)), stroke: '#009e73', 'stroke-width': 3}) : null,
        text(at(c), top + 58, a, {...small, 'font-weight': due(right, c) ? 700 : 400})];
    });
    const words = verdict.textContent, note = text(8, top + 86, words, {'text-anchor': 'start', 'font-size': words.length > 90 ? 10 : 12});
    return svg('svg', {viewBox: `0 0 ${W} ${top + 98}`}, context, attention, text(8, top + 30, 'says', {'text-anchor': 'start', 'font-weight': 700}), said, note);
  }

  const redraw = () => drawn(el, draw), forget = () => { draft = null; redraw(); };
  const anew = () => { seen.clear(); ranked = {}; redraw(); };
  const watched = {'change:tokens': forget, 'change:_weights': anew};
  for (const name of ['ablated', 'forced', 'seed', 'step', 'beside', 'view']) watched[`change:${name}`] = redraw;
  for (const [event, f] of Object.entries(watched)) model.on(event, f);
  draw();
  return () => { for (const [event, f] of Object.entries(watched)) model.off(event, f); };
}

export default {linked: ['seed', 'step', 'tokens', 'ablated', 'forced', 'beside', 'view'], check, render: guarded(render)};
