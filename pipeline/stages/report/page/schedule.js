// Schedule: work that is done when its place comes near the view, when there is time, or when it is asked for.

/** Work that is still to do, by the element whose contents it makes. */
const pending = new Map();
const wanted = new Set();

const near = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (isIntersecting && pending.has(target)) wanted.add(target);
  }
  if (wanted.size) pump();
}, { rootMargin: "25%" });

/** Do some work when there is time, or before: by `finish`. */
function later(element, work) {
  pending.set(element, work);
  if (!running) finishInTime();
}

/** Do some work when the element comes near the view, or earlier if there is time. */
function whenNear(element, work) {
  later(element, work);
  near.observe(element);
}

/** Do the work of an element now, unless it is done; an error does not stop the other work. */
async function finish(element) {
  const work = pending.get(element);
  pending.delete(element);
  wanted.delete(element);
  near.unobserve(element);
  try {
    if (work && element.isConnected) await work();
  } catch (error) {
    reportError(error);
  }
}

/** Let the browser paint and react to the reader. */
const turn = () => new Promise((done) => setTimeout(done));
const idle = () => new Promise((done) => (window.requestIdleCallback ?? setTimeout)(done));

let pumping = false;

/** Do what is near the view, one piece after the other. */
async function pump() {
  if (pumping) return;
  pumping = true;
  for (const element of wanted) {
    await finish(element);
    await turn();
  }
  pumping = false;
}

let running = false;

/** Do all work in idle time; say in data-drawn when none is left. */
async function finishInTime() {
  running = true;
  delete document.documentElement.dataset.drawn;
  while (pending.size) {
    await idle();
    const [element] = pending.keys();
    if (element) await finish(element);
  }
  document.documentElement.dataset.drawn = "yes";
  running = false;
}

/** Start all work that is printed at once; what it awaits are microtasks, which run before printing. */
function finishBeforePrint() {
  for (const element of pending.keys()) {
    if (!element.closest("details:not([open])")) finish(element);
  }
}
