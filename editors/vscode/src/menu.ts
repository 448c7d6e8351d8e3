/** Shows the status item and its menu, the model, the log and the doctor. */

import { execFile } from 'node:child_process';
import * as os from 'node:os';
import * as vscode from 'vscode';

import type { Server } from './server.ts';
import { statusText } from './statusText.ts';

interface Models {
  chosen: string;
  missing: string | null;
  models: { name: string; alias: string; bytes: number; fetched: boolean; inlineOnly: boolean }[];
}

export class Menu implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem('seed.status', vscode.StatusBarAlignment.Right, 100);
  private readonly parts: vscode.Disposable[];
  private chosen = '';

  constructor(private readonly server: Server) {
    this.item.name = 'Seed';
    this.item.command = 'seed.showMenu';
    this.draw();
    this.item.show();
    this.parts = [
      this.item,
      server.onChange(() => this.draw()),
      server.onStart(() => void this.offerModel()),
      vscode.workspace.onDidChangeConfiguration((event) => {
        if (event.affectsConfiguration('seed.model') && server.state === 'running') {
          void this.offerModel();
        }
      }),
      vscode.commands.registerCommand('seed.showMenu', () => this.show()),
      vscode.commands.registerCommand('seed.togglePause', () => server.togglePause()),
      vscode.commands.registerCommand('seed.chooseModel', () => this.chooseModel()),
      vscode.commands.registerCommand('seed.showLog', () => server.log.show()),
      vscode.commands.registerCommand('seed.runDoctor', () => this.runDoctor()),
      vscode.commands.registerCommand('seed.showUsage', () => this.showUsage()),
      vscode.commands.registerCommand('seed.restart', () => server.start()),
      vscode.commands.registerCommand('seed.installServer', () => server.setUp('asked')),
    ];
  }

  private draw(): void {
    const { text, tooltip, alarm } = statusText(this.server.state, this.server.status, this.server.paused, this.chosen);
    this.item.text = text;
    this.item.tooltip = tooltip;
    this.item.accessibilityInformation = { label: tooltip };
    this.item.backgroundColor = alarm === 'none' ? undefined : new vscode.ThemeColor(`statusBarItem.${alarm}Background`);
  }

  private async show(): Promise<void> {
    const { server } = this;
    const say = (label: string, command: string, detail?: string) => ({ label, command, ...(detail === undefined ? {} : { detail }) });
    const running = server.state === 'running';
    const items = [
      ...(running
        ? [
            server.paused
              ? say('$(play) Resume', 'seed.togglePause', 'suggest again while typing')
              : say('$(debug-pause) Pause', 'seed.togglePause', 'no suggestions while typing, until you resume'),
            say('$(server-environment) Choose the model…', 'seed.chooseModel', this.chosen),
          ]
        : []),
      ...(server.state === 'absent' ? [say('$(cloud-download) Set up the server…', 'seed.installServer')] : []),
      say('$(debug-restart) Restart the server', 'seed.restart'),
      say('$(output) Show the log', 'seed.showLog'),
      say('$(pulse) Run the doctor', 'seed.runDoctor', 'what works on this machine, and what to do about the rest'),
      ...(running ? [say('$(graph) How suggestions fared', 'seed.showUsage', 'counted on this machine, sent nowhere')] : []),
    ];
    const status = statusText(server.state, server.status, server.paused, this.chosen).tooltip;
    const chosen = await vscode.window.showQuickPick(items, { title: status, placeHolder: 'Seed' });
    if (chosen !== undefined) {
      await vscode.commands.executeCommand(chosen.command);
    }
  }

  /** Ask after a start whether to fetch a model that is not here. It is fetched only after a yes. */
  private async offerModel(): Promise<void> {
    const found = await this.models();
    if (found === undefined) {
      return;
    }
    const spec = found.models.find((entry) => entry.name === this.chosen || entry.alias === this.chosen);
    if (spec?.fetched ?? found.missing === null) {
      return;
    }
    if (spec === undefined) {
      const choice = await vscode.window.showWarningMessage(`Seed: ${found.missing}`, 'Choose the model');
      if (choice !== undefined) {
        await this.chooseModel();
      }
      return;
    }
    const [yes, other] = ['Download', 'Choose another'];
    const text = `Seed: the model ${spec.name} (${size(spec.bytes)}) is not on this machine yet. Download it?`;
    const choice = await vscode.window.showInformationMessage(text, yes, other);
    if (choice === yes) {
      await this.fetch(spec.name);
    } else if (choice === other) {
      await this.chooseModel();
    }
  }

  private async chooseModel(): Promise<void> {
    const found = this.server.require() && (await this.models());
    if (found === undefined) {
      return;
    }
    const items = found.models
      .filter((entry) => !entry.inlineOnly)
      .map((entry) => ({
        label: `${entry.name === this.chosen || entry.alias === this.chosen ? '$(check) ' : ''}${entry.name}`,
        description: `${size(entry.bytes)}${entry.fetched ? '' : ', to be downloaded'}`,
        entry,
      }));
    const chosen = await vscode.window.showQuickPick(items, { title: 'Seed: the model' });
    if (chosen === undefined) {
      return;
    }
    if (!chosen.entry.fetched) {
      const yes = 'Download';
      const text = `Download ${chosen.entry.name}, ${size(chosen.entry.bytes)}?`;
      if ((await vscode.window.showInformationMessage(text, { modal: true }, yes)) !== yes || !(await this.fetch(chosen.entry.name))) {
        return;
      }
    }
    await vscode.workspace.getConfiguration('seed').update('model', chosen.entry.name, vscode.ConfigurationTarget.Global);
    await this.models();
  }

  /** The server shows the progress, which can be cancelled, and says why where it fails. */
  private async fetch(name: string): Promise<boolean> {
    try {
      await this.server.execute('seed.fetchModel', name);
      return true;
    } catch (error) {
      this.server.log.warn(`${name} was not fetched: ${(error as Error).message}`);
      return false;
    }
  }

  private async models(): Promise<Models | undefined> {
    try {
      const found = await this.server.execute<Models>('seed.models');
      // The editor's word counts, since the server may hear of a change only after this.
      this.chosen = vscode.workspace.getConfiguration('seed').get('model', found.chosen);
      this.draw();
      return found;
    } catch (error) {
      this.server.log.warn((error as Error).message);
      return undefined;
    }
  }

  private async runDoctor(): Promise<void> {
    const { command } = this.server;
    if (command === undefined) {
      void vscode.window.showWarningMessage('Seed: there is no server yet; set it up first');
      return;
    }
    const model = vscode.workspace.getConfiguration('seed').get('model', '');
    const report = await vscode.window.withProgress(
      { location: vscode.ProgressLocation.Window, title: 'Seed: the doctor looks' },
      () =>
        new Promise<string>((resolve) => {
          const args = ['doctor', ...(model === '' ? [] : ['--model', model])];
          // It ends with 1 where something is to be done; the report says what.
          execFile(command, args, { cwd: os.homedir() }, (error, stdout, stderr) => resolve(`${stdout}${stderr}` || String(error)));
        }),
    );
    await showText(report);
  }

  private async showUsage(): Promise<void> {
    if (this.server.require() !== undefined) {
      await showText(await this.server.execute<string>('seed.usage'));
    }
  }

  dispose(): void {
    this.parts.forEach((part) => part.dispose());
  }
}

/** Show a report as a document of its own, to be read and copied from. */
export async function showText(content: string, language = 'plaintext', viewColumn = vscode.ViewColumn.Active): Promise<void> {
  await vscode.window.showTextDocument(await vscode.workspace.openTextDocument({ content, language }), { preview: true, viewColumn });
}

function size(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`;
}
