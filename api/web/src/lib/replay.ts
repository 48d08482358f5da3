// Which trucks are where at a moment: from the visits of each truck, one after the other, in whole seconds.
import type { GateMap, StageBox } from './api';
import { t } from './text.svelte';

const SHADES = ['#332288', '#CC6677', '#999933', '#88CCEE', '#882255', '#DDCC77', '#AA4499', '#44AA99'];
const ON_DARK = ['#9A90F0', '#E58A97', '#C3C35A', '#88CCEE', '#E0699F', '#DDCC77', '#D07BC2', '#44AA99'];
const EMPTY = '#8c959f';
const NEVER = Infinity;

interface Columns {
  tick_zero: string;
  words: Record<string, string[]>;
  columns: Record<'truck' | 'class' | 'empty' | 'stage' | 'joined' | 'wait' | 'stay', number[]>;
}
export interface Here { box: StageBox; queue: number[]; service: number[] }
export interface Visit { title: string; joined: number; started: number; left: number }

export class Visits {
  /** Colour of each shade, and the shade of each row. */
  readonly colours: string[];
  readonly shade: Uint8Array;
  readonly legend: [string, string][];
  readonly truck: Int32Array;
  private readonly places: Here[];
  private readonly place: (Here | undefined)[];
  private readonly order: Uint32Array;
  private readonly joined: Float64Array;
  private readonly started: Float64Array;
  private readonly left: Float64Array;
  private next = 0;
  private time = -Infinity;
  private active: number[] = [];

  constructor(
    found: Columns,
    map: GateMap,
    readonly zero: string,
    dark: boolean,
  ) {
    const { columns, words } = found;
    const count = columns.stage.length;
    this.truck = new Int32Array(count);
    this.joined = new Float64Array(count);
    this.started = new Float64Array(count);
    this.left = new Float64Array(count);
    this.shade = new Uint8Array(count);
    this.places = map.stages.map((box) => ({ box, queue: [], service: [] }));
    const byName = new Map(this.places.map((one) => [one.box.name, one]));
    const known = (words.stage ?? []).map((name) => byName.get(name));
    this.place = columns.stage.map((stage) => known[stage]);
    const shades = dark ? ON_DARK : SHADES;
    this.colours = [...shades, EMPTY];
    const used = new Set<number>();
    // a truck differs from the one before by these steps, and joins a stage when it has left the last one
    let [truck, kind, first, last] = [0, 0, 0, 0];
    for (let row = 0; row < count; row += 1) {
      const step = columns.truck[row]!;
      truck += step;
      kind += columns.class[row]!;
      if (step !== 0 || row === 0) {
        first += columns.joined[row]!;
        this.joined[row] = first;
      } else {
        this.joined[row] = last + columns.joined[row]!;
      }
      const wait = columns.wait[row]!;
      const stay = columns.stay[row]!;
      this.started[row] = wait < 0 ? NEVER : this.joined[row]! + wait;
      this.left[row] = stay < 0 ? NEVER : (wait < 0 ? this.joined[row]! : this.started[row]!) + stay;
      last = this.left[row]!;
      this.truck[row] = truck;
      this.shade[row] = columns.empty[row] ? shades.length : kind % shades.length;
      used.add(columns.empty[row] ? -1 : kind);
    }
    this.legend = [...used].filter((one) => one >= 0).sort((a, b) => a - b).map((one) => {
      const name = words.class?.[one] ?? '';
      return [map.classes[name] ?? name, shades[one % shades.length]!];
    });
    if (used.has(-1)) this.legend.push([t('map.empty'), EMPTY]);
    this.order = Uint32Array.from(this.joined.keys()).sort((a, b) => this.joined[a]! - this.joined[b]!);
  }

  /** Who waits and who is served where; time may go on, or back, which starts again from the begin. */
  at(time: number): { stages: Here[]; inside: number } {
    if (time < this.time) {
      this.next = 0;
      this.active = [];
    }
    this.time = time;
    while (this.next < this.order.length && this.joined[this.order[this.next]!]! <= time) this.active.push(this.order[this.next++]!);
    for (const here of this.places) here.queue.length = here.service.length = 0;
    let kept = 0;
    for (const row of this.active) {
      if (this.left[row]! <= time) continue;
      this.active[kept++] = row;
      const here = this.place[row];
      if (here) (this.started[row]! <= time ? here.service : here.queue).push(row);
    }
    this.active.length = kept;
    return { stages: this.places, inside: kept };
  }

  /** The visits of a truck, as far as they are here. */
  journey(truck: number): Visit[] {
    const found: Visit[] = [];
    for (let row = this.truck.indexOf(truck); row >= 0 && this.truck[row] === truck; row += 1) {
      const title = this.place[row]?.box.title ?? '';
      found.push({ title, joined: this.joined[row]!, started: this.started[row]!, left: this.left[row]! });
    }
    return found;
  }
}

export function read(found: unknown, map: GateMap, dark: boolean): Visits {
  const columns = found as Columns;
  return new Visits(columns, map, columns.tick_zero, dark);
}

/** A moment on the clocks of all sides. */
export class Clock {
  private readonly zero: number;
  private readonly clocks: [Intl.DateTimeFormat, string][];
  private readonly date: Intl.DateTimeFormat;

  constructor(zero: string, sides: GateMap['sides'], language: string) {
    this.zero = Date.parse(zero);
    this.clocks = sides.map((side) => [
      new Intl.DateTimeFormat(language, { timeZone: side.zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }),
      side.title,
    ]);
    const zone = sides[0]?.zone ?? 'UTC';
    this.date = new Intl.DateTimeFormat(language, { timeZone: zone, weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' });
  }

  text(seconds: number): string {
    const at = new Date(this.zero + 1000 * seconds);
    return this.clocks.map(([clock, side]) => `${clock.format(at)} ${side}`).join(' · ');
  }

  /** The time on the clock of the first side alone. */
  first(seconds: number): string {
    return this.clocks[0]?.[0].format(new Date(this.zero + 1000 * seconds)) ?? '';
  }

  day(seconds: number): string {
    return this.date.format(new Date(this.zero + 1000 * seconds + 43_200_000));
  }
}
