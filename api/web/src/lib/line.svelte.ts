// The line to the server: when it is lost the page says so, keeps what it shows, and goes on once the server answers.

const FIRST_S = 1; // [s] to the first new try; each further one waits twice as long
const LONGEST_S = 30;

export const line = $state({ lost: false, restored: 0 });

let waiting: Promise<void> | null = null;
let hurry = () => {};

async function answers(): Promise<boolean> {
  try {
    return (await fetch('/health', { cache: 'no-store' })).status < 500;
  } catch {
    return false;
  }
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => {
    hurry = resolve;
    setTimeout(resolve, 1000 * seconds);
  });
}

async function wait(): Promise<void> {
  line.lost = true;
  let seconds = FIRST_S;
  do {
    await pause(seconds);
    seconds = Math.min(2 * seconds, LONGEST_S);
  } while (!(await answers()));
  waiting = null;
  line.lost = false;
  line.restored += 1;
}

/** Say that the server does not answer, and wait until it does. */
export function restored(): Promise<void> {
  return (waiting ??= wait());
}

/** Look whether the server answers; if not, wait until it does. */
export async function there(): Promise<void> {
  if (waiting || !(await answers())) await restored();
}

addEventListener('online', () => hurry());
