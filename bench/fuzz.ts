import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { Splitter } from '../src/gateway/chat/frames.ts'
import { giveBack } from '../src/gateway/chat/spare.ts'
import { DiskStore } from '../src/gateway/store/disk.ts'
import { type Chance, chanceOf, mutated } from './chance.ts'
import { AWKWARD, KEY, REQUESTS, UPGRADE } from './seeds.ts'

/** Seen from the bundle, which lies in a folder of `dist`. */
const MAIN = fileURLToPath(new URL('../server/main.js', import.meta.url))
const AT_ONCE = 16
/** How long the gateway may be silent to a normal question before it counts as hung. */
const PATIENCE_MS = 15_000
/** How long a mutated request may go unanswered: many of them are only half of one. */
const HALF_MS = 200
/** Longer than an idle connection lives, and than the thread that speaks. */
const FORGOTTEN_MS = 90_000

/** Says the bytes in a few pieces, and goes away when there was an answer, or none for long enough. */
async function say(port: number, chance: Chance, bytes: Buffer, then?: Buffer): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' })
  socket.on('error', () => {})
  const cut = chance.below(bytes.length + 1)
  socket.write(bytes.subarray(0, cut))
  socket.write(bytes.subarray(cut))
  const over = once(socket, 'close')
  await Promise.race([once(socket, 'data').catch(() => {}), over, pause(HALF_MS)])
  if (then && !socket.destroyed) {
    socket.write(then)
    await Promise.race([over, pause(HALF_MS / 4)])
  }
  if (chance.below(2) === 0) socket.resetAndDestroy()
  else socket.destroy()
}

function frames(chance: Chance): Buffer {
  const one = () => {
    const payload = chance.bytes(chance.below(130))
    const head = Buffer.from([
      chance.below(4) === 0 ? chance.below(256) : chance.of([0x81, 0x82, 0x88, 0x89, 0x8a, 0x01, 0x00]),
      0x80 | Math.min(127, payload.length),
    ])
    return Buffer.concat([head, chance.bytes(4), payload])
  }
  return Buffer.concat(Array.from({ length: 1 + chance.below(20) }, one))
}

/** The same bytes in two different cuts are the same chunks, and none of them is lost. */
function splitter(chance: Chance): void {
  const words = [
    'data: a',
    'id: 7',
    'event: error',
    ': ping',
    '\n',
    '\n\n',
    '\r',
    '\r\n',
    '\ufeff',
    'retry: 1',
    'data',
  ]
  const text = Array.from({ length: chance.below(40) }, () => chance.of(words)).join('')
  const bytes = chance.below(3) === 0 ? chance.bytes(chance.below(200)) : Buffer.from(text)
  const through = (pieceBytes: () => number) => {
    const cutter = new Splitter()
    for (let at = 0; at < bytes.length; ) {
      const piece = bytes.subarray(at, at + pieceBytes())
      at += piece.length
      cutter.push(piece)
    }
    cutter.finish()
    const batch = cutter.take()
    if (!batch) return ''
    const cut = `${batch.bytes.toString('latin1', 0, batch.used)}|${batch.ends.slice(0, batch.count)}`
    giveBack(batch)
    return cut
  }
  const whole = through(() => bytes.length)
  const pieces = through(() => 1 + chance.below(5))
  if (whole !== pieces)
    throw new Error(`the splitter cut ${JSON.stringify(bytes.toString('latin1'))} in two ways`)
}

const open = (dir: string) =>
  DiskStore.open({
    dir,
    fsync: 'off',
    say: () => {},
    limits: { taskBytes: 1e6, totalBytes: 1e7, tasks: 50, ttlMs: 6e5 },
  })

/** A journal of a few tasks, to be damaged. */
async function journal(dir: string): Promise<void> {
  const store = await open(dir)
  for (let n = 0; n < 8; n += 1) {
    const id = crypto.randomUUID()
    await store.create({ id })
    for (let m = 0; m < 5; m += 1)
      await store.append(id, { bytes: Buffer.from('data: abc\n\ndata: d\n\n'), ends: [11, 20], count: 2 })
    if (n % 2 === 0) await store.end(id, { reason: 'done' })
  }
  await store.close()
}

/** Whatever became of the files, the journal opens, and everything that it lists can be read. */
async function reader(chance: Chance, sound: string, dir: string): Promise<void> {
  await rm(dir, { recursive: true, force: true })
  await cp(sound, dir, { recursive: true })
  const names = (await readdir(dir, { withFileTypes: true }))
    .filter((it) => it.isFile())
    .map(({ name }) => join(dir, name))
  const name = chance.of(names)
  await writeFile(name, mutated(chance, await readFile(name), AWKWARD))
  const store = await open(dir)
  for (const { id, chunks } of await store.list()) {
    const page = await store.read(id, 0)
    if (chunks > 0 && (page?.next ?? 0) === 0) throw new Error(`${id} has ${chunks} chunks and gives none`)
  }
  await store.close()
}

const agent = createServer((request, response) => {
  request.resume()
  request
    .on('error', () => {})
    .on('end', () => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end('data: {"choices":[{"delta":{"content":"hello"}}]}\n\ndata: [DONE]\n\n')
    })
}).listen(0, '127.0.0.1')
await once(agent, 'listening')

const { values } = parseArgs({
  options: { minutes: { type: 'string', default: '1' }, seed: { type: 'string' } },
})
const seed = Number(values.seed ?? Date.now() % 2 ** 31)
const chance = chanceOf(seed)
console.log(`seed ${seed}: npm run fuzz -- --minutes=${values.minutes} --seed=${seed}`)

const dir = await mkdtemp(join(tmpdir(), 'ghost-fuzz-'))
const port = 20_000 + (process.pid % 20_000)
const gateway = spawn(process.execPath, [MAIN], {
  cwd: dir,
  env: {
    PATH: process.env.PATH,
    GHOST_API_KEY: KEY,
    HOST: '127.0.0.1',
    PORT: `${port}`,
    GHOST_AGENT_URL: `http://127.0.0.1:${(agent.address() as AddressInfo).port}`,
    GHOST_LOG_LEVEL: 'error',
  },
  stdio: ['ignore', 'pipe', 'inherit'],
})
await once(gateway.stdout, 'data')
gateway.stdout.resume()

async function normal(): Promise<void> {
  const signal = AbortSignal.timeout(PATIENCE_MS)
  const answer = await fetch(`http://127.0.0.1:${port}/api/chat`, {
    method: 'POST',
    headers: { 'x-ghost-key': KEY },
    body: '{"messages":[],"stream":true}',
    signal,
  })
  if (!(await answer.text()).includes('[DONE]')) throw new Error('a normal chat was not answered')
}
const descriptors = async () => (await readdir(`/proc/${gateway.pid}/fd`)).length

let [requests, sockets, streams, journals] = [0, 0, 0, 0]
try {
  await normal()
  const before = await descriptors()
  await journal(join(dir, 'sound'))
  const until = Date.now() + Number(values.minutes) * 60_000
  while (Date.now() < until) {
    const round = Array.from({ length: AT_ONCE }, () => {
      const frame = chance.below(4) === 0
      if (frame) sockets += 1
      else requests += 1
      return frame
        ? say(port, chance, UPGRADE, frames(chance))
        : say(port, chance, mutated(chance, chance.of(REQUESTS), AWKWARD))
    })
    for (let n = 0; n < 200; n += 1, streams += 1) splitter(chance)
    await reader(chance, join(dir, 'sound'), join(dir, 'damaged'))
    journals += 1
    await Promise.all(round)
    await normal()
    if (gateway.exitCode !== null) throw new Error(`the gateway ended with ${gateway.exitCode}`)
  }
  const forgotten = Date.now() + FORGOTTEN_MS
  while ((await descriptors()) > before + 4) {
    if (Date.now() > forgotten)
      throw new Error(`${(await descriptors()) - before} descriptors are still open`)
    await pause(500)
  }
  await normal()
  console.log(
    `held: ${requests} requests, ${sockets} sockets, ${streams} streams and ${journals} damaged journals, with seed ${seed}`,
  )
} catch (error) {
  process.exitCode = 1
  console.error(error)
  console.log(
    `broken with seed ${seed}, after ${requests} requests, ${sockets} sockets, ${streams} streams and ${journals} damaged journals`,
  )
} finally {
  gateway.kill('SIGKILL')
  agent.closeAllConnections()
  agent.close()
  await rm(dir, { recursive: true, force: true })
}
