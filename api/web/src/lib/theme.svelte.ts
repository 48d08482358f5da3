// Light or dark: as the system, unless somebody chose.

export type Choice = 'system' | 'light' | 'dark';

const system = matchMedia('(prefers-color-scheme: dark)');
const paper = matchMedia('print');

export const theme = $state({
  choice: (localStorage.getItem('theme') ?? 'system') as Choice,
  systemIsDark: system.matches,
  prints: paper.matches,
});

system.addEventListener('change', (event) => (theme.systemIsDark = event.matches));
paper.addEventListener('change', (event) => (theme.prints = event.matches));

/** Whether the page is dark; on paper it never is. */
export function isDark(): boolean {
  return !theme.prints && (theme.choice === 'system' ? theme.systemIsDark : theme.choice === 'dark');
}
