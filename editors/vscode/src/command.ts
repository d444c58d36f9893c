import { accessSync, constants, statSync } from "node:fs";
import * as path from "node:path";

const WINDOWS = process.platform === "win32";
const NAME = WINDOWS ? "archlint.exe" : "archlint";
const BIN = WINDOWS ? "Scripts" : "bin";

/** The command that starts archlint: the one of the settings, of a virtual environment of a folder, or of the PATH. */
export function findCommand(setting: string, folders: readonly string[], search: string): string | undefined {
  if (setting !== "") {
    return expanded(setting, folders);
  }
  const environments = folders.flatMap((folder) => [".venv", "venv"].map((name) => path.join(folder, name, BIN)));
  const places = [...environments, ...search.split(path.delimiter).filter((place) => place !== "")];
  return places.map((place) => path.join(place, NAME)).find(isProgram);
}

/** The arguments of the command; the client adds `--stdio`. */
export function serverArguments(allowCode: boolean): string[] {
  return ["lsp", ...(allowCode ? ["--allow-code"] : [])];
}

function expanded(setting: string, folders: readonly string[]): string {
  return setting.replace(/\$\{workspaceFolder\}/g, folders[0] ?? "");
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return statSync(file).isFile();
  } catch {
    return false;
  }
}
