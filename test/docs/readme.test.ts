import { expect, test } from 'vitest'
import type { z } from 'zod'
import { VARIABLES } from '../../src/gateway/variables.ts'
import { code, codes, PAGES, read, table } from './pages.ts'

interface Variable {
  readonly needs: z.ZodType
  readonly fallback?: string
  readonly alias?: string
  readonly meaning: string
}

const { version, license, scripts } = JSON.parse(read('package.json')) as {
  readonly version: string
  readonly license: string
  readonly scripts: Readonly<Record<string, string>>
}

test('the table of the configuration is the configuration', () => {
  const told = table('README.md', 'variable', 'default', 'meaning').map((row) => ({
    names: codes(row.variable ?? ''),
    fallback: (row.default ?? '').replaceAll('`', ''),
    meaning: row.meaning,
  }))
  const known = Object.entries<Variable>(VARIABLES).map(([name, { needs, fallback, alias, meaning }]) => ({
    names: alias === undefined ? [name] : [name, alias],
    fallback: fallback ?? (needs.safeParse(undefined).success ? 'unset' : 'none: must be set'),
    meaning,
  }))
  expect(told).toEqual(known)
})

test('no page names a variable that there is not', () => {
  const known = new Set<string>(
    Object.entries<Variable>(VARIABLES).flatMap(([name, { alias }]) => (alias ? [name, alias] : [name])),
  )
  const named = PAGES.flatMap((page) =>
    [...read(page).matchAll(/\b(?:GHOST|PI)_[A-Z_]*[A-Z]\b/g)].map(([name]) => name),
  )
  expect(named.filter((name) => !known.has(name))).toEqual([])
  expect(named.length).toBeGreaterThan(known.size)
})

test('every npm command that a page names is one', () => {
  const builtIn = ['ci', 'install', 'start', 'test']
  const named = PAGES.flatMap((page) =>
    [...read(page).matchAll(/\bnpm (run )?([a-z:-]+)/g)].map(([, run, name = '']) => ({ run, name })),
  )
  for (const { run, name } of named) {
    if (run || !['ci', 'install'].includes(name)) expect(scripts).toHaveProperty(name)
    if (!run) expect(builtIn).toContain(name)
  }
  expect(named.map(({ name }) => name)).toEqual(expect.arrayContaining(['start', 'test']))
})

test('the change log tells of this version', () => {
  const heads = [...read('CHANGELOG.md').matchAll(/^## \[?([^\]\s]+)/gm)].map(([, head]) => head)
  expect(heads.filter((head) => head === 'Unreleased' || head === version)).not.toEqual([])
})

test('the licence is the one that package.json names', () => {
  expect(license).toBe('MIT')
  expect(read('LICENSE')).toMatch(/^MIT License\n\nCopyright \(c\) \d{4} Ghost Interface contributors\n/)
})

test('every promise names the tests that hold it', () => {
  const promises = table('README.md', 'promise', 'held by')
  expect(promises.length).toBeGreaterThan(5)
  for (const promise of promises) {
    const links = [...(promise['held by'] ?? '').matchAll(/\[`([^`]+)`\]\((test\/[^)]+)\)/g)]
    expect(links, promise.promise).not.toEqual([])
    for (const [, name = '', path = ''] of links) {
      expect(`test/${code(`\`${name}\``)}.test.ts`).toBe(path)
      expect(read(path)).toContain('test')
    }
  }
})
