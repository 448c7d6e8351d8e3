/** What the server's code actions carry, and which of them are looked at before they are applied. Nothing here knows the editor. */

import type { Range } from './edits.ts';

/** The server writes this into its code actions, and takes it back to carry one out. */
export interface ActionData {
  uri: string;
  range: Range;
  version: number;
  name: string;
  argument?: string;
  diagnostics?: unknown[];
}

/** Of the model's words these take a name alone, which the user sees at once and changes by a rename. */
const AT_ONCE = ['refactor.extract', 'refactor.inline'];

/** What the model writes is looked at first; what is computed is applied at once, as VS Code's users know it of other actions. */
export function isPreviewed(kind: string | undefined, isOfModel: boolean | undefined): boolean {
  return isOfModel === true && !AT_ONCE.some((one) => kind === one || kind?.startsWith(`${one}.`));
}

/** Return what of the data `seed/rewrite` takes beside the document and its range. */
export function asked({ name, argument, diagnostics }: ActionData): Partial<ActionData> {
  return { name, ...(argument === undefined ? {} : { argument }), ...(diagnostics === undefined ? {} : { diagnostics }) };
}
