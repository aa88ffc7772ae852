/** Megabytes a second of the best round: at least three of them, and as many as fit into the time. `work` gives the bytes of a round. */
export function best(work, milliseconds) {
  let [pace, began] = [0, performance.now()];
  for (let rounds = 0; rounds < 3 || performance.now() - began < Number(milliseconds); rounds++) {
    const from = performance.now();
    const bytes = work();
    pace = Math.max(pace, bytes / (performance.now() - from) / 1000);
  }
  return pace;
}
