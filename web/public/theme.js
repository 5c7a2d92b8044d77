// A blocking script of its own: the colours are right before the first paint, and no inline script is needed.
(() => {
  let theme = 'system';
  try {
    theme = localStorage.getItem('llamactor.theme') || 'system';
  } catch {
    // Storage is switched off: the system's colours it is.
  }
  document.documentElement.dataset.theme = theme;
})();
