// Which runs or studies a list shows, kept in its address: /runs?name=bays&tag=2026&status=succeeded&sort=oldest

export const STATES = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const;
export interface Wanted { name: string; tag: string; gate: string; status: string; sort: string }
const NAMES = ['name', 'tag', 'gate', 'status', 'sort'] as const;

export function read(query: string): Wanted {
  const said = new URLSearchParams(query);
  return Object.fromEntries(NAMES.map((name) => [name, said.get(name) ?? ''])) as unknown as Wanted;
}

/** As the page and the service both write it; empty if everything is shown. */
export function query(wanted: Wanted): string {
  const said = new URLSearchParams();
  for (const name of NAMES) if (wanted[name].trim()) said.set(name, wanted[name].trim());
  return said.toString();
}
