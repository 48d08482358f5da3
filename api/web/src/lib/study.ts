// The form of a study, kept in the address: /studies/new?gate=&up=a,b&design=grid…

export const TEXTS = ['question', 'budget', 'demand', 'days', 'warmup', 'replications', 'seed', 'margin'] as const;
/** In the order in which they are offered. */
export const DESIGNS = ['one-at-a-time', 'grid', 'best-within-budget'] as const;
export type Design = (typeof DESIGNS)[number];
export type Text = (typeof TEXTS)[number];
export interface Plan extends Record<Text, string> { gate: string; up: string[]; design: Design; readings: string; decides: string }

const DEFAULTS: Record<Text, string> = { question: '', budget: '3', demand: '', days: '30', warmup: '7', replications: '20', seed: '1', margin: '' };
export const NUMBERS = ['clearance_h.mean', 'clearance_h.p90', 'stock_trucks.end_of_day', 'throughput_per_day.mean'];

export function read(query: string): Plan {
  const said = new URLSearchParams(query);
  const texts = Object.fromEntries(TEXTS.map((name) => [name, said.get(name) ?? DEFAULTS[name]])) as Record<Text, string>;
  return {
    ...texts,
    gate: said.get('gate') ?? 'friendship-pass',
    up: (said.get('up') ?? '').split(',').filter(Boolean),
    design: DESIGNS.find((one) => one === said.get('design')) ?? 'one-at-a-time',
    readings: said.get('readings') ?? '',
    decides: said.get('decides') ?? '',
  };
}

export function address(plan: Plan): string {
  const said = new URLSearchParams({ gate: plan.gate });
  if (plan.up.length) said.set('up', plan.up.join(','));
  if (plan.design !== 'one-at-a-time') said.set('design', plan.design);
  for (const name of ['readings', 'decides'] as const) if (plan[name]) said.set(name, plan[name]);
  for (const name of TEXTS) if (plan[name] !== DEFAULTS[name]) said.set(name, plan[name]);
  return `/studies/new?${said.toString().replaceAll('%2C', ',')}`;
}

/** A number may be written with a comma or a point; what is none is sent as it is, for the service to refuse. */
function plain(text: string): number | string {
  const trimmed = text.trim();
  return /^-?\d+([.,]\d+)?$/.test(trimmed) ? Number(trimmed.replace(',', '.')) : trimmed;
}

function several(text: string): (number | string)[] {
  return text.split(/[;\s]+/).filter(Boolean).map(plain);
}

function demands(plan: Plan): (number | string)[] {
  return plan.design === 'grid' ? several(plan.demand) : [];
}

/** How much of the search a page asks for: enough for a first answer with its doubt; a study file may ask for more. */
const SEARCH = { strongest: 4, candidates: 12, contenders: 4 };

/** The largest part of a benefit that is not worth telling apart, as a share of the smallest budget. */
const MARGIN = 0.1;

function budget(plan: Plan): Record<string, unknown> {
  const usd = several(plan.budget).map((one) => (typeof one === 'number' ? one * 1e6 : one));
  const smallest = Math.min(...usd.filter((one) => typeof one === 'number'));
  const replications = plain(plan.replications);
  return {
    usd,
    margin_usd: Number.isFinite(smallest) ? MARGIN * smallest : 1e5,
    ...SEARCH,
    at_most: typeof replications === 'number' ? 2 * replications : replications,
  };
}

/** How many scenarios a study has: each upgrade off or on. */
export function scenarios(plan: Plan): number {
  if (plan.design === 'best-within-budget') {
    const pairs = Math.min(SEARCH.strongest, plan.up.length);
    return 1 + plan.up.length + (pairs * (pairs - 1)) / 2 + SEARCH.candidates;
  }
  return plan.design === 'grid' ? 2 ** plan.up.length * Math.max(demands(plan).length, 1) : plan.up.length + 1;
}

export function request(plan: Plan, question: string, titles: Record<string, string>): Record<string, unknown> {
  const factors: Record<string, unknown> = {};
  for (const name of plan.up) factors[name] = { upgrade: name, title: (titles[name] ?? name).slice(0, 80) };
  const levels = demands(plan);
  if (levels.length) factors.demand = { demand: true, values: levels };
  const sent: Record<string, unknown> = {
    name: `${plan.gate}-${plan.design}`.slice(0, 60),
    question: plan.question.trim() || question,
    gate: plan.gate,
    design: plan.design,
    factors,
    days: plain(plan.days),
    warmup_days: plain(plan.warmup),
    replications: plain(plan.replications),
    seed: plain(plan.seed),
  };
  if (plan.design === 'best-within-budget') {
    sent.budget = budget(plan);
    sent.readings = ['baseline'];
    return sent;
  }
  if (plan.readings) sent.readings = [plan.readings];
  if (plan.margin.trim()) {
    const share = plain(plan.margin.replace('%', ''));
    sent.margin = { relative: typeof share === 'number' ? share / 100 : share };
  }
  if (plan.decides) {
    const direction = plan.decides.split('.').at(-1) ?? '';
    const others = NUMBERS.map((name) => `${name}.${direction}`).filter((name) => name !== plan.decides);
    sent.metrics = [plan.decides, ...others];
  }
  return sent;
}

/** The address of the form with what a study was submitted with; none if it holds what the form cannot. */
export function again(asked: Record<string, unknown>): string | null {
  const factors = (asked.factors ?? {}) as Record<string, { upgrade?: string; values?: number[]; levels?: unknown; demand?: boolean }>;
  const known = Object.entries(factors).every(([name, one]) => (one.upgrade === name && !one.levels) || (one.demand && name === 'demand'));
  if (!known || typeof asked.gate !== 'string' || !DESIGNS.includes(asked.design as Design)) return null;
  const plan = read('');
  plan.gate = asked.gate;
  plan.up = Object.keys(factors).filter((name) => name !== 'demand');
  plan.demand = (factors.demand?.values ?? []).join(' ');
  plan.design = asked.design as Design;
  const usd = (asked.budget as { usd?: number[] } | undefined)?.usd;
  if (usd) plan.budget = usd.map((one) => one / 1e6).join(' ');
  plan.question = String(asked.question ?? '');
  plan.readings = ((asked.readings as string[] | undefined) ?? [])[0] ?? '';
  plan.decides = ((asked.metrics as string[] | undefined) ?? [])[0] ?? '';
  for (const name of ['days', 'replications', 'seed'] as const) if (asked[name] !== undefined) plan[name] = String(asked[name]);
  if (asked.warmup_days !== undefined) plan.warmup = String(asked.warmup_days);
  return address(plan);
}
