import { existsSync } from 'node:fs'
import { readdir, rm, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { type Project, startProject } from './project.ts'

const built = async (project: Project) => (await project.run('build')).stderr.match(/^Building (.*)$/m)?.[1]

test('installs and builds once, then only what changed', async () => {
  await using project = await startProject()
  expect(await built(project)).toBe('server and console')
  expect(await built(project)).toBeUndefined()
  expect(await project.npm()).toEqual(['ci --include=dev --prefer-offline'])

  await project.write({ 'src/console/page.ts': `document.title = 'two'` })
  expect(await built(project)).toBe('console')
  await project.write({ 'src/gateway/word.ts': `export const word: string = 'two'` })
  expect(await built(project)).toBe('server')
  await project.write({ 'src/protocol.ts': '' })
  expect(await built(project)).toBe('server and console')
  expect(await built(project)).toBeUndefined()
})

test('sees a file that is gone, one that is older than the build, and output that was deleted', async () => {
  await using project = await startProject()
  await project.write({ 'src/gateway/spare.ts': '' })
  await built(project)

  await rm(join(project.dir, 'src/gateway/spare.ts'))
  expect(await built(project)).toBe('server')
  await utimes(join(project.dir, 'src/gateway/word.ts'), 1, 1)
  expect(await built(project)).toBe('server')
  await rm(join(project.dir, 'dist/console'), { recursive: true })
  expect(await built(project)).toBe('console')
})

test('installs again when the lock file is newer than what is installed', async () => {
  await using project = await startProject()
  await built(project)
  await project.write({ 'package-lock.json': '{ "newer": true }' })
  await built(project)
  expect(await project.npm()).toHaveLength(2)
})

test('a failed build says why and leaves the last good one', async () => {
  await using project = await startProject()
  await project.run('build')
  const good = await project.read('dist/server/main.js')

  await project.write({ 'src/gateway/word.ts': `export { word } from './nowhere.ts'` })
  const { code, stderr } = await project.run('build')
  expect(code).toBe(1)
  expect(stderr).toContain('The build failed. server:')
  expect(stderr).toContain('./nowhere.ts')
  expect(await project.read('dist/server/main.js')).toBe(good)
})

test('a failed install says so and builds nothing', async () => {
  await using project = await startProject()
  const { code, stderr } = await project.run('build', { env: { NPM_FAILS: '1' } })
  expect(code).toBe(1)
  expect(stderr).toContain('npm ci ended with 7')
  expect(existsSync(join(project.dir, 'dist'))).toBe(false)
})

test('what is built names no place of the machine it was built on', async () => {
  await using project = await startProject()
  await project.run('build')
  const names = await readdir(join(project.dir, 'dist/server'), { recursive: true })
  expect(names.sort()).toEqual(['.made-from', 'main.js', 'main.js.map'])
  for (const name of names) expect(await project.read(`dist/server/${name}`)).not.toContain(project.dir)
})
