// Training in the page: the ideas of kernel.py in plain JavaScript, for a worker. No dependencies, no DOM.
//
// The batch is kept as bags, one row a token, and along each row lie the contexts: the loops that take the time run along
// rows, in one Float64Array. Whatever attention needs of a model is a table over tokens, made once a step.

// ---- products: `m` holds everything, all else are places in it; a row is `width` long; a table's rows are a multiple of
// 4 long, and hold zeros beyond what they need

// m[out + b] += sum over t of m[v + t] m[rows + t width + b], and the same for `other` and `w`, where lo <= b < hi.
function mixTwo(m, out, other, v, w, rows, nRows, width, lo, hi) {
  for (let t = 0; t < nRows; t += 4) {
    const va = m[v + t], vb = m[v + t + 1], vc = m[v + t + 2], vd = m[v + t + 3];
    const wa = m[w + t], wb = m[w + t + 1], wc = m[w + t + 2], wd = m[w + t + 3];
    const rowA = rows + t * width, rowB = rowA + width, rowC = rowB + width, rowD = rowC + width;
    for (let b = lo; b < hi; b++) {
      const xa = m[rowA + b], xb = m[rowB + b], xc = m[rowC + b], xd = m[rowD + b];
      m[out + b] += va * xa + vb * xb + vc * xc + vd * xd;
      m[other + b] += wa * xa + wb * xb + wc * xc + wd * xd;
    }
  }
}

// The rows at `out` as products of a table (n, nRows) with rows. Where n is odd, the row after the last is filled too.
function product(m, out, n, table, rows, nRows, width, lo, hi) {
  const stride = four(nRows);
  for (let k = 0; k < n; k += 2) {
    const first = out + k * width;
    m.fill(0, first + lo, first + hi);
    m.fill(0, first + width + lo, first + width + hi);
    mixTwo(m, first, first + width, table + k * stride, table + (k + 1) * stride, rows, stride, width, lo, hi);
  }
}

// m[v + t] = sum over lo <= b < hi of m[x + b] m[rows + t width + b], and the same for `w` and `y`.
function dotsTwo(m, v, w, x, y, rows, nRows, width, lo, hi) {
  for (let t = 0; t < nRows; t += 4) {
    let va = 0, vb = 0, vc = 0, vd = 0;
    let wa = 0, wb = 0, wc = 0, wd = 0;
    const rowA = rows + t * width, rowB = rowA + width, rowC = rowB + width, rowD = rowC + width;
    for (let b = lo; b < hi; b++) {
      const xb = m[x + b], yb = m[y + b];
      const a = m[rowA + b], c = m[rowB + b], d = m[rowC + b], e = m[rowD + b];
      va += xb * a; vb += xb * c; vc += xb * d; vd += xb * e;
      wa += yb * a; wb += yb * c; wc += yb * d; wd += yb * e;
    }
    m[v + t] = va; m[v + t + 1] = vb; m[v + t + 2] = vc; m[v + t + 3] = vd;
    m[w + t] = wa; m[w + t + 1] = wb; m[w + t + 2] = wc; m[w + t + 3] = wd;
  }
}

// The table (n, nRows) of the dot products of n rows with others.
function dots(m, table, left, n, rows, nRows, width, lo, hi) {
  const stride = four(nRows);
  for (let k = 0; k < n; k += 2) {
    const x = left + k * width;
    dotsTwo(m, table + k * stride, table + (k + 1) * stride, x, x + width, rows, stride, width, lo, hi);
  }
}

const four = n => 4 * Math.ceil(n / 4);

// ---- powers of two

const FLOOR = -1000;   // 2 to a power below this counts as 2^-1000
const POWERS = Float64Array.from({length: 1 - FLOOR}, (_, k) => 2 ** -k);
const [, E1, E2, E3, E4, E5, E6, E7] = Array.from({length: 8}, (_, k) => Math.LN2 ** k / factorial(k));

function factorial(n) { return n ? n * factorial(n - 1) : 1; }

// 2^t for t <= 0: the series around the nearest integer, right to 1e-8 of the result.
export function exp2(t) {
  const x = t < FLOOR ? FLOOR : t;
  const whole = (x - .5) | 0, r = x - whole;
  const power = 1 + r * (E1 + r * (E2 + r * (E3 + r * (E4 + r * (E5 + r * (E6 + r * E7))))));
  return power * POWERS[-whole];
}

// Logits in units of log 2 become (softmax - target) / n. Rows of `spare`: the largest logit, and then the sum.
function softmaxLessTarget(m, logits, target, n, width, spare) {
  const top = spare, total = spare + width;
  largest(m, top, logits, n, width);
  m.fill(0, total, total + width);
  for (let c = 0; c < n; c++) {
    const row = logits + c * width;
    for (let b = 0; b < width; b++) {
      const e = exp2(m[row + b] - m[top + b]);
      m[row + b] = e;
      m[total + b] += e;
    }
  }
  const share = 1 / width;
  for (let b = 0; b < width; b++) m[total + b] = share / m[total + b];
  for (let c = 0; c < n; c++) {
    const row = logits + c * width, right = target + c * width;
    for (let b = 0; b < width; b++) m[row + b] = m[row + b] * m[total + b] - share * m[right + b];
  }
}

function largest(m, out, rows, n, width) {
  m.copyWithin(out, rows, rows + width);
  for (let c = 1; c < n; c++) {
    const row = rows + c * width;
    for (let b = 0; b < width; b++) if (m[row + b] > m[out + b]) m[out + b] = m[row + b];
  }
}

// ---- random numbers: each depends on a key and a number alone, so that all workers draw the same batches

function mixed(x) {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}
export const hashed = (key, i) => mixed(mixed(Math.imul(i + 1, 0x9e3779b9) ^ key) + Math.imul(key, 0x27d4eb2f)) >>> 0;
export const uniform = (key, i) => hashed(key, i) / 2 ** 32;   // from 0 up to, and without, 1

// Gaussian, by Box and Muller.
function gaussian(key, i) {
  const radius = Math.sqrt(-2 * Math.log(1 - uniform(key, 2 * i)));
  return radius * Math.cos(2 * Math.PI * uniform(key, 2 * i + 1));
}

// ---- the model: H heads of width D, T tokens, C completions, Q queries; V values in all heads together

export function sizesOf(task, config) {
  const H = config.n_head, D = config.d_head, T = task.n_vocab, C = task.n_completions;
  const lengths = {W_Q: H * T * D, W_K: H * T * D, W_V: H * T * D, W_O: H * D * C};   // shapes and order of `AttnOnly`
  const at = {};
  let P = 0;
  for (const [name, length] of Object.entries(lengths)) {
    at[name] = P;
    P += length;
  }
  return {H, D, T, C, Q: task.queries.length, V: H * D, P, at};
}

// A seed's initial weights, of the scale that `AttnOnly.random` takes.
export function initial(n, seed, scale) {
  const key = hashed(0x7093, seed), narrow = 1 / Math.sqrt(n.V);
  return Float64Array.from({length: n.P}, (_, i) => gaussian(key, i) * scale * (i < n.at.W_O ? 1 : narrow));
}

// Attention scores (H, Q, T) of the model that begins at `p` in `w`.
export function scoresOf(n, queries, w, p = 0) {
  const out = new Float64Array(n.H * n.Q * n.T), scale = 1 / Math.sqrt(n.D);
  for (let h = 0; h < n.H; h++) for (let q = 0; q < n.Q; q++) for (let t = 0; t < n.T; t++) {
    const query = p + n.at.W_Q + (h * n.T + queries[q]) * n.D, key = p + n.at.W_K + (h * n.T + t) * n.D;
    let total = 0;
    for (let d = 0; d < n.D; d++) total += w[query + d] * w[key + d];
    out[(h * n.Q + q) * n.T + t] = total * scale;
  }
  return out;
}

// ---- the contexts of a task: a first part, and fillers

// Every way to choose `size` of n things with repetition, as counts, with its probability where each is equally likely.
function multisets(n, size) {
  const found = [];
  const choose = (counts, left, ways) => {
    if (counts.length === n - 1) found.push({counts: [...counts, left], prob: ways / factorial(left) / n ** size});
    else for (let k = left; k >= 0; k--) choose([...counts, k], left - k, ways / factorial(k));
  };
  if (!n || !size) return [{counts: Array(n).fill(0), prob: 1}];
  choose([], size, factorial(size));
  return found;
}

// Every distinct bag of a task once, with the number of its right target and its probability, in order of the queries.
export function population(task) {
  const {first} = task, fills = multisets(task.fillers.length, task.n_fill), bags = new Map();
  first.counts.forEach((begin, i) => {
    for (const {counts, prob} of fills) {
      const bag = [...begin];
      task.fillers.forEach((t, k) => { bag[t] += counts[k]; });
      const key = `${first.query[i]} ${bag}`, known = bags.get(key);
      if (known) known.prob += first.prob[i] * prob;
      else bags.set(key, {counts: bag, answer: first.answer[i], query: first.query[i], prob: first.prob[i] * prob});
    }
  });
  return [...bags.values()].sort((a, b) => a.query - b.query);
}

const entropy = p => -p.reduce((sum, x) => sum + (x > 0 ? x * Math.log(x) : 0), 0);

// ---- training

const BETA1 = .9, BETA2 = .999, EPSILON = 1e-8;   // PyTorch's AdamW
const SCHEDULES = {cosine: done => .5 * (1 + Math.cos(Math.PI * done)), constant: () => 1};

// Models of some seeds, trained side by side on the same batches.
export class Trainer {
  constructor(task, config, seeds, weights = null) {
    const n = sizesOf(task, config), width = config.batch_size;
    Object.assign(this, {task, config, seeds, n, width, step: 0});
    this.weights = weights ?? new Float64Array(seeds.length * n.P);   // (n_seeds, P)
    if (!weights) seeds.forEach((seed, i) => this.weights.set(initial(n, seed, config.init_scale), i * n.P));
    this.mean = new Float64Array(this.weights.length);
    this.square = new Float64Array(this.weights.length);
    this.loss = new Float64Array(seeds.length);                       // of the last batch, less the least possible
    this.grad = new Float64Array(n.P);
    this.edges = new Int32Array(n.Q + 1);                             // where each query's contexts begin
    this.layOut();
    this.cdf = cumulative(task.first.prob);
    this.entropies = task.targets.map(entropy);
    this.certain = task.targets.every((row, k) => row.length === task.targets.length && row[k] === 1);   // one target a completion
  }

  // Places in one long array: tables, whose rows are a multiple of 4 long, and rows of contexts. One row more than there
  // are, since products and dots go by twos.
  layOut() {
    const {H, T, C, Q, V} = this.n, T4 = four(T), V4 = four(V), C4 = four(C), nTargets = this.task.targets.length;
    const even = k => k + k % 2, at = {};
    let end = 0;
    const table = (name, n, long) => { at[name] = end; end += even(n) * long; };
    const rows = (name, n) => { at[name] = end; end += four(n + 1) * this.width; };
    table('mass', Q * even(H), T4);          // each query's: what a token weighs in each head
    table('weighed', Q * even(V), T4);       // the same times its values
    table('value', V, T4);
    table('out', V, C4);                     // the readout
    table('outLog2', C, V4);                 // its transpose, in units of log 2
    table('target', nTargets, C4);           // the task's targets
    table('gOut', V, C4);
    table('gValue', V, T4);
    table('gMass', H, T4);
    rows('counts', T4);
    rows('answers', C4);                     // the targets of the batch
    rows('z', V4);
    rows('inverse', H);                      // 1 / mass
    rows('gZ', V4);
    rows('common', H);
    rows('logits', C4);
    rows('entries', nTargets);
    rows('spare', 2);
    this.at = at;
    this.m = new Float64Array(end);
    this.task.targets.forEach((row, k) => this.m.set(row, at.target + k * C4));
  }

  // -- batches

  // The batch of a step.
  draw(step) {
    const {task, width} = this, {first, fillers, n_fill: nFill} = task;
    const key = hashed(hashed(this.config.data_seed, 0), step), drawn = new Int32Array(width);
    for (let b = 0; b < width; b++) drawn[b] = pick(this.cdf, uniform(key, b));
    const order = this.place(width, b => first.query[drawn[b]]);
    for (let b = 0; b < width; b++) {
      const row = drawn[b], to = order[b];
      this.put(to, first.counts[row], task.targets[first.answer[row]]);
      for (let k = 0; k < nFill; k++) {
        const t = fillers[Math.floor(uniform(key, (k + 1) * width + b) * fillers.length)];
        this.m[this.at.counts + t * width + to]++;
      }
    }
  }

  // Contexts of one's own as the batch: counts (width, T), targets (width, C), numbers of the queries (width).
  load(counts, targets, query) {
    const order = this.place(this.width, b => query[b]);
    for (let b = 0; b < this.width; b++) this.put(order[b], counts[b], targets[b]);
  }

  // Where each of some contexts goes, so that those of one query lie side by side.
  place(length, queryOf) {
    const {edges} = this, order = new Int32Array(length);
    edges.fill(0);
    for (let b = 0; b < length; b++) edges[queryOf(b) + 1]++;
    for (let q = 1; q < edges.length; q++) edges[q] += edges[q - 1];
    const next = edges.slice();
    for (let b = 0; b < length; b++) order[b] = next[queryOf(b)]++;
    return order;
  }

  put(b, counts, target) {
    const {m, at, width} = this;
    for (let t = 0; t < counts.length; t++) m[at.counts + t * width + b] = counts[t];
    for (let c = 0; c < target.length; c++) m[at.answers + c * width + b] = target[c];
  }

  // -- a model on the batch

  // What attention and readout of model i are, as tables.
  tabulate(i) {
    const {m, at, n: {H, D, T, C, Q, V}, weights} = this, T4 = four(T), C4 = four(C), V4 = four(V), p = i * this.n.P;
    const scores = scoresOf(this.n, this.task.queries, weights, p);
    for (let j = 0; j < V; j++) {
      const h = Math.floor(j / D), d = j % D;
      for (let t = 0; t < T; t++) m[at.value + j * T4 + t] = weights[p + this.n.at.W_V + (h * T + t) * D + d];
      for (let c = 0; c < C; c++) {
        const x = weights[p + this.n.at.W_O + j * C + c];
        m[at.out + j * C4 + c] = x;
        m[at.outLog2 + c * V4 + j] = x * Math.LOG2E;
      }
    }
    for (let h = 0; h < H; h++) for (let q = 0; q < Q; q++) {
      const own = scores.subarray((h * Q + q) * T, (h * Q + q + 1) * T), top = Math.max(...own);
      for (let t = 0; t < T; t++) {
        const weight = exp2((own[t] - top) * Math.LOG2E);
        m[this.massOf(q) + h * T4 + t] = weight;
        for (let j = h * D; j < (h + 1) * D; j++) m[this.weighedOf(q) + j * T4 + t] = weight * m[at.value + j * T4 + t];
      }
    }
  }

  massOf(q) { return this.at.mass + q * (this.n.H + this.n.H % 2) * four(this.n.T); }
  weighedOf(q) { return this.at.weighed + q * (this.n.V + this.n.V % 2) * four(this.n.T); }

  // Logits of the batch, in units of log 2.
  forward() {
    const {m, at, width, edges, n: {H, D, T, C, Q, V}} = this;
    for (let q = 0; q < Q; q++) {
      product(m, at.inverse, H, this.massOf(q), at.counts, T, width, edges[q], edges[q + 1]);
      product(m, at.z, V, this.weighedOf(q), at.counts, T, width, edges[q], edges[q + 1]);
    }
    for (let k = at.inverse; k < at.inverse + H * width; k++) m[k] = 1 / m[k];
    for (let j = 0; j < V; j++) {
      const z = at.z + j * width, part = at.inverse + Math.floor(j / D) * width;
      for (let b = 0; b < width; b++) m[z + b] *= m[part + b];
    }
    for (let j = V; j < four(V); j++) m.fill(0, at.z + j * width, at.z + (j + 1) * width);
    product(m, at.logits, C, at.outLog2, at.z, V, width, 0, width);
    for (let c = C; c < four(C); c++) m.fill(0, at.logits + c * width, at.logits + (c + 1) * width);
  }

  // The mean loss of the batch, less the least possible; the logits stay.
  lossNow() {
    const {m, at, width, n: {C}} = this, spare = at.spare;
    largest(m, spare, at.logits, C, width);
    let total = 0;
    for (let b = 0; b < width; b++) {
      let sum = 0;
      for (let c = 0; c < C; c++) {
        const k = c * width + b, right = m[at.answers + k];
        sum += exp2(m[at.logits + k] - m[spare + b]);
        if (right > 0) total += right * (Math.log(right) - (m[at.logits + k] - m[spare + b]) * Math.LN2);
      }
      total += Math.log(sum);
    }
    return total / width;
  }

  // The gradient of the batch's mean loss in model i, into `grad`; `tabulate(i)` and `forward()` come first.
  backward(i) {
    const {m, at, width, edges, n: {H, D, T, C, Q, V}, grad} = this, T4 = four(T), C4 = four(C);
    softmaxLessTarget(m, at.logits, at.answers, C, width, at.spare);
    grad.fill(0);
    dots(m, at.gOut, at.z, V, at.logits, C, width, 0, width);
    for (let j = 0; j < V; j++) for (let c = 0; c < C; c++) grad[this.n.at.W_O + j * C + c] = m[at.gOut + j * C4 + c];
    product(m, at.gZ, V, at.out, at.logits, C, width, 0, width);
    m.fill(0, at.common, at.common + H * width);
    for (let j = 0; j < V; j++) {
      const h = Math.floor(j / D) * width, x = at.gZ + j * width, z = at.z + j * width;
      for (let b = 0; b < width; b++) {
        const gain = m[x + b] * m[at.inverse + h + b];
        m[x + b] = gain;
        m[at.common + h + b] -= gain * m[z + b];
      }
    }
    for (let q = 0; q < Q; q++) {
      dots(m, at.gMass, at.common, H, at.counts, T, width, edges[q], edges[q + 1]);
      dots(m, at.gValue, at.gZ, V, at.counts, T, width, edges[q], edges[q + 1]);
      for (let h = 0; h < H; h++) for (let t = 0; t < T; t++) this.backThroughToken(i, q, h, t, T4);
    }
  }

  // The gradient in what token t is to head h where query q stands last.
  backThroughToken(i, q, h, t, T4) {
    const {m, at, n: {D, T}, weights, grad} = this, {W_Q, W_K, W_V} = this.n.at, p = i * this.n.P;
    const weight = m[this.massOf(q) + h * T4 + t];
    let inScore = m[at.gMass + h * T4 + t];
    for (let d = 0; d < D; d++) {
      const j = h * D + d, inValue = m[at.gValue + j * T4 + t];
      grad[W_V + (h * T + t) * D + d] += inValue * weight;
      inScore += inValue * m[at.value + j * T4 + t];
    }
    inScore *= weight / Math.sqrt(D);
    const query = (h * T + this.task.queries[q]) * D, key = (h * T + t) * D;
    for (let d = 0; d < D; d++) {
      grad[W_K + key + d] += inScore * weights[p + W_Q + query + d];
      grad[W_Q + query + d] += inScore * weights[p + W_K + key + d];
    }
  }

  // -- steps

  // One step of AdamW in model i, by `grad`.
  update(i) {
    const {weights, mean, square, grad, step, config, n: {P}} = this;
    const lr = config.lr * SCHEDULES[config.schedule](step / config.steps);
    const rate = lr / (1 - BETA1 ** (step + 1)), root = 1 / Math.sqrt(1 - BETA2 ** (step + 1));
    const keep = 1 - lr * config.weight_decay;
    for (let k = 0, at = i * P; k < P; k++, at++) {
      const g = grad[k];
      mean[at] += (1 - BETA1) * (g - mean[at]);
      square[at] = BETA2 * square[at] + (1 - BETA2) * g * g;
      weights[at] = weights[at] * keep - rate * mean[at] / (Math.sqrt(square[at]) * root + EPSILON);
    }
  }

  // One step of every model on the batch that is there.
  stepOnBatch(withLoss = true) {
    for (let i = 0; i < this.seeds.length; i++) {
      this.tabulate(i);
      this.forward();
      if (withLoss) this.loss[i] = this.lossNow();
      this.backward(i);
      this.update(i);
    }
    this.step++;
  }

  advance(upto) {
    while (this.step < upto) {
      this.draw(this.step);
      this.stepOnBatch(this.step + 1 === upto);
    }
  }

  // -- exact figures

  // Every model on the whole population: loss in nats, less the least possible; accuracy; smallest margin.
  evaluate() {
    const nSeeds = this.seeds.length, {width} = this;
    this.population ??= population(this.task);
    const out = {excess: new Float64Array(nSeeds), accuracy: new Float64Array(nSeeds), margin: new Float64Array(nSeeds).fill(Infinity)};
    for (let from = 0; from < this.population.length; from += width) {
      const bags = this.population.slice(from, from + width);
      while (bags.length < width) bags.push({...bags.at(-1), prob: 0});
      this.load(bags.map(bag => bag.counts), bags.map(bag => this.task.targets[bag.answer]), bags.map(bag => bag.query));
      for (let i = 0; i < nSeeds; i++) {
        this.tabulate(i);
        this.forward();
        this.judge(i, bags, out);
      }
    }
    return out;
  }

  // Add the figures of model i on contexts whose logits are there. Right is who is nearest to the right target.
  judge(i, bags, out) {
    const {m, at, width, entropies, n: {C}} = this, {spare} = at, total = spare + width;
    const entries = this.certain ? at.logits : at.entries;
    if (!this.certain) product(m, entries, entropies.length, at.target, at.logits, C, width, 0, width);
    largest(m, spare, at.logits, C, width);
    m.fill(0, total, total + width);
    for (let c = 0; c < C; c++) {
      const row = at.logits + c * width;
      for (let b = 0; b < width; b++) m[total + b] += exp2(m[row + b] - m[spare + b]);
    }
    let excess = 0, accuracy = 0, margin = Infinity;
    for (let b = 0; b < width; b++) {
      const {answer, prob} = bags[b], right = m[entries + answer * width + b] * Math.LN2 + entropies[answer];
      let other = -Infinity;
      for (let k = 0; k < entropies.length; k++) {
        const entry = m[entries + k * width + b] * Math.LN2 + entropies[k];
        if (k !== answer && entry > other) other = entry;
      }
      excess += prob * (m[spare + b] * Math.LN2 + Math.log(m[total + b]) - right);
      if (right > other) accuracy += prob;
      if (right - other < margin) margin = right - other;
    }
    out.excess[i] += excess;
    out.accuracy[i] += accuracy;
    out.margin[i] = Math.min(out.margin[i], margin);
  }
}

function cumulative(prob) {
  let total = 0;
  const cdf = prob.map(p => total += p);
  return Float64Array.from(cdf, x => x / total);
}

// The first row whose cumulative probability exceeds u.
function pick(cdf, u) {
  let row = 0;
  while (row < cdf.length - 1 && cdf[row] <= u) row++;
  return row;
}

// ---- life in a worker: what it is told, and what it answers

// Answers to messages {start: {task, config, seeds}} and {upto, judge}.
export function answering(post) {
  let trainer;
  return message => {
    if (message.start) {
      const {task, config, seeds} = message.start;
      trainer = new Trainer(task, config, seeds);
      return;
    }
    const begun = performance.now();
    trainer.advance(message.upto);
    const exact = message.judge ? trainer.evaluate() : null, weights = trainer.weights.slice();
    post({step: trainer.step, weights, loss: trainer.loss.slice(), exact, ms: performance.now() - begun}, [weights.buffer]);
  };
}

if (typeof WorkerGlobalScope !== 'undefined' && self instanceof WorkerGlobalScope) {
  const answer = answering((message, moved) => self.postMessage(message, moved));
  self.onmessage = ({data}) => answer(data);
}
