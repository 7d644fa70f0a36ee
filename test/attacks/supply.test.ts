import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { complaint } from './knownbad.ts'

const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')

interface Locked {
  readonly version: string
  readonly resolved?: string
  readonly integrity?: string
  readonly hasInstallScript?: boolean
  readonly link?: boolean
}
interface Manifest {
  readonly scripts: Record<string, string>
  readonly dependencies: Record<string, string>
  readonly devDependencies: Record<string, string>
  readonly overrides: Record<string, string>
}

const manifest = JSON.parse(read('package.json')) as Manifest
const lock = JSON.parse(read('package-lock.json')) as { packages: Record<string, Locked> }
const installed = Object.entries(lock.packages).filter(([path]) => path !== '')
const nameOf = (path: string) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)

test('A110: every dependency is one version, and the lock holds that one', () => {
  const { dependencies, devDependencies, overrides } = manifest
  for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
    expect(version, name).toMatch(/^\d+\.\d+\.\d+$/)
    expect(lock.packages[`node_modules/${name}`]?.version, name).toBe(version)
  }
  for (const [name, version] of Object.entries(overrides)) expect(version, name).toMatch(/^\d+\.\d+\.\d+$/)
})

test('A110: everything comes from a registry and is checked by its sum; no other address is named', () => {
  expect(installed.length).toBeGreaterThan(100)
  const odd = installed.filter(
    ([, { resolved, integrity = '', link }]) =>
      link ||
      (resolved !== undefined && !resolved.startsWith('https://registry.npmjs.org/')) ||
      !/^sha512-[\w+/]{86}==$/.test(integrity),
  )
  expect(odd).toEqual([])
  expect(read('package-lock.json').match(/\b(git\+|git@|github:|file:|http:)[^"]*/g) ?? []).toEqual([])
})

test('A110: nothing that is installed runs a script for it, and nor do we', () => {
  expect(installed.filter(([, { hasInstallScript }]) => hasInstallScript).map(([path]) => path)).toEqual([])
  const own = Object.keys(manifest.scripts).filter((name) =>
    /^(pre|post)?(install|prepare|pack)$|^prepublish/.test(name),
  )
  expect(own).toEqual([])
})

test('A110: npm is told to run no script of a package, and to write exact versions', () => {
  expect(read('.npmrc').split('\n')).toEqual(
    expect.arrayContaining(['ignore-scripts=true', 'save-exact=true']),
  )
})

test('A110: no version is installed that is known to be bad', () => {
  const bad = installed.flatMap(([path, { version }]) => {
    const why = complaint(nameOf(path), version)
    return why === undefined ? [] : [`${path} ${version}: ${why}`]
  })
  expect(bad).toEqual([])
})

describe('a version', () => {
  test.each([
    ['chalk', '5.6.1', true],
    ['chalk', '5.6.2', false],
    ['ws', '8.9.9', true],
    ['ws', '8.20.1', true],
    ['ws', '8.21.0', false],
    ['ws', '10.0.0', false],
    ['wsx', '1.0.0', false],
  ])('%s %s is known to be bad: %j', (name, version, bad) => {
    expect(complaint(name, version) !== undefined).toBe(bad)
  })
})
