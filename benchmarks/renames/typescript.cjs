// The rename locations of TypeScript's own language service: node typescript.cjs FILE…, one JSON object on standard output.
// Each file stands alone, as it does for a reader that resolves no imports.
const ts = require("typescript");
const fs = require("fs");

const DEFINITIONS = [
  ts.isVariableDeclaration, ts.isParameter, ts.isBindingElement, ts.isFunctionDeclaration, ts.isFunctionExpression,
  ts.isClassDeclaration, ts.isInterfaceDeclaration, ts.isTypeAliasDeclaration, ts.isTypeParameterDeclaration,
];

function names(file) {
  const read = (name) => fs.readFileSync(name, "utf8");
  const service = ts.createLanguageService({
    getScriptFileNames: () => [file],
    getScriptVersion: () => "1",
    getScriptSnapshot: (name) => (fs.existsSync(name) ? ts.ScriptSnapshot.fromString(read(name)) : undefined),
    getCurrentDirectory: () => process.cwd(),
    getCompilationSettings: () => ({ allowJs: true, noResolve: true, noLib: true, jsx: ts.JsxEmit.Preserve, target: ts.ScriptTarget.Latest }),
    getDefaultLibFileName: () => "none",
    fileExists: fs.existsSync,
    readFile: read,
  });
  const source = service.getProgram().getSourceFile(file);
  const found = [];
  const seen = new Set();
  const visit = (node) => {
    if (ts.isIdentifier(node) && node.parent.name === node && DEFINITIONS.some((is) => is(node.parent))) {
      const start = node.getStart(source);
      const places = seen.has(start) ? undefined : service.findRenameLocations(file, start, false, false, { providePrefixAndSuffixTextForRename: true });
      if (places) {
        const starts = places.map((place) => place.textSpan.start);
        starts.forEach((at) => seen.add(at));
        found.push({ name: node.text, start, places: starts });
      }
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

console.log(JSON.stringify(Object.fromEntries(process.argv.slice(2).map((file) => [file, names(file)]))));
