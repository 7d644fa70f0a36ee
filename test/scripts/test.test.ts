import { chmod, rm, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startProject } from './project.ts'

const TESTS = {
  'vitest.config.ts': `export default { test: { include: ['test/**/*.test.ts'] } }`,
  'test/good.test.ts': `
    import { test } from 'vitest'
    test('one', () => {})
    test('two', () => {})
    test.skip('three', () => {})
    test.todo('four')
  `,
  'test/bad.test.ts': `
    import { test } from 'vitest'
    test('five', () => { throw new Error('as it should') })
  `,
  'test/unloadable.test.ts': `throw new Error('before any test')`,
  'test/stray.test.ts': `
    import { test } from 'vitest'
    test('six', () => { Promise.reject(new Error('of no test')) })
  `,
}

test('counts what passed, failed and was skipped', async () => {
  await using project = await startProject()
  await project.write(TESTS)
  const { code, stdout } = await project.run('test', { args: ['test/good', 'test/bad', 'test/unloadable'] })
  expect(stdout).toMatch(/^2 passed, 2 failed, 2 skipped$/m)
  expect(code).toBe(1)
})

test('passes when all pass, and hands its arguments to vitest', async () => {
  await using project = await startProject()
  await project.write(TESTS)
  const { code, stdout } = await project.run('test', { args: ['test/good', '-t', 'one'] })
  expect(stdout).toMatch(/^1 passed, 0 failed, 3 skipped$/m)
  expect(code).toBe(0)
})

test('an error that belongs to no test is a failure all the same', async () => {
  await using project = await startProject()
  await project.write(TESTS)
  const { code, stdout } = await project.run('test', { args: ['test/stray'] })
  expect(stdout).toMatch(/^1 passed, 1 failed$/m)
  expect(code).toBe(1)
})

test.each(['check', 'lint'])('stops at a failed %s and says which step it was', async (step) => {
  await using project = await startProject()
  await project.write(TESTS)
  const { code, stdout, stderr } = await project.run('test', { env: { NPM_RUN_FAILS: step } })
  expect(code).toBe(1)
  expect(stderr).toContain(`npm test stopped at: ${{ check: 'types', lint: 'lint' }[step]}`)
  expect(stdout).not.toMatch(/passed/)
})

/** A machine that has no browser, and nothing else than the commands given. */
async function bare(commands: Readonly<Record<string, string>>) {
  const project = await startProject()
  await rm(join(project.dir, 'bin/chromium'))
  for (const name of ['env', 'true']) await symlink(`/usr/bin/${name}`, join(project.dir, 'bin', name))
  for (const [name, text] of Object.entries(commands)) {
    await project.write({ [`bin/${name}`]: text })
    await chmod(join(project.dir, 'bin', name), 0o755)
  }
  const env = { PATH: join(project.dir, 'bin'), NPM_RUN_FAILS: 'check' }
  return Object.assign(project, { test: () => project.run('test', { env }) })
}
const SUDO = '#!/bin/sh\nshift\nexec "$@"\n'
const APT = '#!/bin/sh\necho "$DEBIAN_FRONTEND $*" >> apt.log\n'

test('installs the system packages that are missing', async () => {
  await using project = await bare({ sudo: SUDO, 'apt-get': APT })
  const { stdout } = await project.test()
  expect(stdout).toContain('Installing chromium\n')
  expect(await project.read('apt.log')).toBe(
    'noninteractive -qq update\nnoninteractive -qq install --yes --no-install-recommends chromium\n',
  )
})

test('stops when they cannot be installed', async () => {
  await using project = await bare({ sudo: SUDO, 'apt-get': `${APT}exit 100` })
  expect((await project.test()).stderr).toContain('npm test stopped at: system packages')
})

test('says what to install where it cannot do so itself, and goes on', async () => {
  await using project = await bare({})
  const { stdout, stderr } = await project.test()
  expect(stderr).toContain('sudo apt-get install chromium\n')
  expect(stdout).toContain('== types')
})
