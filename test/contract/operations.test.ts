import { Validator } from '@seriousme/openapi-schema-validator'
import { expect, test } from 'vitest'
import type { Readiness } from '../../src/protocol.ts'
import { DONE, delta, sse } from '../rig/answers.ts'
import { says } from '../rig/events.ts'
import { KEY, type Rig, startRig } from '../rig/rig.ts'
import { gate } from '../rig/wait.ts'
import { API } from './routes.ts'

const readiness = async (rig: Rig) => {
  const response = await rig.fetch('/readyz')
  return { status: response.status, body: (await response.json()) as Readiness }
}

test('healthz says that the process is there, to anyone', async () => {
  await using rig = await startRig()
  await rig.agent.close()
  const response = await rig.stranger('/healthz')
  expect(response.status).toBe(200)
  expect(await response.json()).toEqual({ status: 'ok' })
})

test('readyz names the state of every part', async () => {
  await using rig = await startRig()
  const { status, body } = await readiness(rig)
  expect(status).toBe(200)
  expect(body).toMatchObject({
    status: 'ready',
    agent: { state: 'up' },
    store: { state: 'up', kind: expect.any(String) },
    voice: { state: 'up' },
    log: { state: expect.any(String) },
  })
})

test('readyz is 503 when the agent is down, and says so', async () => {
  await using rig = await startRig()
  await rig.agent.close()
  const { status, body } = await readiness(rig)
  expect(status).toBe(503)
  expect(body).toMatchObject({ status: 'not_ready', agent: { state: 'down' }, store: { state: 'up' } })
})

test('a voice server that is down or not there is told, and no reason to be out of service', async () => {
  await using rig = await startRig()
  await rig.voice.close()
  expect(await readiness(rig)).toMatchObject({ status: 200, body: { voice: { state: 'down' } } })
  await using mute = await startRig({ config: { voiceUrl: undefined } })
  expect(await readiness(mute)).toMatchObject({ status: 200, body: { voice: { state: 'off' } } })
})

/** Metric names with their samples; throws at a line that is no Prometheus text. */
const samples = (text: string): ReadonlyMap<string, number> => {
  const found = new Map<string, number>()
  for (const line of text.split('\n')) {
    if (line === '' || /^# (HELP|TYPE) [a-zA-Z_:][a-zA-Z0-9_:]* \S/.test(line)) continue
    const label = String.raw`[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"`
    const sample = new RegExp(
      String.raw`^([a-zA-Z_:][a-zA-Z0-9_:]*(?:\{(?:${label},?)*\})?) (\S+)( \d+)?$`,
    ).exec(line)
    const value = Number(sample?.[2]?.replace('Nan', 'NaN').replace(/^([+-]?)Inf$/, '$1Infinity'))
    if (!sample?.[1]) throw new Error(`no Prometheus text: ${line}`)
    found.set(sample[1], value)
  }
  return found
}

test('A111: metrics are Prometheus text, for whoever has the key', async () => {
  await using rig = await startRig()
  const running = gate()
  rig.agent.play('POST /api/chat', sse(delta('a'), running, DONE))
  const stream = await rig.chat()
  await stream.until(says('"a"'))
  expect((await rig.stranger('/metrics')).status).toBe(401)
  const response = await rig.fetch('/metrics')
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toMatch(/^text\/plain/)
  const text = await response.text()
  expect(samples(text).size).toBeGreaterThan(5)
  expect(text).not.toContain(KEY)
  expect(text).not.toContain(stream.taskId)
})

test('the described interface is valid OpenAPI 3.1 and has exactly the routes that there are', async () => {
  await using rig = await startRig()
  const described = (await (await rig.fetch('/api/openapi.json')).json()) as {
    openapi: string
    paths: Record<string, Record<string, unknown>>
  }
  expect(described.openapi).toMatch(/^3\.1\./)
  const { valid, errors } = await new Validator().validate(JSON.parse(JSON.stringify(described)))
  expect(errors ?? []).toEqual([])
  expect(valid).toBe(true)
  const methods = ['get', 'head', 'post', 'put', 'patch', 'delete', 'options', 'trace']
  const told = Object.entries(described.paths)
    .flatMap(([path, item]) => Object.keys(item).map((method) => ({ path, method })))
    .filter(({ path, method }) => path.startsWith('/api/') && methods.includes(method))
    .map(({ path, method }) => `${method.toUpperCase()} ${path}`)
  expect(told.sort()).toEqual(API.map(({ method, template }) => `${method} ${template}`).sort())
})

test('every described route is there', async () => {
  await using rig = await startRig()
  for (const { method, path } of API) {
    const response = await rig.fetch(path, { method })
    const told = method === 'HEAD' ? '{}' : await response.text()
    expect([404, 405].includes(response.status) && told.includes('"not_found"'), `${method} ${path}`).toBe(
      false,
    )
    expect(response.status, `${method} ${path}`).not.toBe(405)
  }
})

test('the docs are a page that loads nothing from another host', async () => {
  await using rig = await startRig()
  const response = await rig.fetch('/docs')
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toMatch(/^text\/html/)
  const html = await response.text()
  expect(html).not.toMatch(/(src|href|action)=["']?(https?:)?\/\//i)
  expect(html).not.toContain(KEY)
  for (const { template } of API) expect(html).toContain(template)
})

test('A66, A111: no file of the project can be fetched, only what was built for the browser', async () => {
  await using rig = await startRig()
  for (const path of [
    '/package.json',
    '/.env',
    '/.git/config',
    '/server/main.js',
    '/../package.json',
    '/%2e%2e/package.json',
    '/assets/../../package.json',
    '/assets/..%2f..%2fpackage.json',
    '/assets/%2e%2e/%2e%2e/package.json',
    '/dist/server/main.js',
    '/data/',
  ]) {
    const wire = rig.wire()
    await wire.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nX-Ghost-Key: ${KEY}\r\nConnection: close\r\n\r\n`)
    const { status } = await wire.answer()
    expect([path, status >= 400 && status < 500]).toEqual([path, true])
  }
})
