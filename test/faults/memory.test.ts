import { mkdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TaskView } from '../../src/protocol.ts'
import { startAgent } from '../rig/agent.ts'
import { DONE, hello, sse } from '../rig/answers.ts'
import { words } from '../rig/events.ts'
import { KEY } from '../rig/rig.ts'
import { startServer } from '../rig/server.ts'
import type { Upstream } from '../rig/upstream.ts'
import { eventually } from '../rig/wait.ts'
import { Wire } from '../rig/wire.ts'
import { ALL, ask } from './place.ts'

const BOUND_BYTES = 512 << 20
const COUNT = 200
const MEGABYTES = 50
const CHAT = '{"messages":[],"stream":true}'

/** A control group whose processes together may have so much memory; undefined: there can be none here. */
function boundGroup(bytes: number): string | undefined {
  if (!ALL) return undefined
  for (const [root, limit] of [
    ['/sys/fs/cgroup/memory', 'memory.limit_in_bytes'],
    ['/sys/fs/cgroup', 'memory.max'],
  ] as const) {
    const group = join(root, `ghost-faults-${process.pid}`)
    try {
      mkdirSync(group)
    } catch {
      continue
    }
    try {
      writeFileSync(join(group, limit), `${bytes}`)
      return group
    } catch {
      rmdirSync(group)
    }
  }
  return undefined
}

const group = boundGroup(BOUND_BYTES)
if (ALL && !group) console.log('not tested: a bound on memory, since no control group can be made here')
afterAll(() => group && eventually('the group to be empty', () => isRemoved(group)))

function isRemoved(dir: string): boolean {
  try {
    rmdirSync(dir)
    return true
  } catch {
    return false
  }
}

let agent: Upstream
beforeAll(async () => {
  agent = await startAgent()
})
afterAll(() => agent.close())

test.skipIf(!group)(
  `F50: with ${BOUND_BYTES >> 20} MiB of memory and no more, ${COUNT} answers of ${MEGABYTES} MB at once and as many readers that take nothing end nobody`,
  { timeout: 600_000 },
  async () => {
    await using server = await startServer(
      { GHOST_AGENT_URL: agent.url, GHOST_TASK_LIMIT: `${2 * COUNT}` },
      { before: `echo $$ > ${group}/cgroup.procs && ` },
    )
    expect((await readFile(`${group}/cgroup.procs`, 'utf8')).trim()).toBe(`${server.child.pid}`)
    const event = Buffer.from(`data: ${'x'.repeat(49_992)}\n\n`)
    agent.play('POST /api/chat', sse(...Array<Buffer>(MEGABYTES * 20).fill(event), DONE))
    const begun = Array.from({ length: COUNT }, async () => {
      const wire = new Wire(server.port)
      void wire.write(
        `POST /api/chat HTTP/1.1\r\nHost: a\r\nX-Ghost-Key: ${KEY}\r\nContent-Length: ${CHAT.length}\r\n\r\n${CHAT}`,
      )
      await wire.until('\r\n\r\n')
      wire.socket.pause()
      return wire
    })
    const wires = await Promise.all(begun)
    for (const { heard } of wires) expect(String(heard)).toMatch(/^HTTP\/1\.1 200 /)
    const tasks = await eventually(
      'none of them to be running',
      async () => {
        const body = (await (await server.fetch('/api/chat/tasks')).json()) as { tasks: readonly TaskView[] }
        return body.tasks.every(({ status }) => status !== 'running') && body.tasks
      },
      300_000,
    )
    expect(tasks).toHaveLength(COUNT)
    // Together they are more than may be kept: what is missing is said.
    for (const { status, error } of tasks)
      expect([status, error?.type]).toEqual(['truncated', 'BufferCapExceeded'])
    expect(server.child.exitCode ?? server.child.signalCode).toBeNull()
    for (const wire of wires) wire.leave()
    agent.play('POST /api/chat', hello)
    expect(words(await (await ask(server)).rest())).toBe('hello')
  },
)
