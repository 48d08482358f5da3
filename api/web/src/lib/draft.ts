// The form of a run, kept in the address: /new?gate=&up=a,b&days=&demand=…

export const FIELDS = ['days', 'demand', 'start', 'warmup', 'replications', 'seed'] as const;
export type Field = (typeof FIELDS)[number];
export interface Draft extends Record<Field, string> { gate: string; level: string; up: string[] }

const DEFAULTS: Record<Field, string> = { days: '30', demand: '1', start: '', warmup: '7', replications: '20', seed: '1' };
const NAMES: Partial<Record<Field, string>> = { warmup: 'warmup_days' };

export function read(query: string): Draft {
  const said = new URLSearchParams(query);
  const fields = Object.fromEntries(FIELDS.map((name) => [name, said.get(name) ?? DEFAULTS[name]]));
  const up = (said.get('up') ?? '').split(',').filter(Boolean);
  return { gate: said.get('gate') ?? 'friendship-pass', level: said.get('level') ?? 'base', up, ...fields } as Draft;
}

export function address(draft: Draft): string {
  const said = new URLSearchParams({ gate: draft.gate });
  if (draft.up.length) said.set('up', draft.up.join(','));
  if (draft.level !== 'base') said.set('level', draft.level);
  for (const name of FIELDS) if (draft[name] !== DEFAULTS[name]) said.set(name, draft[name]);
  return `/new?${said.toString().replaceAll('%2C', ',')}`;
}

/** What is sent. A number may be written with a comma or a point; what is none is sent as it is, for the service to refuse. */
export function request(draft: Draft): Record<string, unknown> {
  const sent: Record<string, unknown> = { gate: draft.gate, upgrades: draft.up, level: draft.level };
  for (const name of FIELDS) {
    const text = draft[name].trim();
    if (name === 'start') {
      if (text) sent.start = text;
    } else {
      const value = /^-?\d+([.,]\d+)?$/.test(text) ? Number(text.replace(',', '.')) : text;
      sent[NAMES[name] ?? name] = value;
    }
  }
  return sent;
}

/** The address of the form with what a run was asked for; none if its gate came from a file. */
export function again(asked: Record<string, unknown>): string | null {
  if (typeof asked.gate !== 'string') return null;
  const draft = read('');
  draft.gate = asked.gate;
  draft.level = String(asked.level ?? 'base');
  draft.up = (asked.upgrades as string[] | undefined) ?? [];
  for (const name of FIELDS) {
    const value = asked[NAMES[name] ?? name];
    if (value !== undefined && value !== null) draft[name] = String(value);
  }
  return address(draft);
}

/** The field that a finding is about; none if it stands in no field. */
export function field(path: string): Field | 'upgrades' | 'gate' | null {
  const first = path.split(/[.[]/)[0] ?? '';
  if (['upgrades', 'needs', 'excludes', 'changes'].includes(first)) return 'upgrades';
  if (first === 'gate') return 'gate';
  return FIELDS.find((name) => (NAMES[name] ?? name) === first) ?? null;
}
