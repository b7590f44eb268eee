// Widgets that stay in view beside a text, and that its links set: by a press, and by scrolling to the passage that a link stands in.
import {tag} from './model.js';
import {live, restore, statesOf, toText} from './page.js';

const SETTLES = 500;   // ms after a press, and after each scroll that follows it as soon, in which none sets anything: a link that gets the focus glides into view

// The passage that is being read: the last one that begins above the line; −1 before the first. `tops` are where they begin.
export function passageAt(tops, line) {
  return tops.findLastIndex(top => top < line);
}

// A link's state of a widget in full: what the link leaves out is as it was at the start.
export function wholeState(start, state) {
  const whole = new URLSearchParams(start);
  for (const [name, text] of state) whole.set(name, text);
  return whole;
}

// The nearest element that holds all of these.
function commonAncestor(elements) {
  let found = elements[0].parentElement;
  while (!elements.every(e => found.contains(e))) found = found.parentElement;
  return found;
}

export function beside() {
  for (const aside of document.querySelectorAll('.toyattn-beside')) {
    if (!('live' in aside.dataset)) enliven(aside);
  }
}

function enliven(aside) {
  const ours = Object.entries(live).filter(([, {el}]) => aside.contains(el)).map(([name]) => name);
  const named = a => Object.keys(statesOf(a.hash)).find(name => ours.includes(name));
  const links = [...document.querySelectorAll('a[href*="?"]')].filter(a => a.pathname === location.pathname && !aside.contains(a) && named(a));
  if (!links.length || document.getElementById('jupyter-config-data')) return;   // no text beside it, or a notebook that is being edited
  aside.dataset.live = '';

  const atStart = ({linked, first}) => linked.map(trait => [trait, toText(first[trait])]);
  const asked = statesOf(location.hash), askedFor = ours.find(name => asked[name]);
  const passages = links.map(a => a.closest('p, li, td, figcaption') ?? a.parentElement);
  const firsts = passages.flatMap((p, i) => passages.indexOf(p) === i ? [i] : []);   // of several links in a passage, the first is set by scrolling
  const title = tag('p', {class: 'ta-beside-title'}), follows = tag('input', {type: 'checkbox'});
  follows.checked = true;
  const whole = tag('button', {type: 'button', class: 'ta-beside-whole', 'aria-expanded': 'false', onclick: () => open(whole.getAttribute('aria-expanded') !== 'true')}, 'open');
  const box = tag('div', {class: 'ta-beside-box', tabindex: 0, role: 'group', 'aria-label': 'the model that the text speaks of'},
    tag('div', {class: 'ta-beside-bar'}, title, tag('label', {}, follows, ' follows', tag('span', {class: 'ta-beside-more'}, ' the text')), whole), ...aside.children);
  aside.append(box);

  const holder = commonAncestor([aside, ...links]);
  holder.classList.add('ta-guide');
  holder.append(aside);
  holder.querySelector(':scope > header')?.after(aside) ?? holder.prepend(aside);

  function open(yes) {
    aside.classList.toggle('ta-beside-open', yes);
    whole.setAttribute('aria-expanded', String(yes));
    whole.textContent = yes ? 'close' : 'open';
  }

  // Show one of the widgets; `words` say in which state.
  function show(name, words = '') {
    for (const one of aside.querySelectorAll('.ta-beside-one')) one.hidden = !one.contains(live[name].el);
    title.replaceChildren(tag('b', {}, live[name].el.closest('.ta-beside-one').dataset.title), words ? `: ${words}` : '');
  }

  function set(i) {
    const name = named(links[i]), state = statesOf(links[i].hash)[name];
    restore(live[name], wholeState(atStart(live[name]), state));
    show(name, links[i].textContent);
    links.forEach((a, j) => j === i ? a.setAttribute('aria-current', 'true') : a.removeAttribute('aria-current'));
    passages.forEach(p => p.classList.toggle('ta-passage', p === passages[i]));
    const view = state.has('view') ? live[name].el.querySelector('.ta-tabs') : null;
    box.scrollTop = view ? view.getBoundingClientRect().top - box.getBoundingClientRect().top + box.scrollTop - 8 : 0;
  }

  // ---- by scrolling
  let reading = -1, due = false, pressed = -SETTLES;
  function line() {
    const docked = getComputedStyle(aside).position === 'fixed';
    const free = innerHeight - (docked ? aside.offsetHeight : 0);
    document.documentElement.style.scrollPaddingBottom = docked ? `${aside.offsetHeight}px` : '';
    holder.style.paddingBottom = docked ? `${aside.offsetHeight + 16}px` : '';
    return .5 * free;
  }
  const read = () => firsts[passageAt(firsts.map(i => passages[i].getBoundingClientRect().top), line())] ?? -1;
  function look() {
    due = false;
    const now = read();
    if (now === reading) return;
    reading = now;
    if (now >= 0 && follows.checked && performance.now() - pressed > SETTLES) set(now);
  }
  function soon() {
    const now = performance.now();
    if (now - pressed < SETTLES) pressed = now;   // it glides on
    if (!due) requestAnimationFrame(look);
    due = true;
  }

  // ---- by a press
  links.forEach((a, i) => {
    a.classList.add('ta-show');
    passages[i].dataset.sets ??= a.hash;
    a.addEventListener('click', event => {
      if (event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;   // into another tab: as any link
      event.preventDefault();
      history.replaceState(null, '', a.hash);
      pressed = performance.now();
      set(i);
    });
  });

  follows.addEventListener('change', () => { if (follows.checked && reading >= 0) set(reading); });
  for (const event of ['scroll', 'resize']) addEventListener(event, soon, {passive: true});
  for (const event of ['wheel', 'touchmove']) addEventListener(event, () => { pressed = -SETTLES; }, {passive: true});   // whoever scrolls reads on
  addEventListener('hashchange', () => {
    const name = ours.find(one => statesOf(location.hash)[one]);
    if (name) show(name);
  });
  show(askedFor ?? ours[0]);
  if (!askedFor) return look();
  const place = links.find(a => a.hash === location.hash);   // the address has the first word
  if (place) place.scrollIntoView({block: 'center', behavior: 'instant'});
  else scrollTo({top: 0, behavior: 'instant'});
  pressed = performance.now();
  reading = read();
}
