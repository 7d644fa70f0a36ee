import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parseConfig } from '../../src/gateway/config.ts'
import { within } from '../rig/wait.ts'
import { type Job, startProject } from './project.ts'

const listening = (job: Job, word = 'one') => within('listening', job.says(`listening ${word}`), 15_000)
const stopped = { code: 0, signal: null, stdout: expect.stringMatching(/closed\n$/) }

/** A start as an older Node would see it. */
const pretend = (version: string) => [
  '--import',
  `data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'${version}'}})`,
]

test('installs, builds and listens; the second time it only listens', async () => {
  await using project = await startProject()
  const first = project.job('start')
  await listening(first)
  first.child.kill('SIGTERM')
  expect(await first.ended).toMatchObject(stopped)

  // Nothing that is built needs what it was built with.
  await rm(join(project.dir, 'node_modules'), { recursive: true })
  const second = project.job('start')
  await listening(second)
  second.child.kill('SIGTERM')
  expect(await second.ended).toMatchObject({ ...stopped, stderr: '' })
  expect(await project.npm()).toHaveLength(1)
})

test('starts what the sources say now', async () => {
  await using project = await startProject()
  await project.run('build')
  await project.write({ 'src/gateway/word.ts': `export const word: string = 'two'` })
  await listening(project.job('start'), 'two')
})

test('a signal to the whole process group stops it cleanly', async () => {
  await using project = await startProject()
  const job = project.job('start')
  await listening(job)
  process.kill(-Number(job.child.pid), 'SIGTERM')
  expect(await job.ended).toMatchObject(stopped)
})

test('a signal to npm alone is a signal to it', async () => {
  await using project = await startProject()
  await project.run('build')
  const job = project.job('start', { npm: true, env: { PATH: process.env.PATH, HOME: process.env.HOME } })
  await listening(job)
  job.child.kill('SIGTERM')
  expect(await job.ended).toMatchObject(stopped)
})

test('a signal while it builds ends the build too', async () => {
  await using project = await startProject()
  await project.write({
    'vite.config.ts': `console.error('reading'); await new Promise(() => setInterval(() => {}, 1e6))`,
  })
  const job = project.job('start')
  await within('the build', job.says('reading'), 15_000)
  job.child.kill('SIGTERM')
  // Its output closes only when the build, which shares it, is gone as well.
  expect(await within('the end', job.ended)).toMatchObject({ code: 143 })
})

test('two starts at once install and build once', async () => {
  await using project = await startProject()
  const jobs = [project.job('start'), project.job('start')]
  await Promise.all(jobs.map((job) => listening(job)))
  for (const { child } of jobs) child.kill('SIGTERM')
  const runs = await Promise.all(jobs.map(({ ended }) => ended))
  expect(runs.map(({ code }) => code)).toEqual([0, 0])
  expect(runs.filter(({ stderr }) => stderr.includes('Building'))).toHaveLength(1)
  expect(await project.npm()).toHaveLength(1)
})

test('a build that was killed keeps nobody waiting', async () => {
  await using project = await startProject()
  await project.write({
    'vite.config.ts': `console.error('reading'); await new Promise(() => setInterval(() => {}, 1e6))`,
  })
  const killed = project.job('build')
  await within('the build', killed.says('reading'), 15_000)
  await project.write({ 'vite.config.ts': `export default { root: 'src/console' }` })
  const next = project.job('start')
  await within('the wait', next.says('Another start is at work on this checkout; waiting.'), 15_000)
  killed.child.kill('SIGKILL')
  await listening(next)
})

test('a failed build is a failed start', async () => {
  await using project = await startProject()
  await project.write({ 'src/gateway/main.ts': 'const' })
  const { code, stdout, stderr } = await project.run('start')
  expect(code).toBe(1)
  expect(stderr).toContain('The build failed. server:')
  expect(stdout).toBe('')
})

test.each([undefined, '', ' '])(
  'without a key (%j) it says what the gateway says, and installs nothing',
  async (key) => {
    await using project = await startProject()
    if (key !== undefined) await project.write({ '.env': `GHOST_API_KEY='${key}'` })
    const { code, stderr } = await project.run('start', { env: { GHOST_API_KEY: key ?? '' } })
    expect(code).toBe(1)
    expect(() => parseConfig({})).toThrow(stderr.trim())
    expect(await project.npm()).toEqual([])
  },
)

test('the voice server alone needs no key', async () => {
  await using project = await startProject()
  const job = project.job('start', { args: ['voice'], env: { GHOST_API_KEY: '' } })
  await listening(job)
  job.child.kill('SIGTERM')
  expect(await job.ended).toMatchObject(stopped)
})

test('a key in .env will do', async () => {
  await using project = await startProject()
  await project.write({ '.env': 'GHOST_API_KEY=key' })
  await listening(project.job('start', { env: { GHOST_API_KEY: undefined } }))
})

test.each(['18.20.4', '20.18.9'])('refuses Node %s in one sentence', async (version) => {
  await using project = await startProject()
  for (const script of ['start', 'build', 'test']) {
    const { code, stderr } = await project.run(script, { node: pretend(version) })
    expect(code).toBe(1)
    expect(stderr).toBe(
      `Ghost Interface needs Node 20.19 or newer; this is ${version}, at ${process.execPath}.\n`,
    )
  }
})
