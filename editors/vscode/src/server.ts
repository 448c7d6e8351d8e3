/** Finds the server, or has it set up where there is none, starts and restarts it, and keeps what it says about itself. */

import * as fs from 'node:fs';
import * as os from 'node:os';
import * as path from 'node:path';
import * as vscode from 'vscode';
import { LanguageClient, type LanguageClientOptions, type Middleware, State } from 'vscode-languageclient/node';

import { type Found, locate } from './locate.ts';
import { refreshSuggestions } from './refresh.ts';
import { OwnEnvironment } from './setUp.ts';
import type { Life, ServerStatus } from './statusText.ts';

const LANGUAGES = ['python', 'javascript', 'javascriptreact', 'typescript', 'typescriptreact', 'go', 'rust', 'java', 'c', 'cpp'];
export const SELECTOR = LANGUAGES.flatMap((language) => [
  { scheme: 'file', language },
  { scheme: 'untitled', language },
]);
const WINDOWS = process.platform === 'win32';

export class Server implements vscode.Disposable {
  client: LanguageClient | undefined;
  status: ServerStatus | undefined;
  paused = false;
  private found: Found | undefined;
  private life: Life = 'absent';
  private readonly changed = new vscode.EventEmitter<void>();
  /** Fires when life, status or pause change. */
  readonly onChange = this.changed.event;
  private readonly started = new vscode.EventEmitter<LanguageClient>();
  /** Fires when a client runs: the first, or one after a restart. */
  readonly onStart = this.started.event;
  private starting: Promise<void> = Promise.resolve();

  private readonly environment: OwnEnvironment;

  constructor(
    context: vscode.ExtensionContext,
    readonly log: vscode.LogOutputChannel,
    private readonly middleware: Middleware,
  ) {
    this.environment = new OwnEnvironment(context, log);
  }

  get state(): Life {
    return this.life;
  }

  /** The path of the program that runs, for `doctor`. */
  get command(): string | undefined {
    return this.found?.command;
  }

  /** Start, or start anew. Calls are carried out one after the other. */
  start(): Promise<void> {
    this.starting = this.starting.then(() => this.startNow()).catch((error: unknown) => this.log.error(String(error)));
    return this.starting;
  }

  private async startNow(): Promise<void> {
    await this.stopNow();
    const own = await this.environment.find();
    const located = locate({
      explicit: vscode.workspace.getConfiguration('seed').get('server.path', ''),
      environment: own?.folder,
      path: (process.env['PATH'] ?? '').split(path.delimiter),
      foreign: foreignFolders(),
      home: os.homedir(),
      exists: fs.existsSync,
      windows: WINDOWS,
    });
    if ('missing' in located) {
      this.found = undefined;
      this.set('absent');
      void (located.missing === '' ? this.setUp('unasked') : this.tellWrongPath(located.missing));
      return;
    }
    if (located.origin === 'own' && own?.current === false) {
      // The server of the extension's last version serves until this version's is there.
      void this.setUp('unasked');
    }
    this.found = located;
    this.log.info(`starting ${located.command} (${located.origin})`);
    this.set('starting');
    const client = this.makeClient(located);
    this.client = client;
    client.onDidChangeState(({ newState }) => {
      if (this.client === client) {
        this.set(newState === State.Running ? 'running' : newState === State.Starting ? 'starting' : 'stopped');
      }
    });
    refreshSuggestions(client);
    client.onNotification('didChangeStatus', (status: ServerStatus) => {
      this.status = status;
      this.changed.fire();
    });
    try {
      await client.start();
    } catch (error) {
      this.set('stopped');
      void vscode.window.showErrorMessage(`Seed: the server did not start: ${String(error)}`, 'Show the log').then((choice) => {
        if (choice !== undefined) {
          this.log.show();
        }
      });
      return;
    }
    this.paused = false;
    this.started.fire(client);
  }

  private makeClient(found: Found): LanguageClient {
    const options: LanguageClientOptions = {
      documentSelector: SELECTOR,
      outputChannel: this.log,
      middleware: this.middleware,
    };
    // It does not start in the workspace, so that a program which looks around where it is started finds nothing of it.
    const run = { command: found.command, args: ['serve'], options: { cwd: os.homedir() } };
    return new LanguageClient('seed', 'Seed', run, options);
  }

  private set(life: Life): void {
    this.life = life;
    if (life !== 'running') {
      this.status = undefined;
    }
    void vscode.commands.executeCommand('setContext', 'seed.running', life === 'running');
    this.changed.fire();
  }

  /** Return the running client, or show a message that says why there is none. */
  require(): LanguageClient | undefined {
    if (this.client?.isRunning()) {
      return this.client;
    }
    void vscode.window.showWarningMessage('Seed: the server is not running', 'Restart').then((choice) => {
      if (choice !== undefined) {
        void this.start();
      }
    });
    return undefined;
  }

  async togglePause(): Promise<void> {
    if (this.require() !== undefined) {
      this.paused = !this.paused;
      await this.execute(this.paused ? 'seed.pause' : 'seed.resume');
      this.changed.fire();
    }
  }

  /** Run one of the server's commands. */
  execute<Result>(command: string, ...args: unknown[]): Promise<Result> {
    if (this.client === undefined) {
      return Promise.reject(new Error('the server is not running'));
    }
    return this.client.sendRequest<Result>('workspace/executeCommand', { command, arguments: args });
  }

  /** Tell of a path in the settings that leads nowhere, each time. */
  private async tellWrongPath(problem: string): Promise<void> {
    const choice = await vscode.window.showWarningMessage(`Seed: ${problem}`, 'Say where it is');
    if (choice !== undefined) {
      await vscode.commands.executeCommand('workbench.action.openSettings', 'seed.server.path');
    }
  }

  /** Make the environment of this version, and start its server. */
  async setUp(how: 'unasked' | 'asked'): Promise<void> {
    if (this.life === 'absent') {
      this.set('settingUp');
    }
    if (await this.environment.make(how)) {
      await this.start();
    } else if (this.state === 'settingUp') {
      this.set('absent');
    }
  }

  async stop(): Promise<void> {
    await this.starting;
    await this.stopNow();
  }

  private async stopNow(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    // A client that never ran, or died, has nobody to tell.
    if (client?.isRunning()) {
      await client.stop(2000).catch((error: unknown) => this.log.warn(String(error)));
    }
    await client?.dispose().catch(() => undefined);
  }

  dispose(): void {
    this.environment.dispose();
    this.changed.dispose();
    this.started.dispose();
  }
}

/** Return the folders whose `seed-lsp` belongs to a project: it is taken only where the user names it in the settings. */
function foreignFolders(): string[] {
  const folders = (vscode.workspace.workspaceFolders ?? []).map((folder) => folder.uri.fsPath);
  return [...folders, process.env['VIRTUAL_ENV'] ?? '', process.env['CONDA_PREFIX'] ?? ''].filter((folder) => folder !== '');
}
