import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { beforeAll, expect, test } from 'vitest'
import { batch, finished, readNow } from '../store/tools.ts'
import { bundled, Writer } from './child/process.ts'
import { Place } from './place.ts'

let script: string
beforeAll(async () => {
  const { script: path, remove } = await bundled()
  script = path
  return remove
})

const startOf = (pid: number) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[19]

/** A process that ends when the test does. */
async function other(command = 'echo $$; exec sleep 60') {
  const child = spawn('sh', ['-c', command], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = (await once(child.stdout.setEncoding('utf8'), 'data')) as [string]
  const closed = once(child, 'close')
  return {
    pid: Number(line),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await closed
    },
  }
}

test('F47: refuses a directory that another gateway uses, and says which process that is', async () => {
  await using place = new Place()
  await using writer = new Writer(script, place.dir, 'idle')
  await writer.said(5)
  const lines: string[] = []
  await expect(place.open({ say: (line) => lines.push(line) })).rejects.toThrow(
    `another gateway (process ${writer.pid}) uses the data directory ${place.dir}: stop it, or set GHOST_DATA_DIR to another one`,
  )
  expect(lines).toEqual([])
  await writer.kill()
  await place.open()
})

test('takes over from a process that is gone, and gives the directory back when it closes', async () => {
  await using place = new Place()
  const child = await other()
  const left = `${child.pid} ${startOf(child.pid)} ${hostname()}`
  writeFileSync(place.path('lock'), left)
  await expect(place.open()).rejects.toThrow(`process ${child.pid}`)
  await child[Symbol.asyncDispose]()
  const store = await place.open()
  expect(readFileSync(place.path('lock'), 'utf8')).toContain(`${process.pid} `)
  await store.close()
  expect(existsSync(place.path('lock'))).toBe(false)
})

test('takes over from a process whose number another one has now', async () => {
  await using place = new Place()
  await using child = await other()
  writeFileSync(place.path('lock'), `${child.pid} 1 ${hostname()}`)
  await place.open()
  writeFileSync(place.path('lock'), `${process.pid} 1 ${hostname()}`)
  await place.open()
})

test('takes over from a process that died and that nobody has buried', async () => {
  await using place = new Place()
  // The shell becomes another program, which knows nothing of its child.
  await using child = await other('sleep 0.05 & echo $!; exec sleep 60')
  while (!readFileSync(`/proc/${child.pid}/stat`, 'utf8').includes(') Z ')) await new Promise(setImmediate)
  writeFileSync(place.path('lock'), `${child.pid} ${startOf(child.pid)} ${hostname()}`)
  await place.open()
})

test.each(['', 'garbage', '99999999', '-1 5 x', `${process.pid}`])(
  'takes over a lock that no gateway wrote: %j',
  async (content) => {
    await using place = new Place()
    writeFileSync(place.path('lock'), content)
    await place.open()
  },
)

test('leaves a directory to a gateway on another machine as long as that one touches its lock', async () => {
  await using place = new Place()
  const lock = place.path('lock')
  writeFileSync(lock, '1 4711 another-machine')
  await expect(place.open()).rejects.toThrow(`another gateway (process 1 on another-machine) uses`)
  const before = new Date(Date.now() - 10_000)
  utimesSync(lock, before, before)
  await place.open()
})

test('touches its lock while it runs, and takes it again when it was deleted', async () => {
  await using place = new Place()
  const store = await place.open()
  const lock = place.path('lock')
  const mine = readFileSync(lock, 'utf8')
  const before = new Date(Date.now() - 100_000)
  utimesSync(lock, before, before)
  const { statSync } = await import('node:fs')
  const { eventually } = await import('../rig/wait.ts')
  await eventually('a touch', () => statSync(lock).mtimeMs > before.getTime() + 50_000)
  rmSync(lock)
  await eventually('a new lock', () => existsSync(lock))
  expect(readFileSync(lock, 'utf8')).toBe(mine)
  expect(store.health()).toEqual({ durable: true })
  expect(place.said).toEqual([])
})

test('writes nothing more when another gateway has its directory, says so, and goes on when that one is gone', async () => {
  await using place = new Place()
  const { eventually } = await import('../rig/wait.ts')
  const store = await place.open()
  await using child = await other()
  writeFileSync(place.path('lock'), `${child.pid} ${startOf(child.pid)} ${hostname()}`)
  await eventually('the trouble', () => !store.health().durable)
  expect(store.health().detail).toContain(`another gateway (process ${child.pid})`)
  const id = await finished(store, batch('from memory'))
  const bytes = place.journalBytes
  expect(String(await readNow(store, id))).toBe('from memory')
  expect(place.journalBytes).toBe(bytes)
  await child[Symbol.asyncDispose]()
  await eventually('the recovery', () => store.health().durable)
  expect(place.said).toHaveLength(2)
  expect(String(await readNow(await place.copy().open(), id))).toBe('from memory')
})
