// What the page's own charts share: colours of up to six series, and the marks of an axis.
import { number } from './text.svelte';

export const LETTERS = 'ABCDEF';
export const SERIES = ['', '7 4', '2 3', '10 3 2 3', '14 5', '5 2 1 2'].map((dashes, n) => ({ colour: `--series-${n}`, dashes }));

/** Round marks over all values, and how they are written. */
export function ticks(values: number[]): { low: number; high: number; at: number[]; text: (value: number) => string } {
  let low = Math.min(...values);
  let high = Math.max(...values);
  if (high - low < 1e-9) [low, high] = [low - 1, high + 1];
  const rough = (high - low) / 6;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((one) => one * unit).find((one) => one >= rough) ?? 10 * unit;
  [low, high] = [Math.floor(low / step + 1e-9) * step, Math.ceil(high / step - 1e-9) * step];
  const at = Array.from({ length: Math.round((high - low) / step) + 1 }, (_, n) => low + n * step);
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  return { low, high, at, text: (value) => number(Math.abs(value) < step / 2 ? 0 : value, digits) };
}
