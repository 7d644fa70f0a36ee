import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hello } from '../rig/answers.ts'
import { eventually, within } from '../rig/wait.ts'
import { KEY, type Siege } from './place.ts'
import { pageCookie } from './trydoors.ts'

const MB = 1 << 20

export interface Baseline {
  readonly pid: number | undefined
  readonly resident: number
  readonly descriptors: number
}

const descriptorsOf = async (pid: number | undefined) => (await readdir(`/proc/${pid}/fd`)).length

export async function measure({ server }: Siege): Promise<Baseline> {
  const { pid } = server.child
  return { pid, resident: await server.residentBytes(), descriptors: await descriptorsOf(pid) }
}

/** A text in every way that it is usually written down. */
export function writings(text: string): readonly string[] {
  const bytes = Buffer.from(text)
  const each = (write: (byte: string) => string) =>
    [...bytes].map((byte) => write(byte.toString(16).padStart(2, '0'))).join('')
  // In base64 it begins at any of three places, and its first and last letters depend on what is beside it.
  const base64 = [0, 1, 2].map((shift) =>
    Buffer.concat([Buffer.alloc(shift), bytes])
      .toString('base64')
      .slice(4, -4),
  )
  return [
    text,
    JSON.stringify(text).slice(1, -1),
    JSON.stringify(JSON.stringify(text).slice(1, -1)).slice(1, -1),
    encodeURIComponent(text),
    encodeURI(text),
    new URLSearchParams({ a: text }).toString().slice(2),
    each((hex) => `%${hex}`),
    each((hex) => `%${hex.toUpperCase()}`),
    each((hex) => `\\u00${hex}`),
    each((hex) => `\\x${hex}`),
    bytes.toString('hex'),
    bytes.toString('hex').toUpperCase(),
    ...base64,
    ...base64.map((it) => it.replaceAll('+', '-').replaceAll('/', '_')),
    text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;'),
    bytes.toString('utf16le'),
  ]
}

async function filesBelow(dir: string): Promise<readonly (readonly [name: string, text: string])[]> {
  const names = await readdir(dir, { recursive: true, withFileTypes: true })
  const files = names.filter((it) => it.isFile()).map(({ parentPath, name }) => join(parentPath, name))
  return Promise.all(files.map(async (name) => [name, await readFile(name, 'latin1')] as const))
}

export function aftermath(at: () => Siege, before: () => Baseline): void {
  test('A32, A60, A109: the process is the same, as large as before, with as many files open', async () => {
    const { pid, resident, descriptors } = before()
    expect([at().server.child.pid, at().server.child.exitCode]).toEqual([pid, null])
    await eventually('what was opened is closed', async () => (await descriptorsOf(pid)) <= descriptors + 10)
    expect((await at().server.residentBytes()) - resident).toBeLessThan(250 * MB)
  })

  test('A53: objects are what they were, and a chat is answered', async () => {
    const tasks = await (await at().fetch('/api/chat/tasks')).text()
    expect(tasks).not.toContain('polluted')
    at().agent.play('POST /api/chat', hello)
    const asked = performance.now()
    const response = await at().fetch('/api/chat', { method: 'POST', body: '{"messages":[],"stream":true}' })
    expect(response.status).toBe(200)
    expect(await response.text()).toContain('[DONE]')
    expect(performance.now() - asked).toBeLessThan(2_000)
  })

  test('A17, A25: nothing that opens a door was written down, in any writing', async () => {
    const cookie = (await pageCookie(at())).slice('ghost_page='.length)
    expect(cookie.length).toBeGreaterThan(40)
    at().server.child.kill('SIGTERM')
    const { stdout, stderr, exitCode } = await within('the end of the process', at().server.exited)
    expect(exitCode).toBe(0)
    // At this level every request has its line, or this search would prove nothing.
    expect(stdout.split('\n').length).toBeGreaterThan(2_000)
    const places = [['stdout', stdout], ['stderr', stderr], ...(await filesBelow(at().server.cwd))] as const
    const secrets = [...writings(KEY), ...writings(cookie)]
    const found = places.flatMap(([name, text]) =>
      secrets.filter((it) => text.includes(it)).map((it) => [name, it]),
    )
    expect(found).toEqual([])
    // No request began a line of its own.
    expect(
      stdout
        .split('\n')
        .filter(
          (line) =>
            line !== '' && !/^(?:\{.*\}|\w.*https?:\/\/.*| {2}\w+ +\S.*|SIGTERM: stopping)$/.test(line),
        ),
    ).toEqual([])
  })
}
