// The address of the view that is shown. Everything a view holds is in it, so that Back and reload keep it.

export const route = $state({ path: location.pathname, query: location.search });

/** The one view of a server that shows a result folder; else empty. Such a server takes no run. */
export const only = document.documentElement.dataset.shows ?? '';

export function go(address: string, replace = false): void {
  if (address !== location.pathname + location.search) {
    history[replace ? 'replaceState' : 'pushState'](null, '', address);
  }
  const moved = route.path !== location.pathname;
  route.path = location.pathname;
  route.query = location.search;
  if (moved) scrollTo(0, 0);
}

addEventListener('popstate', () => {
  route.path = location.pathname;
  route.query = location.search;
});

// Links of the page change the view; those to data, to the description and to files are left to the browser.
document.addEventListener('click', (event) => {
  const link = (event.target as Element | null)?.closest('a');
  if (!link || event.defaultPrevented || event.button || event.ctrlKey || event.metaKey || event.shiftKey) return;
  if (link.origin !== location.origin || link.target || link.hasAttribute('download')) return;
  if (/^\/(api|docs|assets|openapi)/.test(link.pathname) || link.getAttribute('href')?.startsWith('#')) return;
  event.preventDefault();
  go(link.pathname + link.search);
});

if (only && location.pathname === '/') go(only, true);
