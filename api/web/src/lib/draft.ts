// The form of a run, kept in the address: /new?gate=&up=a,b&days=&demand=&set=stages.bay-cn.lanes=15…

export const FIELDS = ['days', 'demand', 'start', 'warmup', 'replications', 'seed'] as const;
export type Field = (typeof FIELDS)[number];
export interface Draft extends Record<Field, string> {
  gate: string;
  level: string;
  reading: string;
  up: string[];
  /** Place in the gate -> what stands there in this run. */
  set: Record<string, string>;
}

const DEFAULTS: Record<Field, string> = { days: '30', demand: '1', start: '', warmup: '7', replications: '20', seed: '1' };
const NAMES: Partial<Record<Field, string>> = { warmup: 'warmup_days' };
const FILE = 'file:';

export function read(query: string): Draft {
  const said = new URLSearchParams(query);
  const fields = Object.fromEntries(FIELDS.map((name) => [name, said.get(name) ?? DEFAULTS[name]]));
  const up = (said.get('up') ?? '').split(',').filter(Boolean);
  const set = Object.fromEntries(said.getAll('set').map((one) => [one.slice(0, one.indexOf('=')), one.slice(one.indexOf('=') + 1)]));
  return {
    gate: said.get('gate') ?? 'friendship-pass',
    level: said.get('level') ?? 'base',
    reading: said.get('reading') ?? '',
    up,
    set,
    ...fields,
  } as Draft;
}

export function address(draft: Draft): string {
  const said = new URLSearchParams({ gate: draft.gate });
  if (draft.up.length) said.set('up', draft.up.join(','));
  if (draft.level !== 'base') said.set('level', draft.level);
  if (draft.reading) said.set('reading', draft.reading);
  for (const [place, value] of Object.entries(draft.set)) said.append('set', `${place}=${value}`);
  for (const name of FIELDS) if (draft[name] !== DEFAULTS[name]) said.set(name, draft[name]);
  return `/new?${said.toString().replaceAll('%2C', ',').replaceAll('%3A', ':')}`;
}

function value(text: string): number | string {
  return /^-?\d+([.,]\d+)?$/.test(text) ? Number(text.replace(',', '.')) : text;
}

/** What is sent. A number may be written with a comma or a point; what is none is sent as it is, for the service to refuse. */
export function request(draft: Draft): Record<string, unknown> {
  const sent: Record<string, unknown> = { gate: ofFile(draft.gate) ?? draft.gate, upgrades: draft.up, level: draft.level };
  if (draft.reading) sent.reading = draft.reading;
  const set = Object.entries(draft.set).filter(([, text]) => text.trim());
  if (set.length) sent.set = Object.fromEntries(set.map(([place, text]) => [place, value(text.trim())]));
  for (const name of FIELDS) {
    const text = draft[name].trim();
    if (name === 'start') {
      if (text) sent.start = text;
    } else {
      sent[NAMES[name] ?? name] = value(text);
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
  draft.reading = String(asked.reading ?? '');
  draft.up = (asked.upgrades as string[] | undefined) ?? [];
  draft.set = Object.fromEntries(Object.entries((asked.set ?? {}) as Record<string, unknown>).map(([place, one]) => [place, String(one)]));
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

// A gate from a file is too long for an address: it stays in this tab, and the address has its name.

export interface Stage { side: string; lanes?: unknown; hours?: unknown }
export interface GateData { name: string; stages: Record<string, Stage>; readings?: Record<string, { title?: Record<string, string> }> }

export const isFile = (gate: string) => gate.startsWith(FILE);

export function keep(gate: GateData): string {
  sessionStorage.setItem(FILE + gate.name, JSON.stringify(gate));
  return FILE + gate.name;
}

export function ofFile(gate: string): GateData | null {
  const kept = isFile(gate) ? sessionStorage.getItem(gate) : null;
  return kept === null ? null : (JSON.parse(kept) as GateData);
}

// Levers of a stage, and of all stages of a side.

const WINDOW = /^(\d\d:\d\d)-(\d\d:\d\d)$/;

/** What can be set at a stage: its lanes, or those of each group, and its hours. */
export function levers(gate: GateData, name: string): { path: string; kind: 'lanes' | 'hours'; group: string; now: string }[] {
  const stage = gate.stages[name];
  if (!stage) return [];
  const found: ReturnType<typeof levers> = [];
  const path = `stages.${name}`;
  const lanes = (of: unknown, at: string, group: string) => {
    if (typeof of === 'number') found.push({ path: at, kind: 'lanes', group, now: String(of) });
  };
  const hours = (of: unknown, at: string, group: string) => {
    if (Array.isArray(of) && of.length === 1) found.push({ path: at, kind: 'hours', group, now: String(of[0]) });
  };
  if (Array.isArray(stage.lanes)) {
    for (const one of stage.lanes as { name: string; lanes?: unknown; hours?: unknown }[]) {
      lanes(one.lanes, `${path}.lanes.${one.name}.lanes`, one.name);
      hours(one.hours, `${path}.lanes.${one.name}.hours`, one.name);
    }
  } else lanes(stage.lanes, `${path}.lanes`, '');
  hours(stage.hours, `${path}.hours`, '');
  return found;
}

/** The hours of all stages of a side that close on the day on which they open, if the side closes at a time. */
export function closing(gate: GateData, side: string, time: string): Record<string, string> {
  const found: Record<string, string> = {};
  if (!/^\d\d:\d\d$/.test(time)) return found;
  for (const [name, stage] of Object.entries(gate.stages)) {
    if (stage.side !== side) continue;
    for (const lever of levers(gate, name)) {
      const [, opens, closes] = WINDOW.exec(lever.now) ?? [];
      if (opens && closes && opens < time && time < closes && closes < '24:00') found[lever.path] = `${opens}-${time}`;
    }
  }
  return found;
}

/** The latest time at which stages of a side close on the day on which they open. */
export function closes(gate: GateData, side: string): string {
  const times = Object.entries(gate.stages).flatMap(([name, stage]) =>
    stage.side === side ? levers(gate, name).map((lever) => WINDOW.exec(lever.now)) : [],
  );
  return times.flatMap((one) => (one && one[1]! < one[2]! && one[2]! < '24:00' ? [one[2]!] : [])).sort().at(-1) ?? '';
}
