/** Renames and changes signatures: it asks for what it needs, then shows the change in the editor's own refactor preview. */

import * as vscode from 'vscode';
import type { WorkspaceEdit } from 'vscode-languageclient/node';

import { namesChanged } from './parameters.ts';
import type { Server } from './server.ts';

interface Place {
  uri: string;
  position: { line: number; character: number };
  version: number;
}

interface Found {
  edit: WorkspaceEdit;
  left: { uri: string; tier: string; reason: string }[];
}

export class Renames {
  constructor(private readonly server: Server) {}

  /** Run *Rename and update call sites…* at the cursor, or at the place of a code action. */
  async rename(given?: Place): Promise<void> {
    const place = given ?? this.here();
    if (place === undefined || this.server.require() === undefined) {
      return;
    }
    const name = await this.askForName(place);
    if (name !== undefined) {
      await this.change('seed.renameAndUpdateCallSites', { ...place, name });
    }
  }

  /** Run *Change signature…*: the parameters are edited as text, and what cannot be told from it is asked. */
  async changeSignature(): Promise<void> {
    const place = this.here();
    if (place === undefined || this.server.require() === undefined) {
      return;
    }
    const now = await this.tried(this.server.execute<{ name: string; signature: string }>('seed.signatureOf', place));
    if (now === undefined) {
      return;
    }
    const signature = await vscode.window.showInputBox({
      title: `Seed: new signature of ${now.name}`,
      value: now.signature,
      valueSelection: [now.signature.length - 1, now.signature.length - 1],
      prompt: 'Parameters as they should be. The calls follow.',
      ignoreFocusOut: true,
    });
    if (signature === undefined || signature.trim() === now.signature) {
      return;
    }
    const { added, removed } = namesChanged(now.signature, signature);
    const was: Record<string, string> = {};
    const values: Record<string, string> = {};
    for (const name of added) {
      const old = await this.askWhether(name, removed.filter((entry) => !Object.values(was).includes(entry)));
      if (old === undefined) {
        return;
      }
      if (old !== '') {
        was[name] = old;
        continue;
      }
      const value = await vscode.window.showInputBox({
        title: `Seed: what do the calls pass for ${name}?`,
        prompt: 'An expression. Empty: the model proposes one for each call, or the default holds.',
        ignoreFocusOut: true,
      });
      if (value === undefined) {
        return;
      }
      if (value.trim() !== '') {
        values[name] = value.trim();
      }
    }
    await this.change('seed.changeSignature', { ...place, signature, was, arguments: values });
  }

  /** Ask whether a parameter is new or renamed, where it may have been renamed. The answer is its old name, and empty for a new one. */
  private async askWhether(name: string, removed: string[]): Promise<string | undefined> {
    if (removed.length === 0) {
      return '';
    }
    const items = [...removed.map((old) => ({ label: `${old} is now ${name}`, old })), { label: `${name} is new`, old: '' }];
    return (await vscode.window.showQuickPick(items, { title: `Seed: the parameter ${name}`, ignoreFocusOut: true }))?.old;
  }

  /** Ask for a name, which is typed or chosen from those that the model proposes meanwhile. */
  private async askForName(place: Place): Promise<string | undefined> {
    const pick = vscode.window.createQuickPick();
    pick.title = 'Seed: rename and update call sites';
    pick.placeholder = 'The new name; the model looks for some';
    pick.busy = true;
    pick.ignoreFocusOut = true;
    let proposed: string[] = [];
    const draw = (): void => {
      const typed = pick.value.trim();
      pick.items = [...(typed === '' ? [] : [typed]), ...proposed.filter((name) => name !== typed)].map((label) => ({
        label,
        ...(proposed.includes(label) ? { description: 'proposed' } : {}),
        alwaysShow: true,
      }));
    };
    pick.onDidChangeValue(draw);
    this.server
      .execute<{ names: string[] }>('seed.suggestNames', place)
      .then(({ names }) => {
        proposed = names;
        draw();
      })
      // Without a model there are none; a name can be typed all the same.
      .catch(() => undefined)
      .finally(() => {
        pick.busy = false;
      });
    return new Promise((resolve) => {
      pick.onDidAccept(() => {
        resolve(pick.selectedItems[0]?.label);
        pick.hide();
      });
      pick.onDidHide(() => {
        resolve(undefined);
        pick.dispose();
      });
      pick.show();
    });
  }

  private async change(command: string, argument: Place & Record<string, unknown>): Promise<void> {
    const client = this.server.client;
    const found = await this.tried(
      vscode.window.withProgress({ location: vscode.ProgressLocation.Window, title: 'Seed: looking for what refers to it' }, () =>
        this.server.execute<Found>(command, { ...argument, apply: false }),
      ),
    );
    if (found === undefined || client === undefined) {
      return;
    }
    const versions = new Map((found.edit.documentChanges ?? []).flatMap((entry) => ('edits' in entry ? [[entry.textDocument.uri, entry.textDocument.version] as const] : [])));
    const edit = await client.protocol2CodeConverter.asWorkspaceEdit(found.edit);
    const unsure = Object.values(found.edit.changeAnnotations ?? {}).some((annotation) => annotation.needsConfirmation);
    const [first] = edit.entries()[0] ?? [];
    if (!unsure && first !== undefined) {
      // The editor opens its refactor preview for what needs a confirmation, and such edits start without a tick. A file that is to be created unless it
      // exists, and does, is nothing to do: it opens the preview, with every tick set, and is not in it.
      edit.createFile(first, { ignoreIfExists: true }, { needsConfirmation: true, label: 'Preview' });
    }
    const moved = vscode.workspace.textDocuments.find((document) => {
      const version = versions.get(client.code2ProtocolConverter.asUri(document.uri));
      return version != null && version !== document.version;
    });
    if (moved !== undefined) {
      void vscode.window.showWarningMessage(`Seed: ${vscode.workspace.asRelativePath(moved.uri)} changed meanwhile; nothing was applied`);
      return;
    }
    await vscode.workspace.applyEdit(edit, { isRefactoring: true });
    const unresolved = found.left.filter((entry) => entry.tier !== 'possible' && entry.tier !== 'mention');
    if (unresolved.length > 0) {
      void vscode.window.showInformationMessage(`Seed: ${unresolved.length} calls were left as they are: ${unresolved[0]?.reason}`);
    }
  }

  private async tried<Result>(work: Thenable<Result>): Promise<Result | undefined> {
    try {
      return await work;
    } catch {
      // The server has told the user why.
      return undefined;
    }
  }

  private here(): Place | undefined {
    const editor = vscode.window.activeTextEditor;
    const client = this.server.client;
    if (editor === undefined || client === undefined) {
      return undefined;
    }
    const { line, character } = editor.selection.active;
    return { uri: client.code2ProtocolConverter.asUri(editor.document.uri), position: { line, character }, version: editor.document.version };
  }
}
