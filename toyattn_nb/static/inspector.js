// HeadInspector: one context, what each head attends to, what it writes, and how that adds up.
import {unpack, forward, centred, completion, shuffled, example, HEADS, tag, svg, percent, short, choice, drawn} from './model.js';

const SHOWN = .005;   // shares below this are left blank
const ROW = .02;      // tokens with less attention have no row of their own
const ALIKE = .05;    // nats between scores that count as equal

function render({model, el}) {
  const spec = model.get('_spec'), names = spec.token_names, answers = spec.completion_names;
  const heads = [...Array(spec.n_head).keys()];
  let draft = null;     // a context under construction that the task could not have drawn: never sent to Python
  let unpacked = {};    // the last model that was unpacked

  const send = changes => {
    for (const [k, v] of Object.entries(changes)) model.set(k, v);
    model.save_changes();
  };
  const current = () => {
    const key = `${model.get('step')} ${model.get('seed')}`;
    if (unpacked.key !== key) {
      unpacked = {key, model: unpack(spec, model.get('_weights'), spec.steps.indexOf(model.get('step')), spec.seeds.indexOf(model.get('seed')))};
    }
    return unpacked.model;
  };
  const tokens = () => draft ?? model.get('tokens');
  const checked = ids => {
    const whole = ids.length === spec.ctx_len + 1 && ids.every(t => Number.isInteger(t) && t >= 0 && t < spec.n_vocab);
    if (!whole || ids.at(-1) !== 0) throw Error(`its context, ${JSON.stringify(ids)}, is not ${spec.ctx_len} tokens and the readoff.`);
    return ids;
  };
  const setTokens = t => {
    draft = completion(spec, t) === null ? t : null;
    if (draft) draw(); else send({tokens: t});
  };
  const setForced = (h, value) => {
    const forced = {...model.get('forced')};
    if (value === '') delete forced[h]; else forced[h] = +value;
    send({forced});
  };
  const setAblated = (h, off) => send({ablated: heads.filter(i => i === h ? off : model.get('ablated').includes(i))});

  // -- what stays: the controls. Each `show…` writes the state into them.
  const seed = spec.seeds.length > 1
    ? choice('seed', spec.seeds.map(s => [s, s]), model.get('seed'), v => send({seed: +v}), {class: 'ta-seed'}) : null;
  const slider = tag('input', {type: 'range', class: 'ta-step', min: 0, max: spec.steps.length - 1, step: 1, 'aria-label': 'training step',
    oninput: () => send({step: spec.steps[slider.value]})});
  const stepText = tag('output', {});
  const step = spec.steps.length > 1 ? tag('span', {class: 'ta-steps'}, 'training step ', slider, ' ', stepText) : null;

  const chips = Array.from({length: spec.ctx_len}, (_, i) => {
    const select = tag('select', {'aria-label': `token at position ${i + 1}`, class: 'ta-chip',
      onchange: () => setTokens(tokens().map((t, j) => j === i ? +select.value : t))},
      names.map((name, t) => t ? tag('option', {value: t}, name) : null));
    return select;
  });
  const row = children => tag('div', {class: 'ta-row', style: `grid-template-columns: repeat(${spec.ctx_len + 1}, minmax(0, 1fr))`}, children);
  const context = row([...chips, tag('span', {class: 'ta-chip ta-readoff', title: 'the readoff, where the answer is due'}, names[0])]);

  const panels = heads.map(h => {
    const on = tag('input', {type: 'checkbox', class: 'ta-on', onchange: () => setAblated(h, !on.checked)});
    const force = tag('select', {class: 'ta-force', 'aria-label': `head ${h} attends`, onchange: () => setForced(h, force.value)},
      tag('option', {value: ''}, 'as trained'), names.map((name, t) => tag('option', {value: t}, `only to ${name}`)));
    const prefers = tag('span', {class: 'ta-prefers'}), bars = row([]);
    bars.setAttribute('role', 'img');
    const box = tag('div', {class: 'ta-head', style: `--head: ${HEADS[h % HEADS.length]}`},
      tag('div', {class: 'ta-title'}, tag('label', {}, on, tag('span', {class: 'ta-swatch'}), tag('b', {}, ` head ${h}`)),
        tag('label', {}, 'attends ', force), prefers), bars);
    return {on, force, prefers, bars, box};
  });
  const verdict = tag('p', {role: 'status', class: 'ta-verdict'}), written = tag('div', {class: 'ta-scroll', tabindex: 0, role: 'region',
    'aria-label': 'what the heads write to each completion'});
  el.replaceChildren(tag('div', {class: 'ta-root', role: 'group', 'aria-label': 'head inspector'},
    seed || step ? tag('div', {class: 'ta-bar'}, seed, step) : null,
    context, ...panels.map(p => p.box),
    tag('div', {class: 'ta-bar'},
      tag('button', {type: 'button', class: 'ta-shuffle', onclick: () => setTokens([...shuffled(tokens().slice(0, -1)), 0])}, 'Shuffle'),
      tag('button', {type: 'button', class: 'ta-next', onclick: () => setTokens(example(spec))}, 'Next example'),
      tag('button', {type: 'button', class: 'ta-reset', onclick: () => send({ablated: [], forced: {}})}, 'Heads as trained')),
    verdict, written, spec.left_out ? tag('p', {class: 'ta-note'}, spec.left_out) : null));

  // -- what changes
  function draw() {
    const m = current(), ids = checked(tokens()), ablated = model.get('ablated'), forced = model.get('forced');
    const out = forward(m, ids, {ablated, forced}), right = completion(spec, ids);
    if (seed) seed.querySelector('select').value = model.get('seed');
    slider.value = spec.steps.indexOf(model.get('step'));
    slider.setAttribute('aria-valuetext', model.get('step'));
    stepText.textContent = model.get('step');
    chips.forEach((chip, i) => {
      chip.value = ids[i];
      chip.classList.toggle('ta-signal', ids[i] <= spec.n_signal);
    });
    panels.forEach((panel, h) => drawHead(panel, h, m, ids, out, ablated.includes(h), forced[h]));
    drawVerdict(out, right, ids);
    written.replaceChildren(table(m, ids, out, right, ablated));
  }

  function drawHead({on, force, prefers, bars, box}, h, m, ids, out, off, onto) {
    on.checked = !off;
    box.classList.toggle('ta-off', off);
    force.value = onto ?? '';
    for (const option of force.options) option.hidden = option.value !== '' && !ids.includes(+option.value) && +option.value !== onto;
    if (onto !== undefined) force.selectedOptions[0].textContent = `only to ${names[onto]}${ids.includes(onto) ? '' : ' (not here)'}`;
    const signals = [...Array(spec.n_signal).keys()].map(i => i + 1).sort((a, b) => m.scores[h][b] - m.scores[h][a]);
    const above = t => m.scores[h][signals[signals.indexOf(t) - 1]] - m.scores[h][t];
    prefers.textContent = `prefers ${signals.map((t, i) => (i ? above(t) < ALIKE ? ' ≈ ' : ' > ' : '') + names[t]).join('')}`;
    const shares = out.onTokens[h].map((p, t) => [p, t]).filter(([p]) => p >= SHOWN).sort((a, b) => b[0] - a[0]);
    bars.setAttribute('aria-label', `head ${h} attends to ${shares.map(([p, t]) => `${names[t]} ${percent(p)}`).join(', ')}`);
    bars.replaceChildren(...ids.map((t, i) => {
      const p = out.pattern[h][i];
      return tag('div', {class: 'ta-attention', title: `head ${h} attends ${percent(p)} to ${names[t]}: click, and it attends to ${names[t]} alone`,
        onclick: () => setForced(h, onto === t ? '' : t)},
        tag('div', {class: 'ta-well'}, tag('div', {style: `height: ${100 * p}%`})), tag('span', {}, p >= SHOWN ? (100 * p).toFixed(0) : ''));
    }));
  }

  function drawVerdict({probs, logits}, right, ids) {
    const best = logits.indexOf(Math.max(...logits));
    const tie = logits.filter(x => x === logits[best]).length > 1;
    const says = tie ? 'The model cannot decide.' : `The model says ${answers[best]} (${percent(probs[best])}).`;
    verdict.className = `ta-verdict ${right === null ? 'ta-none' : best === right && !tie ? 'ta-right' : 'ta-wrong'}`;
    if (right === null) {
      const n = ids.filter(t => t >= 1 && t <= spec.n_signal).length;
      verdict.textContent = `No right answer: this context holds ${n} signal token${n === 1 ? '' : 's'} (capital letters), the task puts ${spec.n_source}. ${says}`;
    } else if (best === right && !tie) verdict.textContent = `✓ ${says} That is right.`;
    else verdict.textContent = `✗ ${says} The right answer is ${answers[right]} (${percent(probs[right])}).`;
    verdict.dataset.answer = best;
  }

  // Rows: what each attended token makes each head write, their sums, all heads' sum, probabilities. Columns: completions.
  function table(m, ids, out, right, ablated) {
    const total = centred(out.logits), sums = out.heads.map(centred);
    const rows = heads.map(h => {
      const wide = [...new Set(ids)].filter(t => out.onTokens[h][t] >= ROW);
      const kept = wide.sort((a, b) => out.onTokens[h][b] - out.onTokens[h][a]).map(t => [names[t], out.onTokens[h][t], centred(out.terms[h][t])]);
      const rest = sums[h].map((x, c) => kept.reduce((left, [,, row]) => left - row[c], x)), mass = 1 - kept.reduce((s, [, p]) => s + p, 0);
      return mass >= SHOWN ? [...kept, ['rest', mass, rest]] : kept;
    });
    const top = Math.max(1, ...total.map(Math.abs), ...sums.flat().map(Math.abs), ...rows.flat().flatMap(([,, row]) => row.map(Math.abs)));
    const cell = x => tag('td', {style: `background: rgb(${x > 0 ? '214 96 77' : '67 147 195'} / ${(.6 * Math.abs(x) / top).toFixed(3)})`}, short(x));
    const line = (label, row, cls = '') => tag('tr', {class: cls}, tag('th', {scope: 'row'}, label), row.map(cell));
    const mark = c => c === right ? 'ta-answer' : '';
    return tag('table', {style: `min-width: ${60 + 27 * answers.length}px`},
      tag('caption', {}, 'What each attended token writes to each completion’s logit (mean removed; red raises it, blue lowers it), and how the heads add up'),
      tag('thead', {}, tag('tr', {}, tag('td', {}), answers.map((a, c) => tag('th', {scope: 'col', class: mark(c)}, a)))),
      heads.map(h => tag('tbody', {style: `--head: ${HEADS[h % HEADS.length]}`, class: 'ta-by'},
        tag('tr', {}, tag('th', {colspan: answers.length + 1, scope: 'rowgroup', class: 'ta-group'},
          tag('span', {class: 'ta-swatch'}), ` head ${h}${ablated.includes(h) ? ' is off' : ' writes, reading'}`)),
        ablated.includes(h) ? null : rows[h].map(([name, p, row]) => line([name, tag('small', {}, ` ${(100 * p).toFixed(0)}`)], row)),
        ablated.includes(h) || rows[h].length === 1 ? null : line('in all', sums[h], 'ta-sum'))),
      tag('tbody', {class: 'ta-total'},
        tag('tr', {}, tag('th', {colspan: answers.length + 1, scope: 'rowgroup', class: 'ta-group'}, `heads ${m.bias ? 'and direct path ' : ''}together (bars: each head, line: the sum)`)),
        m.bias ? line('direct', centred(m.bias)) : null,
        tag('tr', {class: 'ta-chart', 'aria-hidden': 'true'}, tag('th', {}, 'bars'), answers.map((_, c) => tag('td', {}, bars(sums.map(s => s[c]), total[c], top)))),
        line('logit', total, 'ta-sum'),
        tag('tr', {class: 'ta-probs'}, tag('th', {scope: 'row'}, 'says %'), answers.map((_, c) => tag('td', {class: mark(c), 'data-value': out.probs[c], 'data-logit': out.logits[c]},
          tag('div', {class: 'ta-well'}, tag('div', {style: `height: ${100 * out.probs[c]}%`})),
          out.probs[c] >= SHOWN ? (100 * out.probs[c]).toFixed(0) : '')))));
  }

  // The heads' logits of one completion side by side, their sum as a line across.
  function bars(parts, sum, top) {
    const y = x => 30 - 28 * x / top, width = 24 / parts.length;
    return svg('svg', {viewBox: '0 0 30 60', preserveAspectRatio: 'none'},
      svg('line', {x1: 0, x2: 30, y1: 30, y2: 30, stroke: 'currentColor', 'stroke-opacity': .35}),
      parts.map((x, h) => svg('rect', {x: 3 + h * width, width, y: Math.min(y(x), 30), height: Math.abs(y(x) - 30), fill: HEADS[h % HEADS.length]})),
      svg('line', {x1: 1, x2: 29, y1: y(sum), y2: y(sum), stroke: 'currentColor', 'stroke-width': 2.5}));
  }

  const redraw = () => drawn(el, draw), forget = () => { draft = null; redraw(); };
  const watched = {'change:tokens': forget, 'change:ablated': redraw, 'change:forced': redraw, 'change:seed': redraw, 'change:step': redraw};
  for (const [event, f] of Object.entries(watched)) model.on(event, f);
  draw();
  return () => { for (const [event, f] of Object.entries(watched)) model.off(event, f); };
}

export default {render: ({model, el}) => { let stop; drawn(el, () => { stop = render({model, el}); }); return () => stop?.(); }};
