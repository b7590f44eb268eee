// What is too wide scrolls; it can be reached by the keyboard, and fades where it goes on.
addEventListener('load', () => {
  for (const e of document.querySelectorAll('.dataframe :is(td, th)')) {
    if (e.textContent.length < 16) e.style.whiteSpace = 'nowrap';
  }
  const cue = e => e.classList.toggle('goes-on', e.scrollLeft + e.clientWidth < e.scrollWidth - 2);
  for (const e of document.querySelectorAll('pre, .sd-table, .cell-output-display, .math.display, main p:has(> img)')) {
    if (e.scrollWidth <= e.clientWidth && e.scrollHeight <= e.clientHeight) continue;
    e.tabIndex = 0;
    cue(e);
    e.addEventListener('scroll', () => cue(e), {passive: true});
  }
});

// What visitors ask after comes first among what the search finds: entries whose words begin with one that was typed.
if (window.Fuse) {
  const found = Fuse.prototype.search;
  Fuse.prototype.search = function (query, options) {
    const typed = query.toLowerCase().split(/\s+/).filter(word => word.length > 2);
    const asked = this._docs.filter(entry => entry.asks?.some(word => typed.some(start => word.startsWith(start))));
    const others = found.call(this, query, options).filter(({item}) => !item.asks);
    return [...asked.map(item => ({item})), ...others];
  };
}
