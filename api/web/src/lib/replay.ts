// Which trucks are where at a moment: from its visits as `form=packed` sends them, in whole seconds.
import type { GateMap, StageBox } from './api';
import { t } from './text.svelte';

const SHADES = ['#332288', '#CC6677', '#999933', '#88CCEE', '#882255', '#DDCC77', '#AA4499', '#44AA99'];
const ON_DARK = ['#9A90F0', '#E58A97', '#C3C35A', '#88CCEE', '#E0699F', '#DDCC77', '#D07BC2', '#44AA99'];
const EMPTY = '#8c959f';
const NEVER = Infinity;

interface Packed {
  tick_zero: string;
  words: Record<string, string[]>;
  rows: number;
  packed: {
    trips: [number, number, number][][];
    truck: number[]; joined: number[]; trip: number[];
    wait: (number | null)[][]; stay: (number | null)[][]; gap: number[][];
  };
}
export interface Here { box: StageBox; queue: number[]; service: number[] }
export interface Visit { title: string; joined: number; started: number; left: number }

interface Turn { time: number; truck: number; row: number }

/** Who joins a stage next: the earliest, and of several at once the one that comes first among the trucks. */
class Turns {
  private readonly heap: Turn[] = [];

  add(time: number, truck: number, row: number): void {
    const { heap } = this;
    const one = { time, truck, row };
    let at = heap.length;
    heap.push(one);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!before(one, heap[above]!)) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = one;
  }

  take(): Turn | undefined {
    const { heap } = this;
    const [found, last] = [heap[0], heap.pop()];
    if (!last || !heap.length) return found;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && before(heap[below + 1]!, heap[below]!)) below += 1;
      if (!before(heap[below]!, last)) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = last;
    return found;
  }
}

function before(one: Turn, other: Turn): boolean {
  return one.time < other.time || (one.time === other.time && one.truck < other.truck);
}

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
    found: Packed,
    map: GateMap,
    readonly zero: string,
    dark: boolean,
  ) {
    const { packed, words, rows } = found;
    this.truck = new Int32Array(rows);
    this.joined = new Float64Array(rows);
    this.started = new Float64Array(rows);
    this.left = new Float64Array(rows);
    this.shade = new Uint8Array(rows);
    this.places = map.stages.map((box) => ({ box, queue: [], service: [] }));
    const byName = new Map(this.places.map((one) => [one.box.name, one]));
    const known = (words.stage ?? []).map((name) => byName.get(name));
    const shades = dark ? ON_DARK : SHADES;
    this.colours = [...shades, EMPTY];
    const used = new Set<number>();
    this.place = new Array<Here | undefined>(rows);
    // the rows of a truck stand one after the other; the first of each waits for its turn
    const ends: number[] = [];
    const turns = new Turns();
    let [row, truck, first] = [0, 0, 0];
    packed.trip.forEach((trip, n) => {
      truck += packed.truck[n]!;
      first += packed.joined[n]!;
      turns.add(first, n, row);
      for (const [kind, empty, stage] of packed.trips[trip]!) {
        this.truck[row] = truck;
        this.place[row] = known[stage];
        this.shade[row] = empty ? shades.length : kind % shades.length;
        used.add(empty ? -1 : kind);
        row += 1;
      }
      ends.push(row);
    });
    // the numbers of a stage are in the order in which trucks join it, whichever they are
    const begins = [0, ...ends];
    const next = new Uint32Array(known.length);
    const latest = new Float64Array(known.length).fill(-1);
    this.order = new Uint32Array(rows);
    for (let at = 0; at < rows; at += 1) {
      const turn = turns.take()!;
      const stage = packed.trips[packed.trip[turn.truck]!]![turn.row - begins[turn.truck]!]![2];
      const here = next[stage]!++;
      const wait = packed.wait[stage]![here] ?? null;
      const stay = packed.stay[stage]![here] ?? null;
      const started = wait === null ? NEVER : Math.max(turn.time, latest[stage]!) + wait;
      const left = stay === null ? NEVER : (wait === null ? turn.time : started) + stay;
      if (wait !== null && started > latest[stage]!) latest[stage] = started;
      this.joined[turn.row] = turn.time;
      this.started[turn.row] = started;
      this.left[turn.row] = left;
      this.order[at] = turn.row;
      if (turn.row + 1 < ends[turn.truck]!) turns.add(left + (packed.gap[stage]![here] ?? 0), turn.truck, turn.row + 1);
    }
    this.legend = [...used].filter((one) => one >= 0).sort((a, b) => a - b).map((one) => {
      const name = words.class?.[one] ?? '';
      return [map.classes[name] ?? name, shades[one % shades.length]!];
    });
    if (used.has(-1)) this.legend.push([t('map.empty'), EMPTY]);
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
  const columns = found as Packed;
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
