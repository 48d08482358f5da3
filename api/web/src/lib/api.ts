// The service: what it answers, and how it is asked. Only documented addresses of /api/v1 are used.
import { restored, there } from './line.svelte';

export interface Finding { path: string; value: string; problem: string; remedy: string }
export interface Named { name: string; title: Record<string, string>; links: Record<string, string> }
export interface Levels { low: number; base: number; high: number }
export interface Upgrade extends Named {
  about: string;
  gate: string;
  gates: string[];
  needs: string[];
  excludes: string[];
  costs: { capital_usd: Levels; running_usd_per_year: Levels; life_years: number; lead_time_months: number } | null;
}
export interface Details {
  name: string; lanes: string; admits: string; hours: Record<string, string>; service: string; source: string;
}
export interface StageBox {
  name: string; title: string; lines: string[]; side: string; band: string; x: number; y: number;
  lanes: string; share: string; unlimited: boolean; details: Details[];
}
export interface GateMap {
  title: string; width: number; height: number; line_x: number | null;
  sides: { name: string; title: string; zone: string; left: boolean }[];
  directions: Record<string, string>;
  classes: Record<string, string>;
  areas: { name: string; x: number; y: number; width: number; height: number; label: string }[];
  stages: StageBox[];
  moves: { start: string; end: string; direction: string; kind: 'first' | 'other' | 'shared' | 'empty'; path: string }[];
  box: { width: number; height: number };
}
export interface Change { path: string; before: string; after: string; upgrade: string; source: string }
export interface Preview {
  valid: boolean; accepted: boolean; refusal: string | null; findings: Finding[];
  predicted: { events: number; seconds: number; disk_mb: number; memory_mb: number } | null;
  gate: {
    name: string; title: Record<string, string>; about: string; start: string; footing: string;
    trucks_per_day: Record<string, number>;
  } | null;
  changes: Change[];
  costs: { capital_usd: Levels; running_usd_per_year: Levels; lead_time_months: number; unknown: string[] } | null;
  map: GateMap | null;
  warnings: string[];
}
/** What people wrote on a run to find it again. */
export interface Label { name: string | null; tags: string[]; note: string | null }
export interface Run {
  id: string; status: 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';
  gate: string; created: string; started: string | null; finished: string | null;
  progress: { done: number; total: number; phase: string; eta_s: number | null; stage: number; stages: number };
  predicted: { seconds: number };
  request: Record<string, unknown>;
  problem: { kind: string; detail: string } | null;
  links: Record<string, string>;
  reused?: boolean;
  label: Label;
}
export interface Answer {
  title: string; basis: string; warnings: string[];
  headlines: { direction: string; sentence: string; details: string[] }[];
  numbers: WordTable;
}
export interface WordTable { columns: string[]; rows: string[][]; note: string }
export interface SoFar {
  replications: number; total: number; numbers: WordTable | null;
  curves: { direction: string; title: string; percent: number[]; hours: (number | null)[] }[];
}
export interface StudyAnswer {
  title: string; question: string; basis: string; warnings: string[]; advice: string[]; notes: string[];
  tables: (WordTable & { title: string })[];
}
export interface Plot { name: string; title: string; caption: string; alt: string; links: Record<string, string> }

export interface Compared {
  runs: {
    id: string; gate: string; title: string; upgrades: string[]; replications: number; seed: number; warnings: string[];
    costs: NonNullable<Preview['costs']>; usd_per_year: number | null;
  }[];
  paired: boolean; method: string;
  changed: { kind: 'setting' | 'place' | 'more'; what: string; values: string[] }[];
  numbers: {
    name: string; title: string; statistic: string; direction: string | null; direction_title: string;
    better: 'less' | 'more' | 'neither'; unit: string; margin: number | null; margin_text: string;
    values: { value: number | null; text: string }[];
    differences: {
      value: number | null; low: number | null; high: number | null; text: string; words: string; n: number; method: string;
    }[];
    as_good_as_best: boolean[] | null;
  }[];
  curves: { direction: string; title: string; percent: number[]; hours: (number | null)[][] }[];
}

export const API = '/api/v1';

/** What answers when a server behind a proxy is gone: nothing that the service says itself. */
const ABSENT = [502, 503, 504];

/** How many percent of a run or a study are done. */
export function done(one: Run): number {
  return Math.floor((100 * one.progress.done) / Math.max(one.progress.total, 1));
}

export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly title: string,
    readonly detail: string,
    readonly findings: Finding[] = [],
  ) {
    super(title);
  }
}

/** Ask; what may be asked twice waits for a server that is gone, and is asked again when it is back. */
export async function ask<T>(path: string, options: RequestInit = {}, twice = !options.method): Promise<T> {
  const answer = await reached(path, options);
  const kind = answer?.headers.get('content-type') ?? '';
  if (!answer || (ABSENT.includes(answer.status) && !kind.includes('json'))) {
    if (!twice) {
      void there();
      throw new Refusal(0, '', '');
    }
    await restored();
    options.signal?.throwIfAborted();
    return ask<T>(path, options, twice);
  }
  if (answer.ok) return (kind.includes('json') ? await answer.json() : await answer.text()) as T;
  if (!kind.includes('json')) throw new Refusal(answer.status, answer.statusText, '');
  const problem = await answer.json();
  throw new Refusal(answer.status, problem.title, problem.detail, problem.findings);
}

async function reached(path: string, options: RequestInit): Promise<Response | null> {
  try {
    return await fetch(path, options);
  } catch (error) {
    if ((error as Error).name === 'AbortError') throw error;
    return null;
  }
}

interface Sending { signal?: AbortSignal; key?: string; method?: string; twice?: boolean }

export function send<T>(path: string, body: unknown, more: Sending = {}): Promise<T> {
  const headers: Record<string, string> = { 'Content-Type': 'application/json' };
  if (more.key) headers['Idempotency-Key'] = more.key;
  const options = { method: more.method ?? 'POST', headers, body: JSON.stringify(body), signal: more.signal ?? null };
  return ask<T>(path, options, more.twice ?? !!more.key);
}

export async function upgradesByName(): Promise<Record<string, Upgrade>> {
  const { items } = await ask<{ items: Upgrade[] }>(`${API}/upgrades`);
  return Object.fromEntries(items.map((one) => [one.name, one]));
}
