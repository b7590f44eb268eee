// A widget's life in a page without a kernel; links that hold its state; pictures of it.
import {tag, svg, drawn} from './model.js';

// ---- state

// What a widget's model is in Jupyter, in a page. Widgets of one group share their seed and their step.
class PageState extends EventTarget {
  constructor(traits, group) {
    super();
    Object.assign(this, {traits, group});
    group?.addEventListener('toyattn', ({detail}) => { if (detail.from !== this) this.set(detail.name, detail.value, true); });
  }
  get(name) { return this.traits[name]; }
  set(name, value, told = false) {
    if (told && !(name in this.traits)) return;
    this.traits[name] = value;
    this.dispatchEvent(new Event(`change:${name}`));
    if (!told && ['seed', 'step'].includes(name)) {
      this.group?.dispatchEvent(new CustomEvent('toyattn', {detail: {name, value, from: this}}));
    }
  }
  on(event, f) { this.addEventListener(event, f); }
  off(event, f) { this.removeEventListener(event, f); }
  save_changes() {}
}

// ---- links: #inspector1?seed=3&tokens=6_1_9/seeds1?x=loss says in which state the page's first inspector and first seed browser are.

// A trait's value as text: lists as 1_2_3, what is forced as 0.5_1.6, nothing as nothing.
export function toText(value) {
  if (value === null || value === undefined) return '';
  if (Array.isArray(value)) return value.join('_');
  if (typeof value === 'object') return Object.entries(value).map(pair => pair.join('.')).join('_');
  return String(value);
}

// The value again, by the kind of the value that the trait has now.
export function fromText(text, like) {
  const plain = part => part === '' || isNaN(part) ? part : Number(part), parts = text === '' ? [] : text.split('_');
  if (Array.isArray(like)) return parts.map(plain);
  if (like !== null && typeof like === 'object') return Object.fromEntries(parts.map(part => part.split('.').map(plain)));
  if (typeof like === 'string') return text;
  return text === '' ? null : plain(text);
}

// States by the names of widgets, out of an address's part after #.
export function statesOf(hash) {
  const parts = hash.replace(/^#/, '').split('/').map(part => part.split('?')).filter(([name, state]) => /^[a-z]+\d+$/.test(name) && state !== undefined);
  return Object.fromEntries(parts.map(([name, state]) => [name, new URLSearchParams(state)]));
}

export const live = globalThis.toyattn ??= {};   // what lives in this page, whichever script brought it to life, by name: {model, el, linked, check, first: its traits at the start}

const mine = [];   // those that this script brought to life

// Bring the widget of that name into a state. What it cannot be in is left as it is; true if nothing was.
export function restore({model, linked, check}, state) {
  const before = {}, changes = linked.filter(name => state.has(name));
  for (const name of changes) {
    before[name] = model.traits[name];
    model.traits[name] = fromText(state.get(name), before[name]);
  }
  try { check?.(model); }
  catch {
    Object.assign(model.traits, before);
    return false;
  }
  for (const name of changes) model.set(name, model.traits[name]);
  return true;
}

// Follow the address: at the start, and whenever a link within the page is followed.
function follow(names) {
  const states = statesOf(location.hash), known = names.filter(name => states[name]);
  for (const name of known) {
    const fits = restore(live[name], states[name]);
    say(live[name].el, fits ? '' : 'The link asks for a state that this widget does not have.');
  }
  const first = known.find(name => Object.keys(states)[0] === name);
  if (first) bringIntoView(live[first].el);
}

// To the widget's beginning where not all of it is seen, and again when whatever stands above it has its size.
function bringIntoView(el) {
  const {top, bottom} = el.getBoundingClientRect(), least = parseFloat(getComputedStyle(el).scrollMarginTop);
  if (top < least || bottom > innerHeight) el.scrollIntoView({block: 'start'});
  if (document.readyState !== 'complete') addEventListener('load', () => bringIntoView(el), {once: true});
}

// The address of this page with the state of a widget, and of those that share its seed.
function linkTo(model) {
  const together = Object.entries(live).filter(([, w]) => w.model === model || (model.group && w.model.group === model.group));
  for (const [, w] of together) w.model.dispatchEvent(new Event('link'));   // what is not told at every moment is told now
  const parts = together.map(([name, {model: m, linked}]) =>
    `${name}?${new URLSearchParams(linked.map(trait => [trait, toText(m.get(trait))]))}`);
  return `${location.href.split('#')[0]}#${parts.join('/')}`;
}

// ---- copying

function say(el, text) {
  const place = el.querySelector('.ta-said');
  if (place) place.textContent = text;
}

function download(blob, name) {
  const a = tag('a', {href: URL.createObjectURL(blob), download: name});
  a.click();
  setTimeout(() => URL.revokeObjectURL(a.href), 10_000);
}

// Into the clipboard; where a page may not write there, into a file.
async function hand(el, what, type, blob, name) {
  try {
    if (type === 'image/png') await navigator.clipboard.write([new ClipboardItem({[type]: blob})]);
    else await navigator.clipboard.writeText(await blob.text());
    say(el, `${what} copied.`);
  } catch {
    download(await blob, name);
    say(el, `${what} saved: this page may not write to the clipboard.`);
  }
}

// A picture that stands alone: in the colours of the page, on its background.
export function pictureText(picture, el) {
  const copy = picture.cloneNode(true), style = getComputedStyle(el), [, , w, h] = copy.getAttribute('viewBox').split(' ');
  for (const [k, v] of Object.entries({xmlns: 'http://www.w3.org/2000/svg', width: w, height: h, color: style.color, fill: style.color,
    'font-family': 'system-ui, sans-serif', 'font-size': 12})) copy.setAttribute(k, v);
  copy.removeAttribute('class');
  copy.querySelectorAll('.ta-ring, [data-not-in-picture]').forEach(e => e.remove());
  copy.prepend(svg('rect', {width: w, height: h, fill: background(el)}));
  return new XMLSerializer().serializeToString(copy);
}

// What stands behind an element.
function background(el) {
  for (let e = el; e; e = e.parentElement) {
    const colour = getComputedStyle(e).backgroundColor;
    if (!/^(transparent|rgba\(.*, 0\))$/.test(colour)) return colour;
  }
  const probe = el.appendChild(tag('span', {style: 'background-color: Canvas'})), colour = getComputedStyle(probe).backgroundColor;
  probe.remove();
  return colour;
}

async function png(text) {
  const image = new Image();
  await new Promise((done, failed) => {
    Object.assign(image, {onload: done, onerror: failed, src: `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`});
  });
  const canvas = tag('canvas', {width: 2 * image.width, height: 2 * image.height});
  canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise(done => canvas.toBlob(done, 'image/png'));
}

// Buttons that copy the widget's picture, and in a page without a kernel a link to its state. `picture()` draws an SVG element.
export function copyButtons(model, el, name, picture) {
  const button = (text, cls, onclick) => tag('button', {type: 'button', class: cls, onclick}, text);
  const drawnNow = () => pictureText(picture(), el);
  return tag('div', {class: 'ta-copy'},
    model instanceof PageState ? button('Copy link', 'ta-link', () => {
      const link = linkTo(model);
      history.replaceState(null, '', link);
      hand(el, 'Link', 'text/plain', new Blob([link]), `${name}.txt`);
    }) : null,
    button('Copy SVG', 'ta-svg', () => hand(el, 'SVG', 'image/svg+xml', new Blob([drawnNow()], {type: 'image/svg+xml'}), `${name}.svg`)),
    button('Copy PNG', 'ta-png', () => hand(el, 'PNG', 'image/png', png(drawnNow()), `${name}.png`)),
    tag('output', {class: 'ta-said'}));
}

// ---- the start

// Bring the page's widgets of one kind to life: `linked` are the traits that a link holds, `check` throws where the state cannot be drawn.
export function start(kind, {render, linked = [], check}) {
  document.querySelectorAll(`.toyattn[data-widget="${kind}"]`).forEach((el, i) => {
    if ('live' in el.dataset) return;
    el.dataset.live = '';
    let model;
    drawn(el, () => {
      const traits = JSON.parse(el.querySelector('script').textContent);
      for (const name of ['_weights', '_other', '_pattern']) {   // numbers in base64
        if (typeof traits[name] === 'string') traits[name] = new DataView(Uint8Array.from(atob(traits[name]), c => c.charCodeAt(0)).buffer);
      }
      el.replaceChildren();
      model = new PageState(traits, el.closest('.toyattn-group'));
    });
    if (!model) return;
    const name = `${kind}${i + 1}`;
    render({model, el});
    el.id ||= name;
    live[name] = {model, el, linked, check, first: {...model.traits}};
    mine.push(name);
    follow([name]);
  });
  if (mine.length) addEventListener('hashchange', () => follow(mine));
}
