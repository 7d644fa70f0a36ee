import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { read as source } from '../docs/pages.ts'
import { sources } from '../docs/sources.ts'
import { canCertify, certify } from '../rig/nginx.ts'
import { messages, startRig } from '../rig/rig.ts'

if (!canCertify)
  console.log('not tested: an agent over TLS that nobody vouches for, since there is no openssl')

/** An agent, or a voice server, behind a certificate that it made itself; it counts who came through. */
async function selfMade() {
  const dir = mkdtempSync(join(tmpdir(), 'ghost-agenttls-'))
  const { certificate, key } = certify(dir)
  let asked = 0
  const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) }, (_, response) => {
    asked += 1
    response.setHeader('content-type', 'application/json').end('{}')
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: () => asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

test.skipIf(!canCertify)(
  'A105: an agent whose certificate nobody vouches for is told neither the key nor the question',
  async () => {
    await using agent = await selfMade()
    await using rig = await startRig({ env: { GHOST_AGENT_URL: agent.url } })
    const answer = await rig.post('/api/chat', { messages: messages() })
    expect(answer.status).toBe(502)
    expect(await answer.json()).toMatchObject({ code: 'agent_unreachable' })
    const stream = await rig.chat()
    expect(String(await stream.bytes())).toContain('"type":"UpstreamError"')
    expect(agent.asked()).toBe(0)
  },
)

test.skipIf(!canCertify)('A105: nor is a voice server', async () => {
  await using voice = await selfMade()
  await using rig = await startRig({ env: { GHOST_VOICE_URL: voice.url } })
  const answer = await rig.post('/api/tts', { text: 'hello' })
  expect(answer.status).toBe(502)
  expect(await answer.json()).toMatchObject({ code: 'voice_unreachable' })
  expect(voice.asked()).toBe(0)
})

test('A105: nothing in the gateway turns the checking off', () => {
  const off = sources().filter(({ path }) => /rejectUnauthorized|TLS_REJECT/.test(source(path)))
  expect(off.map(({ path }) => path)).toEqual([])
})
