/** A list of runs or of studies, page by page, as the address of the view filters it. */

import { API, ask, type Run } from './api';
import { query, read } from './filter';
import { route } from './route.svelte';

export class Listed {
  readonly #kind: 'runs' | 'studies';
  #latest = ''; // not `address`: an answer may come when the view is gone

  items = $state<Run[]>([]);
  next = $state<string | null>(null);
  total = $state<number | null>(null);
  problem = $state<unknown>(null);
  loaded = $state(false);

  readonly wanted = $derived(query(read(route.query)));
  readonly tags = $derived([...new Set(this.items.flatMap((one) => one.label.tags))].sort());

  constructor(kind: 'runs' | 'studies') {
    this.#kind = kind;
  }

  get address() {
    return `${API}/${this.#kind}?limit=20&count=true${this.wanted && `&${this.wanted}`}`;
  }

  async load(from: string, cursor = '') {
    this.#latest = from;
    this.problem = null;
    try {
      const page = await ask<{ items: Run[]; next: string | null; total: number }>(from + (cursor && `&cursor=${cursor}`));
      if (from !== this.#latest) return; // another list is wanted by now
      this.items = cursor ? [...this.items, ...page.items] : page.items;
      this.next = page.next;
      this.total = page.total;
      this.loaded = true;
    } catch (error) {
      if (from === this.#latest) this.problem = error;
    }
  }

  /** Show one of them as it is now. */
  take(now: Run) {
    this.items = this.items.map((one) => (one.id === now.id ? now : one));
  }
}
