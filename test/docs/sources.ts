import { readdirSync } from 'node:fs'
import { posix } from 'node:path'
import ts from 'typescript'
import { ROOT, read } from './pages.ts'

/** One source file: what it imports, and the words of the world around it that it uses. */
export interface Source {
  /** From the root, such as `src/gateway/main.ts`. */
  readonly path: string
  /** Imports of our own, as paths from the root; of packages and of Node, as they are written. */
  readonly imports: readonly string[]
  /** `process.exit`, `document` and the like: names that nothing in the file declares, with one member. */
  readonly names: ReadonlySet<string>
}

/** Every source below `src`: static, dynamic and type imports alike, in Svelte's script elements too. */
export function sources(): Source[] {
  const files = readdirSync(`${ROOT}src`, { recursive: true, encoding: 'utf8' })
  return files
    .map((name) => `src/${name.replaceAll('\\', '/')}`)
    .filter((path) => /\.(ts|js|svelte)$/.test(path))
    .map((path) => parsed(path, read(path)))
}

export function parsed(path: string, text: string): Source {
  const scripts = path.endsWith('.svelte')
    ? [...text.matchAll(/<script\b[^>]*>([\s\S]*?)<\/script>/g)].map(([, script = '']) => script).join('\n')
    : text
  const file = ts.createSourceFile(path, scripts, ts.ScriptTarget.Latest, true, ts.ScriptKind.TS)
  const imports: string[] = []
  const used = new Set<string>()
  const declared = new Set<string>()

  const visit = (node: ts.Node): void => {
    const from = importedBy(node)
    if (from !== undefined) imports.push(from.startsWith('.') ? posix.join(posix.dirname(path), from) : from)
    if (ts.isIdentifier(node)) {
      const { parent } = node
      const declares =
        (ts.isVariableDeclaration(parent) ||
          ts.isParameter(parent) ||
          ts.isBindingElement(parent) ||
          ts.isFunctionDeclaration(parent) ||
          ts.isImportSpecifier(parent)) &&
        parent.name === node
      const isMember =
        (ts.isPropertyAccessExpression(parent) && parent.name === node) ||
        (ts.isPropertyAssignment(parent) && parent.name === node) ||
        ts.isPropertySignature(parent) ||
        ts.isPropertyDeclaration(parent)
      if (declares) declared.add(node.text)
      else if (!isMember) {
        used.add(node.text)
        if (ts.isPropertyAccessExpression(parent)) used.add(`${node.text}.${parent.name.text}`)
      }
    }
    ts.forEachChild(node, visit)
  }
  visit(file)
  const names = new Set([...used].filter((name) => !declared.has(name.split('.')[0] ?? '')))
  return { path, imports, names }
}

function importedBy(node: ts.Node): string | undefined {
  const from =
    ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
      ? node.moduleSpecifier
      : ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
        ? node.arguments[0]
        : ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)
          ? node.argument.literal
          : undefined
  if (from === undefined) return undefined
  if (ts.isStringLiteralLike(from)) return from.text
  throw new Error(`an import whose target nobody can read: ${from.getText()}`)
}
