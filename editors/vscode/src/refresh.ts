/** Draws a suggestion anew that became longer after its deadline. */

import * as vscode from 'vscode';
import type { LanguageClient, StaticFeature } from 'vscode-languageclient/node';

import type { Position } from './edits.ts';

const METHOD = 'seed/inlineCompletionRefresh';

interface Place {
  textDocument: { uri: string; version: number };
  position: Position;
}

/** Tell the server that we want to know of such suggestions, and ask again if the cursor is still there. */
export function refreshSuggestions(client: LanguageClient): void {
  const feature: StaticFeature = {
    fillClientCapabilities(capabilities) {
      capabilities.experimental = { ...capabilities.experimental, inlineCompletionRefresh: true };
    },
    initialize() {},
    getState: () => ({ kind: 'static' }),
    clear() {},
  };
  client.registerFeature(feature);
  client.onNotification(METHOD, async ({ textDocument, position }: Place) => {
    const editor = vscode.window.activeTextEditor;
    if (editor === undefined || client.code2ProtocolConverter.asUri(editor.document.uri) !== textDocument.uri) {
      return;
    }
    const { active, isEmpty } = editor.selection;
    if (editor.document.version === textDocument.version && isEmpty && active.line === position.line && active.character === position.character) {
      // While one is shown VS Code asks for nothing new at its place, or keeps the old one before the new.
      await vscode.commands.executeCommand('editor.action.inlineSuggest.hide');
      await vscode.commands.executeCommand('editor.action.inlineSuggest.trigger', { explicit: false });
    }
  });
}
