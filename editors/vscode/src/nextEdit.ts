/** Next edits are asked for after a change, shown where they belong, taken with Tab and dismissed with Escape. */

import * as vscode from 'vscode';

import { type Position, type TextEdit, splitLines } from './edits.ts';
import { type Change, changeOf, indents, isAt, moved } from './oneEdit.ts';
import { SELECTOR, type Server } from './server.ts';

const PAUSE_MS = 400;
/** For so many milliseconds after a request, its version is asked about once more when diagnostics come. */
const DIAGNOSED_MS = 10_000;

interface Answer {
  edits: { text: string; range: TextEdit['range']; textDocument: { uri: string; version: number }; command: { command: string; arguments: unknown[] } }[];
}

interface Offer {
  document: vscode.TextDocument;
  version: number;
  edit: TextEdit;
  change: Change;
  accepted: { command: string; arguments: unknown[] };
}

export class NextEdits implements vscode.Disposable {
  private offer: Offer | undefined;
  private timer: NodeJS.Timeout | undefined;
  private asking: vscode.CancellationTokenSource | undefined;
  private asked: { document: vscode.TextDocument; version: number; at: number } | undefined;
  private readonly removed = vscode.window.createTextEditorDecorationType({
    backgroundColor: new vscode.ThemeColor('diffEditor.removedTextBackground'),
    textDecoration: 'line-through',
  });
  private readonly inserted = vscode.window.createTextEditorDecorationType({});
  private readonly hint = vscode.window.createTextEditorDecorationType({});
  private readonly parts: vscode.Disposable[];

  constructor(private readonly server: Server) {
    this.parts = [
      vscode.workspace.onDidChangeTextDocument((event) => this.changed(event)),
      vscode.window.onDidChangeActiveTextEditor(() => this.clear()),
      vscode.languages.onDidChangeDiagnostics(({ uris }) => this.diagnosed(uris)),
      vscode.window.onDidChangeTextEditorSelection(({ textEditor }) => {
        if (textEditor.document === this.offer?.document) {
          this.show();
        }
      }),
      vscode.commands.registerCommand('seed.nextEdit.take', () => this.take()),
      vscode.commands.registerCommand('seed.nextEdit.dismiss', () => this.dismiss()),
      this.removed,
      this.inserted,
      this.hint,
    ];
  }

  private changed({ document, contentChanges }: vscode.TextDocumentChangeEvent): void {
    if (document !== vscode.window.activeTextEditor?.document || contentChanges.length === 0) {
      return;
    }
    this.clear();
    if (vscode.languages.match(SELECTOR, document) > 0) {
      this.timer = setTimeout(() => void this.ask(document), PAUSE_MS);
    }
  }

  /** Checkers take longer than our pause: what they say of the version that was asked about may name a place. */
  private diagnosed(uris: readonly vscode.Uri[]): void {
    const { asked } = this;
    if (asked === undefined || this.offer !== undefined || asked.document.version !== asked.version || Date.now() - asked.at > DIAGNOSED_MS) {
      return;
    }
    if (uris.some((uri) => uri.toString() === asked.document.uri.toString()) && problemsOf(asked.document).length > 0) {
      clearTimeout(this.timer);
      this.timer = setTimeout(() => void this.ask(asked.document), PAUSE_MS);
    }
  }

  private async ask(document: vscode.TextDocument): Promise<void> {
    const client = this.server.client;
    const editor = vscode.window.activeTextEditor;
    if (client?.isRunning() !== true || editor?.document !== document || this.server.paused) {
      return;
    }
    this.asking?.cancel();
    const asking = new vscode.CancellationTokenSource();
    this.asking = asking;
    const { version } = document;
    this.asked = { document, version, at: this.asked?.document === document && this.asked.version === version ? this.asked.at : Date.now() };
    const { active } = editor.selection;
    try {
      const params = {
        textDocument: { uri: client.code2ProtocolConverter.asUri(document.uri), version },
        position: { line: active.line, character: active.character },
        context: { triggerKind: 2, diagnostics: await client.code2ProtocolConverter.asDiagnostics(problemsOf(document)) },
      };
      const answer = await client.sendRequest<Answer>('textDocument/copilotInlineEdit', params, asking.token);
      const [found] = answer.edits;
      if (found === undefined || asking.token.isCancellationRequested || document.version !== found.textDocument.version) {
        return;
      }
      const edit = { range: found.range, newText: found.text };
      this.offer = {
        document,
        version: document.version,
        edit,
        change: changeOf(edit, document.getText(rangeOf(found.range))),
        accepted: found.command,
      };
      this.show();
      void client.sendNotification('textDocument/didShowInlineEdit', { item: { command: found.command } });
    } catch (error) {
      // A server that fails or restarts says so elsewhere.
      this.server.log.debug(`next edit: ${(error as Error).message}`);
    }
  }

  /** Draw the offer, and decide whose the keys are. */
  private show(): void {
    const { offer } = this;
    const editor = vscode.window.activeTextEditor;
    if (offer === undefined || editor === undefined || editor.document !== offer.document || offer.document.version !== offer.version) {
      return;
    }
    const { change } = offer;
    const { active } = editor.selection;
    const here = isAt(change, active);
    // The keys are set first, so that whoever sees the hint can press them. In the white space that a line begins with, Tab indents, unless the change is there.
    const tab = here || !indents(editor.document.lineAt(active.line).text, active.character);
    void vscode.commands.executeCommand('setContext', 'seed.nextEditShown', true);
    void vscode.commands.executeCommand('setContext', 'seed.nextEditTakesTab', tab);
    const area = rangeOf(change.range);
    const [first = '', ...more] = splitLines(change.inserted);
    editor.setDecorations(this.removed, area.isEmpty ? [] : [area]);
    editor.setDecorations(this.inserted, [
      {
        range: new vscode.Range(area.end, area.end),
        renderOptions: {
          after: {
            contentText: first + (more.length > 0 ? ` ⏎ +${more.length}` : ''),
            color: new vscode.ThemeColor('seed.draftForeground'),
            backgroundColor: new vscode.ThemeColor('diffEditor.insertedTextBackground'),
          },
        },
        hoverMessage: new vscode.MarkdownString().appendCodeblock(offer.edit.newText, offer.document.languageId),
      },
    ]);
    const text = here ? 'Tab to accept' : `Tab to go to line ${change.range.start.line + 1}`;
    const lineEnd = editor.document.lineAt(active.line).range.end;
    editor.setDecorations(this.hint, [
      {
        range: new vscode.Range(lineEnd, lineEnd),
        renderOptions: {
          after: { contentText: `⇥ ${text}`, margin: '0 0 0 2em', color: new vscode.ThemeColor('editorCodeLens.foreground'), fontStyle: 'italic' },
        },
      },
    ]);
  }

  private async take(): Promise<void> {
    const { offer } = this;
    const editor = vscode.window.activeTextEditor;
    if (offer === undefined || editor === undefined || editor.document !== offer.document) {
      return;
    }
    if (editor.document.version !== offer.version) {
      this.clear();
      return;
    }
    const { change } = offer;
    if (!isAt(change, editor.selection.active)) {
      this.move(editor, change.range.end);
      return;
    }
    const done = await editor.edit((builder) => builder.replace(rangeOf(change.range), change.inserted));
    if (done) {
      this.move(editor, moved(change.range.start, change.inserted));
      await this.server.execute(offer.accepted.command, ...offer.accepted.arguments);
    }
  }

  private move(editor: vscode.TextEditor, { line, character }: Position): void {
    const place = new vscode.Position(line, character);
    editor.selection = new vscode.Selection(place, place);
    editor.revealRange(new vscode.Range(place, place), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  }

  private async dismiss(): Promise<void> {
    const { offer } = this;
    this.clear();
    if (offer !== undefined) {
      await this.server.execute('seed.nextEditDismissed', ...offer.accepted.arguments);
    }
  }

  private clear(): void {
    clearTimeout(this.timer);
    this.asking?.cancel();
    this.asking = undefined;
    if (this.offer === undefined) {
      return;
    }
    this.offer = undefined;
    for (const editor of vscode.window.visibleTextEditors) {
      for (const decoration of [this.removed, this.inserted, this.hint]) {
        editor.setDecorations(decoration, []);
      }
    }
    void vscode.commands.executeCommand('setContext', 'seed.nextEditShown', false);
    void vscode.commands.executeCommand('setContext', 'seed.nextEditTakesTab', false);
  }

  dispose(): void {
    this.clear();
    this.parts.forEach((part) => part.dispose());
  }
}

/** Return what is wrong with a document, as far as any checker has said. */
function problemsOf(document: vscode.TextDocument): vscode.Diagnostic[] {
  return vscode.languages.getDiagnostics(document.uri).filter(({ severity }) => severity <= vscode.DiagnosticSeverity.Warning);
}

function rangeOf({ start, end }: TextEdit['range']): vscode.Range {
  return new vscode.Range(start.line, start.character, end.line, end.character);
}
