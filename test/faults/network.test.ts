import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { failure, says, words } from '../rig/events.ts'
import { startServer } from '../rig/server.ts'
import { eventually, within } from '../rig/wait.ts'
import { ALL, ask, descriptors, newPlace } from './place.ts'
import { PROGRAM, TICKS } from './tickingagent.ts'

const isAble = ALL && process.getuid?.() === 0 && ['ip', 'tc', 'unshare'].every(isThere)
if (ALL && !isAble)
  console.log('not tested: networks of two machines, since ip, tc, unshare and root are needed')

function isThere(program: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const run = (line: string) => execFileSync('sh', ['-ec', line], { stdio: 'pipe' })
const NEAR = 'ghostnear'
const FAR = 'ghostfar'
const AGENT = 'http://10.213.7.2:9000'

describe.skipIf(!isAble)('with the agent on another machine', () => {
  beforeAll(async () => {
    run(`ip netns add ${FAR}; ip link add ${NEAR} type veth peer name ${FAR} netns ${FAR}
      ip addr add 10.213.7.1/24 dev ${NEAR}; ip link set ${NEAR} up
      ip -n ${FAR} addr add 10.213.7.2/24 dev ${FAR}; ip -n ${FAR} link set ${FAR} up`)
  })
  afterAll(() => run(`ip link del ${NEAR} || true; ip netns del ${FAR}`))

  async function farAgent() {
    const program = PROGRAM.replace("'127.0.0.1'", "'10.213.7.2'")
    const child = spawn('ip', ['netns', 'exec', FAR, process.execPath, '-e', program, '9000'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const exited = once(child, 'exit')
    await within('the agent', once(child.stdout, 'data'))
    return {
      async [Symbol.asyncDispose]() {
        child.kill('SIGKILL')
        await exited
      },
    }
  }

  test('F21: an agent whose machine vanishes costs its answer at the time limit, and nothing more', async () => {
    await using _ = await farAgent()
    await using server = await startServer({
      GHOST_AGENT_URL: AGENT,
      GHOST_CHAT_TIMEOUT: '2',
      GHOST_CHAT_CONNECT_TIMEOUT: '1',
    })
    expect(words(await (await ask(server)).rest())).toBe(TICKS)
    const before = await descriptors(server)
    const stream = await ask(server)
    await stream.until(says('"20 "'))
    run(`ip link set ${NEAR} down`)
    try {
      expect(failure(await stream.rest())?.type).toBe('UpstreamTimeout')
      expect(failure(await (await ask(server)).rest())).toBeDefined()
      await eventually('nothing of it is left', async () => (await descriptors(server)) <= before)
    } finally {
      run(`ip link set ${NEAR} up`)
    }
    await eventually('an answer again', async () => {
      const items = await (await ask(server)).rest()
      return failure(items) === undefined && words(items) === TICKS
    })
  })

  test('F22: over a line of 64 kbit that drops what does not fit everything comes as it was', {
    timeout: 120_000,
  }, async () => {
    await using _ = await farAgent()
    await using server = await startServer({ GHOST_AGENT_URL: AGENT })
    run(`ip netns exec ${FAR} tc qdisc add dev ${FAR} root tbf rate 64kbit burst 2000 limit 3000`)
    try {
      const streams = await Promise.all(Array.from({ length: 4 }, () => ask(server)))
      for (const stream of streams) expect(words(await stream.rest(100_000))).toBe(TICKS)
      const told = String(run(`ip netns exec ${FAR} tc -s qdisc show dev ${FAR}`))
      expect(Number(/dropped (\d+)/.exec(told)?.[1])).toBeGreaterThan(0)
    } finally {
      run(`ip netns exec ${FAR} tc qdisc del dev ${FAR} root`)
    }
  })

  test('F23: a resolver that says nothing delays no page and no disk, however many ask for the agent', {
    timeout: 120_000,
  }, async () => {
    await using place = await newPlace()
    const resolver = join(place.dir, 'resolv.conf')
    await writeFile(resolver, 'nameserver 10.213.7.77\noptions timeout:20 attempts:1\n')
    await using server = await startServer(
      { GHOST_AGENT_URL: 'http://agent.example:9000', GHOST_CHAT_CONNECT_TIMEOUT: '5' },
      {
        before: `exec unshare -m sh -c 'mount --bind ${resolver} /etc/resolv.conf && exec "$0" "$@"' "$0" "$@"; `,
      },
    )
    const streams = await Promise.all(Array.from({ length: 12 }, () => ask(server)))
    for (let n = 0; n < 5; n += 1) {
      const asked = performance.now()
      const page = await server.fetch(`/?key=${server.key}`)
      const [asset] = /\/assets\/[^"]+/.exec(await page.text()) ?? []
      expect((await within('a file of the page', server.fetch(asset ?? ''), 2_000)).status).toBe(200)
      expect(performance.now() - asked).toBeLessThan(2_000)
    }
    for (const stream of streams) expect(failure(await stream.rest(30_000))).toBeDefined()
  })
})
