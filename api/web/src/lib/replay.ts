// Which trucks are where at a moment: from the columns of the event log, sorted by the moment they joined a stage.
import type { GateMap, StageBox } from './api';
import { t } from './text.svelte';

const SHADES = ['#332288', '#CC6677', '#999933', '#88CCEE', '#882255', '#DDCC77', '#AA4499', '#44AA99'];
const ON_DARK = ['#9A90F0', '#E58A97', '#C3C35A', '#88CCEE', '#E0699F', '#DDCC77', '#D07BC2', '#44AA99'];
const EMPTY = '#8c959f';

interface Columns {
  tick_zero: string;
  words: Record<string, string[]>;
  columns: Record<string, (number | boolean | null)[]>;
}
export interface Here { box: StageBox; queue: number[]; service: number[] }

export class Visits {
  readonly colours: string[];
  readonly legend: [string, string][];
  private readonly boxes: (StageBox | undefined)[];
  private readonly order: Uint32Array;
  private readonly stage: number[];
  private readonly joined: number[];
  private readonly started: number[];
  private readonly left: number[];
  private next = 0;
  private time = -Infinity;
  private active: number[] = [];

  constructor(
    found: Columns,
    private readonly map: GateMap,
    readonly zero: string,
    dark: boolean,
  ) {
    const shades = dark ? ON_DARK : SHADES;
    const { columns, words } = found;
    const late = (values: (number | boolean | null)[] | undefined) => (values ?? []).map((one) => (one === null ? Infinity : Number(one)));
    this.stage = late(columns.stage);
    this.joined = late(columns.joined);
    this.started = late(columns.started);
    this.left = late(columns.left);
    this.boxes = (words.stage ?? []).map((name) => map.stages.find((box) => box.name === name));
    const kinds = late(columns.class);
    const empty = columns.empty ?? [];
    this.colours = kinds.map((kind, row) => (empty[row] ? EMPTY : shades[kind % shades.length]!));
    const used = [...new Set(kinds)].sort((a, b) => a - b);
    this.legend = used.map((kind) => {
      const name = words.class?.[kind] ?? '';
      return [map.classes[name] ?? name, shades[kind % shades.length]!];
    });
    if (empty.some(Boolean)) this.legend.push([t('map.empty'), EMPTY]);
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
    this.active = this.active.filter((row) => this.left[row]! > time);
    const places = new Map(this.map.stages.map((box) => [box.name, { box, queue: [], service: [] } as Here]));
    for (const row of this.active) {
      const box = this.boxes[this.stage[row]!];
      if (box) places.get(box.name)![this.started[row]! <= time ? 'service' : 'queue'].push(row);
    }
    return { stages: [...places.values()], inside: this.active.length };
  }
}

export function read(found: unknown, map: GateMap, dark: boolean): Visits {
  const columns = found as Columns;
  return new Visits(columns, map, columns.tick_zero, dark);
}

/** A moment on the clocks of all sides. */
export class Clock {
  private readonly zero: number;

  constructor(
    zero: string,
    private readonly sides: GateMap['sides'],
    private readonly language: string,
  ) {
    this.zero = Date.parse(zero);
  }

  text(ms: number): string {
    const at = new Date(this.zero + ms);
    return this.sides
      .map((side) => {
        const clock = new Intl.DateTimeFormat(this.language, { timeZone: side.zone, hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
        return `${clock.format(at)} ${side.title}`;
      })
      .join(' · ');
  }

  day(ms: number): string {
    const zone = this.sides[0]?.zone ?? 'UTC';
    const format = new Intl.DateTimeFormat(this.language, { timeZone: zone, weekday: 'short', day: 'numeric', month: 'short', year: 'numeric' });
    return format.format(new Date(this.zero + ms + 43_200_000));
  }
}
