/** Shows the preview of a rewrite in a virtual document beside the file: the draft as it denoises, then each change to be taken or left. */

import * as vscode from 'vscode';
import { type CancellationToken, ProgressType } from 'vscode-languageclient/node';

import { type ActionData, asked } from './actions.ts';
import { type Hunk, hunksOf, type Range, splitLines, type TextEdit, without } from './edits.ts';
import { type Kind, type Row, rowsOfDraft, rowsOfHunks, runsOf, textOf } from './rows.ts';
import type { Server } from './server.ts';

const SCHEME = 'seed-preview';
const REDRAW_MS = 60;

/** The server is asked for one of its actions, or for what the user's instruction says. */
type Wish = { title: string } & ({ action: ActionData } | { instruction: string });

interface Drafted {
  range: Range;
  committed: string;
  draft: string;
}

interface Rewritten {
  edits: TextEdit[];
  note: string;
  newFile: { uri: string; text: string } | null;
  /** Another file that is added to, with the text that it has now. A server of an earlier release does not have it. */
  otherFile?: { uri: string; text: string; edits: TextEdit[] } | null;
  statistics: { tokens_per_second?: number };
}

const DRAFTED = new ProgressType<Drafted>();

/** The preview begins with an empty line, above which stands what concerns all of it. */
const HEAD: Row = { text: '', kind: 'same' };

type Stage = 'drafting' | 'ready';

class Preview {
  stage: Stage = 'drafting';
  rows: Row[];
  hunks: Hunk[] = [];
  summary = '';
  /** What the user should know of the result. */
  note = '';
  /** The file that is to be made, in place of changes to the document. */
  newFile: vscode.Uri | undefined;
  /** The document that the hunks are for. */
  changed: vscode.TextDocument;
  readonly cancel = new vscode.CancellationTokenSource();
  private lines: string[];

  constructor(
    readonly uri: vscode.Uri,
    readonly document: vscode.TextDocument,
    selection: Range,
    /** The version of the document that the hunks are for. */
    public version: number,
  ) {
    this.changed = document;
    this.lines = splitLines(document.getText());
    this.rows = [HEAD, ...this.lines.slice(...linesOf(selection)).map((text): Row => ({ text, kind: 'pending' }))];
  }

  drafted(state: Drafted): void {
    this.rows = [HEAD, ...rowsOfDraft(this.lines, ...linesOf(state.range), state.committed, state.draft)];
  }

  ready(edits: TextEdit[]): void {
    this.stage = 'ready';
    this.show(hunksOf(this.lines, edits));
  }

  readyToMake(uri: vscode.Uri, text: string): void {
    this.newFile = uri;
    this.lines = [''];
    const start = { line: 0, character: 0 };
    this.ready([{ range: { start, end: start }, newText: text }]);
  }

  /** The hunks are for another document, if that still has the text that they were made for. */
  readyToAdd(document: vscode.TextDocument, text: string, edits: TextEdit[]): void {
    this.changed = document;
    this.version = document.version;
    this.lines = splitLines(document.getText());
    if (this.lines.join('\n') !== splitLines(text).join('\n')) {
      throw new Error(`${nameOf(document.uri)} changed meanwhile; nothing was applied`);
    }
    this.ready(edits);
  }

  private show(hunks: Hunk[]): void {
    this.hunks = hunks;
    this.rows = [HEAD, ...rowsOfHunks(this.lines, hunks)];
  }

  leaveOut(hunk: Hunk): void {
    this.show(this.hunks.filter((other) => other !== hunk));
  }

  /** The hunk is in the document now. */
  made(hunk: Hunk): void {
    this.lines = splitLines(this.changed.getText());
    this.version = this.changed.version;
    this.show(without(this.hunks, hunk));
  }
}

export class Previews implements vscode.TextDocumentContentProvider, vscode.CodeLensProvider, vscode.Disposable {
  private readonly open = new Map<string, Preview>();
  private readonly contentChanged = new vscode.EventEmitter<vscode.Uri>();
  readonly onDidChange = this.contentChanged.event;
  private readonly lensesChanged = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.lensesChanged.event;
  private readonly decorations: Record<Exclude<Kind, 'same'>, vscode.TextEditorDecorationType>;
  private readonly notes: vscode.TextEditorDecorationType;
  private readonly parts: vscode.Disposable[];
  private numbers = 0;

  constructor(private readonly server: Server) {
    const whole = (color: string): vscode.TextEditorDecorationType =>
      vscode.window.createTextEditorDecorationType({ isWholeLine: true, backgroundColor: new vscode.ThemeColor(color) });
    this.decorations = {
      old: whole('diffEditor.removedLineBackground'),
      new: whole('diffEditor.insertedLineBackground'),
      draft: vscode.window.createTextEditorDecorationType({
        isWholeLine: true,
        fontStyle: 'italic',
        color: new vscode.ThemeColor('seed.draftForeground'),
      }),
      pending: vscode.window.createTextEditorDecorationType({ isWholeLine: true, opacity: '0.45' }),
    };
    this.notes = vscode.window.createTextEditorDecorationType({
      after: { color: new vscode.ThemeColor('descriptionForeground'), fontStyle: 'italic' },
    });
    this.parts = [
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
      vscode.languages.registerCodeLensProvider({ scheme: SCHEME }, this),
      vscode.workspace.onDidChangeTextDocument(({ document }) => this.decorate(document)),
      vscode.window.onDidChangeVisibleTextEditors((editors) => editors.forEach((editor) => this.decorate(editor.document))),
      vscode.window.tabGroups.onDidChangeTabs(({ closed }) => closed.forEach((tab) => this.forget(uriOf(tab)))),
      vscode.commands.registerCommand('seed.previewApply', (uri?: vscode.Uri) => this.withOne(uri, (preview) => this.applyAll(preview))),
      vscode.commands.registerCommand('seed.previewDiscard', (uri?: vscode.Uri) => this.withOne(uri, (preview) => this.close(preview))),
      vscode.commands.registerCommand('seed.hunkApply', (uri: vscode.Uri, i: number) => this.withOne(uri, (one) => this.applyHunk(one, i))),
      vscode.commands.registerCommand('seed.hunkLeave', (uri: vscode.Uri, i: number) => this.withOne(uri, (one) => this.leaveHunk(one, i))),
      ...Object.values(this.decorations),
      this.notes,
      this.contentChanged,
      this.lensesChanged,
    ];
  }

  /** Ask for a rewrite of lines of a document, and show it come about. `version` is that of what the user saw. */
  async show(document: vscode.TextDocument, range: Range, wish: Wish, version = document.version): Promise<void> {
    const client = this.server.require();
    if (client === undefined) {
      return;
    }
    this.numbers += 1;
    const name = nameOf(document.uri);
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${name} · ${wish.title}`, query: String(this.numbers) });
    const preview = new Preview(uri, document, range, version);
    this.open.set(uri.toString(), preview);
    const shown = await vscode.workspace.openTextDocument(uri);
    await vscode.languages.setTextDocumentLanguage(shown, document.languageId);
    const editor = await vscode.window.showTextDocument(shown, { viewColumn: vscode.ViewColumn.Beside, preview: true });
    // The numbers of its lines would not be those of the file.
    editor.options = { lineNumbers: vscode.TextEditorLineNumbersStyle.Off };
    const token = `seed-preview-${this.numbers}`;
    let redraw: NodeJS.Timeout | undefined;
    const drafts = client.onProgress(DRAFTED, token, (state) => {
      preview.drafted(state);
      redraw ??= setTimeout(() => {
        redraw = undefined;
        this.redraw(preview);
      }, REDRAW_MS);
    });
    try {
      const params = {
        textDocument: { uri: client.code2ProtocolConverter.asUri(document.uri), version },
        range,
        partialResultToken: token,
        ...('action' in wish ? asked(wish.action) : { instruction: wish.instruction }),
      };
      const found = await client.sendRequest<Rewritten>('seed/rewrite', params, preview.cancel.token as CancellationToken);
      const speed = found.statistics.tokens_per_second;
      preview.summary = speed ? `${Math.round(speed)} tokens/s` : '';
      preview.note = found.note;
      if (found.newFile !== null) {
        preview.readyToMake(client.protocol2CodeConverter.asUri(found.newFile.uri), found.newFile.text);
      } else if (found.otherFile) {
        const { uri: other, text, edits } = found.otherFile;
        preview.readyToAdd(await vscode.workspace.openTextDocument(client.protocol2CodeConverter.asUri(other)), text, edits);
      } else {
        preview.ready(found.edits);
      }
      this.redraw(preview);
    } catch (error) {
      // Closing the preview cancels the rewrite, so it matters whether the user closed it.
      const unwanted = preview.cancel.token.isCancellationRequested;
      await this.close(preview);
      if (!unwanted) {
        void vscode.window.showWarningMessage(`Seed: ${(error as Error).message}`);
      }
    } finally {
      drafts.dispose();
      clearTimeout(redraw);
    }
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return textOf(this.open.get(uri.toString())?.rows ?? []);
  }

  provideCodeLenses(document: vscode.TextDocument): vscode.CodeLens[] {
    const preview = this.open.get(document.uri.toString());
    if (preview === undefined) {
      return [];
    }
    const lens = (line: number, title: string, command: string, ...args: unknown[]): vscode.CodeLens =>
      new vscode.CodeLens(new vscode.Range(line, 0, line, 0), { title, command, arguments: [document.uri, ...args] });
    if (preview.stage !== 'ready') {
      return [lens(0, '$(loading~spin)\u00a0denoising · Cancel (Esc)', 'seed.previewDiscard')];
    }
    const count = preview.hunks.length;
    const all = [
      lens(0, `$(check-all)\u00a0${titleOfAll(preview)} (Ctrl+Enter)`, 'seed.previewApply'),
      lens(0, `$(close-all)\u00a0Discard (Esc)${preview.summary === '' ? '' : ` · ${preview.summary}`}`, 'seed.previewDiscard'),
    ];
    const each = preview.rows.flatMap((row, line) =>
      row.hunk === undefined || count < 2
        ? []
        : [lens(line, '$(check)\u00a0Apply this change', 'seed.hunkApply', row.hunk), lens(line, '$(close)\u00a0Leave it out', 'seed.hunkLeave', row.hunk)],
    );
    return [...all, ...each];
  }

  private redraw(preview: Preview): void {
    this.contentChanged.fire(preview.uri);
    // At each step they would be asked for anew before they are drawn.
    if (preview.stage === 'ready') {
      this.lensesChanged.fire();
    }
    // Where the text stays the same no document changes, but the colours may.
    vscode.window.visibleTextEditors.forEach((editor) => this.decorate(editor.document));
  }

  private decorate(document: vscode.TextDocument): void {
    const preview = this.open.get(document.uri.toString());
    // While the editor has not got the newest text yet, its lines are not those of the rows.
    if (preview === undefined || document.lineCount !== preview.rows.length) {
      return;
    }
    for (const editor of vscode.window.visibleTextEditors.filter((one) => one.document === document)) {
      for (const kind of ['old', 'new', 'draft', 'pending'] as const) {
        editor.setDecorations(
          this.decorations[kind],
          runsOf(preview.rows, kind).map(([first, last]) => new vscode.Range(first, 0, last, 0)),
        );
      }
      const head = new vscode.Range(0, 0, 0, 0);
      editor.setDecorations(this.notes, preview.note === '' ? [] : [{ range: head, renderOptions: { after: { contentText: preview.note } } }]);
    }
  }

  private async withOne(uri: vscode.Uri | undefined, action: (preview: Preview) => Promise<void>): Promise<void> {
    const wanted = uri ?? vscode.window.activeTextEditor?.document.uri;
    const preview = wanted && this.open.get(wanted.toString());
    if (preview !== undefined) {
      await action(preview);
    }
  }

  private async applyAll(preview: Preview): Promise<void> {
    if (preview.stage === 'ready' && (await this.write(preview, preview.hunks))) {
      await this.close(preview);
      if (preview.newFile !== undefined) {
        await vscode.window.showTextDocument(preview.newFile);
      } else if (preview.changed !== preview.document) {
        await vscode.window.showTextDocument(preview.changed);
      }
    }
  }

  private async applyHunk(preview: Preview, i: number): Promise<void> {
    const hunk = preview.hunks[i];
    if (hunk !== undefined && (await this.write(preview, [hunk]))) {
      preview.made(hunk);
      await this.goOn(preview);
    }
  }

  private async leaveHunk(preview: Preview, i: number): Promise<void> {
    const hunk = preview.hunks[i];
    if (hunk !== undefined) {
      preview.leaveOut(hunk);
      await this.goOn(preview);
    }
  }

  private async goOn(preview: Preview): Promise<void> {
    if (preview.hunks.length === 0) {
      await this.close(preview);
    } else {
      this.redraw(preview);
    }
  }

  /** Make the changes in the file, if it is still as it was. */
  private async write(preview: Preview, hunks: readonly Hunk[]): Promise<boolean> {
    const document = preview.changed;
    const refuse = (reason: string): false => {
      void vscode.window.showWarningMessage(`Seed: ${reason}; nothing was applied`);
      return false;
    };
    if (document.isClosed) {
      return refuse('the file was closed');
    }
    if (document.version !== preview.version) {
      return refuse('the file changed since the preview was made');
    }
    const edit = new vscode.WorkspaceEdit();
    const target = preview.newFile ?? document.uri;
    if (preview.newFile !== undefined) {
      edit.createFile(target);
    }
    for (const { range, newText } of hunks.flatMap((hunk) => hunk.edits)) {
      edit.replace(target, new vscode.Range(range.start.line, range.start.character, range.end.line, range.end.character), newText);
    }
    return (await vscode.workspace.applyEdit(edit)) || refuse('the editor did not take the edit');
  }

  private async close(preview: Preview): Promise<void> {
    const tabs = vscode.window.tabGroups.all.flatMap((group) => group.tabs).filter((tab) => uriOf(tab)?.toString() === preview.uri.toString());
    this.forget(preview.uri);
    await vscode.window.tabGroups.close(tabs);
    if (!preview.document.isClosed) {
      await vscode.window.showTextDocument(preview.document);
    }
  }

  private forget(uri: vscode.Uri | undefined): void {
    const preview = uri && this.open.get(uri.toString());
    if (preview !== undefined) {
      this.open.delete(preview.uri.toString());
      preview.cancel.cancel();
    }
  }

  dispose(): void {
    this.parts.forEach((part) => part.dispose());
  }
}

/** Return the first line of a range and the one behind its last. A range that ends where a line begins does not have that line. */
function linesOf({ start, end }: Range): [number, number] {
  return [start.line, end.character === 0 && end.line > start.line ? end.line : end.line + 1];
}

/** Return the title of the lens that applies all. */
function titleOfAll({ newFile, hunks, changed, document }: Preview): string {
  if (newFile !== undefined) {
    return `Make ${nameOf(newFile)}`;
  }
  if (changed !== document) {
    return `Add to ${nameOf(changed.uri)}`;
  }
  return hunks.length === 1 ? 'Apply the change' : `Apply all ${hunks.length} changes`;
}

function nameOf(uri: vscode.Uri): string {
  return uri.path.split('/').at(-1) ?? 'file';
}

function uriOf(tab: vscode.Tab): vscode.Uri | undefined {
  return tab.input instanceof vscode.TabInputText ? tab.input.uri : undefined;
}
