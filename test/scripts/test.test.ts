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
