// A blocking script of its own: colours and density are right before the first paint, and no inline script is needed.
(() => {
  const root = document.documentElement;
  let theme = 'system';
  try {
    theme = localStorage.getItem('llamactor.theme') || 'system';
    root.toggleAttribute('data-compact', localStorage.getItem('llamactor.compact') === 'yes');
  } catch {
    // Storage is switched off: the system's colours it is.
  }
  root.dataset.theme = theme;
})();
