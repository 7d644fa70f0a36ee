import { builtinModules } from 'node:module'
import { describe, expect, test } from 'vitest'
import { parsed, type Source, sources } from './sources.ts'

const SOURCES = sources()

/** Who may not import what. `except` names the only files that may. */
interface Edge {
  readonly rule: string
  readonly from: RegExp
  readonly to: RegExp
  readonly except?: RegExp
}

const BUILT_IN = new RegExp(`^(node:.*|(${builtinModules.join('|')})(/.*)?)$`)

const EDGES: readonly Edge[] = [
  { rule: 'protocol.ts imports nothing', from: /^src\/protocol\.ts$/, to: /./ },
  { rule: 'fault.ts imports nothing', from: /^src\/gateway\/fault\.ts$/, to: /./ },
  {
    rule: 'the gateway imports no other part; main.ts alone starts the embedded ones',
    from: /^src\/gateway\//,
    to: /^src\/(console|agent|voice)\//,
    except: /^src\/gateway\/main\.ts$/,
  },
  {
    rule: 'main.ts knows of the embedded parts only how to start them',
    from: /^src\/gateway\/main\.ts$/,
    to: /^src\/(console\/|agent\/(?!agent\.ts$)|voice\/(?!voice\.ts$))/,
  },
  {
    rule: 'the console imports no other part',
    from: /^src\/console\//,
    to: /^src\/(gateway|agent|voice)\//,
  },
  { rule: 'the agent imports no other part', from: /^src\/agent\//, to: /^src\/(gateway|console|voice)\// },
  {
    rule: 'the voice server imports no other part',
    from: /^src\/voice\//,
    to: /^src\/(gateway|console|agent)\//,
  },
  {
    rule: 'sources import nothing but sources',
    from: /^src\//,
    to: /^(\.\.|test|scripts|bench|docs|dist)\//,
  },
  { rule: 'nobody imports main.ts', from: /^src\//, to: /^src\/gateway\/main\.ts$/ },
  {
    rule: 'nobody but main.ts imports the composition root',
    from: /^src\//,
    to: /^src\/gateway\/gateway\.ts$/,
    except: /^src\/gateway\/main\.ts$/,
  },
  {
    rule: "tasks, pour and follow know the store's contract only",
    from: /^src\/gateway\/chat\//,
    to: /^src\/gateway\/store\/(?!store\.ts$)/,
  },
  {
    rule: 'gateway.ts alone names a concrete store',
    from: /^src\/gateway\/(?!store\/)/,
    to: /^src\/gateway\/store\/(?!store\.ts$)/,
    except: /^src\/gateway\/gateway\.ts$/,
  },
  {
    rule: "the store's contract knows the protocol only",
    from: /^src\/gateway\/store\/store\.ts$/,
    to: /^(?!src\/protocol\.ts$)/,
  },
  {
    rule: 'the log knows the protocol and the beat, and nothing else of the gateway',
    from: /^src\/gateway\/logs\//,
    to: /^src\/(?!protocol\.ts$|gateway\/beat\.ts$|gateway\/logs\/)/,
  },
  { rule: 'the console imports nothing of Node', from: /^src\/console\//, to: BUILT_IN },
  { rule: 'the protocol can be had by the page', from: /^src\/protocol\.ts$/, to: BUILT_IN },
]

/** Words of the world that only some files may use. */
interface Word {
  readonly rule: string
  readonly from: RegExp
  readonly name: string
  readonly except?: RegExp
}

const MAIN = /^src\/gateway\/main\.ts$/
const SERVER = /^src\/(protocol\.ts$|gateway\/|agent\/|voice\/)/

const WORDS: readonly Word[] = [
  { rule: 'main.ts alone hands on the environment', from: /^src\//, name: 'process.env', except: MAIN },
  { rule: 'main.ts alone ends the process', from: /^src\//, name: 'process.exit', except: MAIN },
  { rule: 'the server has no document', from: SERVER, name: 'document' },
  { rule: 'the server has no window', from: SERVER, name: 'window' },
]

const breaches = (edge: Edge, all: readonly Source[]) =>
  all
    .filter(({ path }) => edge.from.test(path) && !edge.except?.test(path))
    .flatMap(({ path, imports }) =>
      imports.filter((target) => edge.to.test(target)).map((target) => `${path} → ${target}`),
    )

const uses = (word: Word, all: readonly Source[]) =>
  all
    .filter(({ path, names }) => word.from.test(path) && !word.except?.test(path) && names.has(word.name))
    .map(({ path }) => path)

test.each(EDGES)('$rule', (edge) => {
  expect(breaches(edge, SOURCES)).toEqual([])
})

test.each(WORDS)('$rule', (word) => {
  expect(uses(word, SOURCES)).toEqual([])
})

test('main.ts starts the embedded parts, and only it reads the environment and ends the process', () => {
  const main = SOURCES.find(({ path }) => MAIN.test(path))
  expect(main?.imports).toEqual(
    expect.arrayContaining([
      'src/agent/agent.ts',
      'src/voice/voice.ts',
      'src/gateway/config.ts',
      'src/gateway/gateway.ts',
    ]),
  )
  expect([...(main?.names ?? [])]).toEqual(expect.arrayContaining(['process.env', 'process.exit']))
})

describe('an import is seen', () => {
  const of = (text: string, path = 'src/gateway/x.ts') => parsed(path, text)

  test.each([
    ["import { a } from '../agent/agent.ts'", 'static'],
    ["import type { A } from '../agent/agent.ts'", 'for a type'],
    ["import '../agent/agent.ts'", 'for its effect'],
    ["export { a } from '../agent/agent.ts'", 'passed on'],
    ["export * from '../agent/agent.ts'", 'passed on whole'],
    ["const a = await import('../agent/agent.ts')", 'dynamic'],
    ["let a: import('../agent/agent.ts').Agent", 'inside a type'],
  ])('%s (%s)', (text) => {
    expect(of(text).imports).toEqual(['src/agent/agent.ts'])
  })

  test('in the script of a component', () => {
    const component = '<script lang="ts">\nimport { a } from \'../../gateway/fault.ts\'\n</script>\n<p>hi</p>'
    expect(of(component, 'src/console/view/X.svelte').imports).toEqual(['src/gateway/fault.ts'])
  })

  test('but not in a text or a comment', () => {
    expect(of("// import '../agent/agent.ts'\nconst a = `import('../agent/agent.ts')`").imports).toEqual([])
  })

  test('and one that is computed is refused, since nobody could hold it', () => {
    expect(() => of('await import(name)')).toThrow('nobody can read')
  })

  test('a name counts where it is used, not where a text has it or the file declares it', () => {
    expect(of('document.title').names).toContain('document')
    expect(of('process.exit(1)').names).toContain('process.exit')
    expect(of('const page = `document.write()`').names).not.toContain('document')
    expect(of('function f(document: X) { return document.title }').names).not.toContain('document')
  })

  test.each(EDGES)('and the edge is able to fail: $rule', (edge) => {
    const broken = SOURCES.concat(
      CASES.map(([path, target]) => ({ path, imports: [target], names: new Set<string>() })),
    )
    expect(breaches(edge, broken)).not.toEqual([])
  })
})

/** One breach of every edge at least. */
const CASES: readonly (readonly [path: string, target: string])[] = [
  ['src/protocol.ts', 'node:fs'],
  ['src/gateway/fault.ts', 'src/protocol.ts'],
  ['src/gateway/page.ts', 'src/console/key.ts'],
  ['src/gateway/main.ts', 'src/agent/chat.ts'],
  ['src/console/api.ts', 'src/gateway/fault.ts'],
  ['src/agent/chat.ts', 'src/gateway/fault.ts'],
  ['src/voice/voice.ts', 'src/agent/agent.ts'],
  ['src/gateway/page.ts', 'test/rig/rig.ts'],
  ['src/agent/chat.ts', 'src/gateway/main.ts'],
  ['src/gateway/page.ts', 'src/gateway/gateway.ts'],
  ['src/gateway/chat/tasks.ts', 'src/gateway/store/memory.ts'],
  ['src/gateway/store/store.ts', 'src/gateway/store/log.ts'],
  ['src/gateway/logs/room.ts', 'src/gateway/fault.ts'],
  ['src/console/api.ts', 'fs/promises'],
]
