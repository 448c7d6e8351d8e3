/** Keeps the instructions that were given, newest first. */

const KEPT = 20;

export function remember(history: readonly string[], instruction: string): string[] {
  return [instruction, ...history.filter((entry) => entry !== instruction)].slice(0, KEPT);
}

/** Return what a list shows while something is typed: that first, then the entries of the history that contain it. */
export function offered(history: readonly string[], typed: string): string[] {
  const wanted = typed.trim();
  const found = history.filter((entry) => entry.toLowerCase().includes(wanted.toLowerCase()) && entry !== wanted);
  return wanted === '' ? found : [wanted, ...found];
}
