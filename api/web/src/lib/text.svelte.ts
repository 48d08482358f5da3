// Words in three languages: English comes with the page, the others when they are chosen.
import en from '../lang/en.json';
import type { Upgrade } from './api';

export type Key = keyof typeof en;
export type Language = 'en' | 'vi' | 'zh';
export const LANGUAGES: Record<Language, string> = { en: 'English', vi: 'Tiếng Việt', zh: '中文' };
type Catalogue = Record<Key, string>;

const others: Record<string, () => Promise<{ default: Catalogue }>> = {
  vi: () => import('../lang/vi.json'),
  zh: () => import('../lang/zh.json'),
};

function wanted(): Language {
  const asked = new URLSearchParams(location.search).get('lang') ?? localStorage.getItem('language') ?? '';
  const known = [asked, ...navigator.languages].map((tag) => tag.slice(0, 2));
  return (known.find((tag) => tag in LANGUAGES) ?? 'en') as Language;
}

export const words = $state<{ language: Language; catalogue: Catalogue }>({ language: 'en', catalogue: en });

export async function speak(language: Language, remember = false): Promise<void> {
  const load = others[language];
  words.catalogue = load ? (await load()).default : en;
  words.language = language;
  document.documentElement.lang = language === 'zh' ? 'zh-Hans' : language;
  if (remember) localStorage.setItem('language', language);
}

void speak(wanted());

export function t(key: Key, values: Record<string, string | number> = {}): string {
  return words.catalogue[key].replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** What a word of the service is in the language of the page; none if the catalogue does not have it. */
export function known(key: string): string | undefined {
  return (words.catalogue as Record<string, string>)[key];
}

export function titled(title: Record<string, string> | undefined, name: string): string {
  return title?.[words.language] ?? title?.en ?? name;
}

const formats = new Map<string, Intl.NumberFormat>(); // making one takes longer than using it a hundred times

/** What a run changes in its gate: upgrades by title, and how many values are set by hand. */
export function changesOf(request: Record<string, unknown>, titles: Record<string, { title: Record<string, string> }> = {}): string {
  const names = (request.upgrades as string[] | undefined) ?? [];
  const set = Object.keys((request.set as Record<string, unknown> | undefined) ?? {}).length;
  const said = [...names.map((name) => titled(titles[name]?.title, name)), ...(set ? [t('runs.set', { count: set })] : [])];
  return said.join(', ') || t('runs.as-today');
}

export function number(value: number, digits = 0): string {
  const key = `${words.language} ${digits}`;
  let format = formats.get(key);
  if (!format) formats.set(key, (format = new Intl.NumberFormat(words.language, { maximumFractionDigits: digits })));
  return format.format(value).replace('-', '−'); // Intl writes a hyphen, which is shorter than a plus
}

/** A time [s] in hours and minutes. */
export function duration(value: number): string {
  const minutes = Math.round(value / 60);
  if (minutes < 60) return t('time.minutes', { value: number(minutes) });
  return t('time.hours-minutes', { hours: number(Math.floor(minutes / 60)), minutes: String(minutes % 60).padStart(2, '0') });
}

export function money(usd: number): string {
  const unit = words.language === 'zh' ? 1e4 : 1e6;
  if (usd >= unit) return t('money.unit', { value: number(usd / unit, usd < 1e7 ? 2 : 1) });
  return t('money.plain', { value: number(usd) });
}

/** What an upgrade costs at once and a year. */
export function costText(one: Upgrade): string {
  if (!one.costs) return t('new.cost.unknown');
  return t('new.cost', { capital: money(one.costs.capital_usd.base), running: money(one.costs.running_usd_per_year.base) });
}

export function moment(text: string | null): string {
  if (!text) return '';
  return new Intl.DateTimeFormat(words.language, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(text));
}

export function seconds(value: number): string {
  if (value < 1) return t('time.under-a-second');
  if (value < 90) return t('time.seconds', { value: number(Math.round(value)) });
  if (value < 5400) return t('time.minutes', { value: number(Math.round(value / 60)) });
  return t('time.hours', { value: number(value / 3600, 1) });
}
