/** Starts the server, and does the few things that an editor has to do itself. */

import * as vscode from 'vscode';
import type { Middleware } from 'vscode-languageclient/node';

import { type ActionData, isPreviewed } from './actions.ts';
import { offered, remember } from './instructions.ts';
import { Menu, showText } from './menu.ts';
import { NextEdits } from './nextEdit.ts';
import { Previews } from './preview.ts';
import { Renames } from './rename.ts';
import { SELECTOR, Server } from './server.ts';

const HISTORY = 'instructions';
const PREVIEW_REFACTORING = 'seed.previewRefactoring';

let server: Server | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  const log = vscode.window.createOutputChannel('Seed', { log: true });
  const running = new Server(context, log, middleware(() => renames));
  server = running;
  const previews = new Previews(running);
  const renames = new Renames(running);
  const nextEdits = new NextEdits(running);
  context.subscriptions.push(
    log,
    running,
    previews,
    nextEdits,
    new Menu(running),
    vscode.commands.registerCommand('seed.edit', () => editSelection(context, previews)),
    vscode.commands.registerCommand('seed.explainSelection', () => explainSelection(running)),
    vscode.commands.registerCommand('seed.renameSymbol', () => renames.rename()),
    vscode.commands.registerCommand('seed.changeSignatureOf', () => renames.changeSignature()),
    vscode.commands.registerCommand(PREVIEW_REFACTORING, (data: ActionData, title: string) => previewRefactoring(running, previews, data, title)),
    running.onStart(() => tellFocus(running, vscode.window.activeTextEditor)),
    vscode.window.onDidChangeActiveTextEditor((editor) => tellFocus(running, editor)),
    // Settings of the workspace count from now on.
    vscode.workspace.onDidGrantWorkspaceTrust(() => running.start()),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration('seed.server.path')) {
        void running.start();
      } else if (event.affectsConfiguration('seed.server.python') && running.state === 'absent') {
        void running.setUp('asked');
      }
    }),
  );
  await running.start();
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}

/** The server reads what stands before the cursor, so that the first key finds the model warm. */
function tellFocus({ client }: Server, editor: vscode.TextEditor | undefined): void {
  if (client?.isRunning() === true && editor !== undefined && vscode.languages.match(SELECTOR, editor.document) > 0) {
    const textDocument = { uri: client.code2ProtocolConverter.asUri(editor.document.uri) };
    void client.sendNotification('textDocument/didFocus', { textDocument, position: plain(editor.selection.active) });
  }
}

/** What the model writes opens our preview instead of being resolved; a rename without a name asks for it here. */
function middleware(renames: () => Renames): Middleware {
  return {
    async provideCodeActions(document, range, context, token, next) {
      const actions = await next(document, range, context, token);
      for (const action of actions ?? []) {
        const { data, isAI } = action as { data?: ActionData; isAI?: boolean };
        if (action instanceof vscode.CodeAction && data?.name !== undefined && isPreviewed(action.kind?.value, isAI)) {
          const title = action.title.replace(/^Seed: /, '');
          action.command = { title: action.title, command: PREVIEW_REFACTORING, arguments: [data, title] };
        }
      }
      return actions;
    },
    resolveCodeAction(action, token, next) {
      return action.command?.command === PREVIEW_REFACTORING ? action : next(action, token);
    },
    executeCommand(command, args, next) {
      const [argument] = args;
      const bare = command === 'seed.renameAndUpdateCallSites' && argument?.name === undefined;
      return bare ? renames().rename(argument) : next(command, args);
    },
  };
}

/** *Edit selection…* takes an instruction, typed or from the history. */
async function editSelection(context: vscode.ExtensionContext, previews: Previews): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  if (editor === undefined) {
    return;
  }
  const { document, selection } = editor;
  if (selection.isEmpty) {
    void vscode.window.showWarningMessage('Seed: select the code to edit first');
    return;
  }
  const { version } = document;
  const history = context.globalState.get<string[]>(HISTORY, []);
  const instruction = await askForInstruction(history);
  if (instruction === undefined) {
    return;
  }
  await context.globalState.update(HISTORY, remember(history, instruction));
  const range = { start: plain(selection.start), end: plain(selection.end) };
  await previews.show(document, range, { instruction, title: instruction.length > 30 ? `${instruction.slice(0, 29)}…` : instruction }, version);
}

/** Show beside the file what the selected code, or the statement at the cursor, does. */
async function explainSelection(running: Server): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  const client = running.require();
  if (editor === undefined || client === undefined) {
    return;
  }
  const { document, selection } = editor;
  const range = { start: plain(selection.start), end: plain(selection.end) };
  const argument = { uri: client.code2ProtocolConverter.asUri(document.uri), range, version: document.version };
  try {
    const { text } = await running.execute<{ text: string }>('seed.explain', argument);
    await showText(text, 'markdown', vscode.ViewColumn.Beside);
  } catch (error) {
    // The server has told the user.
    running.log.warn((error as Error).message);
  }
}

function askForInstruction(history: readonly string[]): Promise<string | undefined> {
  const pick = vscode.window.createQuickPick();
  pick.title = 'Seed: edit the selection';
  pick.placeholder = 'What to change, in your own words';
  pick.ignoreFocusOut = true;
  const draw = (): void => {
    pick.items = offered(history, pick.value).map((label) => ({ label, alwaysShow: true }));
  };
  draw();
  pick.onDidChangeValue(draw);
  return new Promise((resolve) => {
    pick.onDidAccept(() => {
      // What was typed a moment ago may not be in the list yet.
      const typed = pick.value.trim();
      const chosen = pick.activeItems[0]?.label ?? typed;
      resolve(typed !== '' && !history.includes(chosen) ? typed : chosen || undefined);
      pick.hide();
    });
    pick.onDidHide(() => {
      resolve(undefined);
      pick.dispose();
    });
    pick.show();
  });
}

async function previewRefactoring(running: Server, previews: Previews, data: ActionData, title: string): Promise<void> {
  const uri = running.client?.protocol2CodeConverter.asUri(data.uri);
  const document = vscode.workspace.textDocuments.find((one) => one.uri.toString() === uri?.toString());
  if (document !== undefined) {
    await previews.show(document, data.range, { action: data, title }, data.version);
  }
}

function plain({ line, character }: vscode.Position): { line: number; character: number } {
  return { line, character };
}
