import * as vscode from "vscode";
import { LanguageClient, TransportKind } from "vscode-languageclient/node";

import { findCommand, serverArguments } from "./command";

let client: LanguageClient | undefined;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  context.subscriptions.push(
    vscode.commands.registerCommand("archlint.restart", restart),
    vscode.workspace.onDidChangeConfiguration((change) =>
      change.affectsConfiguration("archlint") ? restart() : undefined,
    ),
    vscode.workspace.onDidGrantWorkspaceTrust(restart),
  );
  await start();
}

export async function deactivate(): Promise<void> {
  const running = client;
  client = undefined;
  await running?.stop();
}

async function restart(): Promise<void> {
  await deactivate();
  await start();
}

async function start(): Promise<void> {
  const settings = vscode.workspace.getConfiguration("archlint");
  const folders = (vscode.workspace.workspaceFolders ?? []).map((folder) => folder.uri.fsPath);
  const trusted = vscode.workspace.isTrusted ? folders : []; // a program of an untrusted folder is never started
  const command = findCommand(settings.get("command", ""), trusted, process.env["PATH"] ?? "");
  if (command === undefined) {
    await advise("archlint is not installed. Install it with its language server: pip install 'archlint-ml[lsp]'");
    return;
  }
  const args = serverArguments(settings.get("allowCode", false));
  const started = new LanguageClient(
    "archlint",
    "archlint",
    { command, args, transport: TransportKind.stdio },
    { documentSelector: [{ scheme: "file", language: "yaml" }], diagnosticCollectionName: "archlint" },
  );
  client = started;
  try {
    await started.start();
  } catch (error) {
    client = undefined;
    await advise(`${command} does not start: ${String(error)}. Is the extra installed: pip install 'archlint-ml[lsp]'?`);
  }
}

async function advise(message: string): Promise<void> {
  const choice = await vscode.window.showErrorMessage(message, "Open settings");
  if (choice !== undefined) {
    await vscode.commands.executeCommand("workbench.action.openSettings", "archlint.command");
  }
}
