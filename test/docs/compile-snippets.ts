import { dirname, join } from 'node:path'
import ts from 'typescript'
import { root, type Snippet } from './snippets.ts'

/** Checks snippets with the repository's own settings. Returns what the compiler says, by page and line. */
export function compileSnippets(snippets: readonly Snippet[]): string[] {
  const options = readOptions()
  const virtual = new Map(snippets.map((snippet) => [pathOf(snippet), snippet]))
  const host = ts.createCompilerHost(options)
  const folders = new Set([...virtual.keys()].map((path) => dirname(path)))
  const { fileExists, readFile, getSourceFile, directoryExists } = host
  host.fileExists = (path) => virtual.has(path) || fileExists(path)
  host.readFile = (path) => virtual.get(path)?.code ?? readFile(path)
  host.directoryExists = (path) => folders.has(path) || (directoryExists?.(path) ?? true)
  host.getSourceFile = (path, languageVersion, ...rest) => {
    const snippet = virtual.get(path)
    if (!snippet) return getSourceFile(path, languageVersion, ...rest)
    return ts.createSourceFile(path, snippet.code, languageVersion, true)
  }
  const program = ts.createProgram([...virtual.keys()], options, host)
  return [...virtual].flatMap(([path, snippet]) => {
    const file = program.getSourceFile(path)
    if (!file) return [`${snippet.page}: ${path} was not read`]
    return [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)].map(
      (diagnostic) => describe(diagnostic, snippet, file),
    )
  })
}

function readOptions(): ts.CompilerOptions {
  const { config } = ts.readConfigFile(join(root, 'tsconfig.json'), (path) => ts.sys.readFile(path))
  const { options, errors } = ts.parseJsonConfigFileContent(config, ts.sys, root)
  if (errors.length > 0)
    throw new Error(ts.flattenDiagnosticMessageText(errors[0]?.messageText, '\n'))
  return {
    ...options,
    // Prose may declare what only the reader goes on to use, and leaves types to inference.
    noUnusedLocals: false,
    noUnusedParameters: false,
    isolatedDeclarations: false,
    declaration: false,
    moduleDetection: ts.ModuleDetectionKind.Force,
  }
}

/** Each page has a folder of its own, so that its blocks import each other and no other page's. */
function pathOf(snippet: Snippet): string {
  return join(root, 'test/docs/pages', snippet.page.replaceAll(/[/.]/g, '-'), snippet.fileName)
}

function describe(diagnostic: ts.Diagnostic, snippet: Snippet, file: ts.SourceFile): string {
  const { line } = file.getLineAndCharacterOfPosition(diagnostic.start ?? 0)
  return `${snippet.page}:${line + 1} ${ts.flattenDiagnosticMessageText(diagnostic.messageText, ' ')}`
}
