import fastify from 'fastify'
import { expect, test } from 'vitest'
import { TIMING } from '../../src/gateway/config.ts'
import { CODES } from '../../src/gateway/fault.ts'
import { newMetrics } from '../../src/gateway/metrics.ts'
import { type RouteParts, routes } from '../../src/gateway/routes.ts'
import { ReadinessShape, TaskShape } from '../../src/gateway/shapes.ts'
import { startRig } from '../rig/rig.ts'
import { code, codes, read, table } from './pages.ts'

const PROTOCOL = 'docs/protocol.md'
/** Not part of the API: the form of the locked page, the files of the build, and the heads of pages. */
const UNDESCRIBED = [
  'POST /',
  'POST /leave',
  'GET /{}',
  ...['/', '/docs', '/healthz', '/preview', '/readyz', '/{}'].map((path) => `HEAD ${path}`),
]

/** However a parameter is called, and in whichever way it is written. */
const plain = (method: string, path: string) =>
  `${method.toUpperCase()} ${path.replace(/:\w+|\{\w+\}|\*/g, '{}')}`

const sorted = (names: Iterable<string>) => [...new Set(names)].sort()

function documented(): string[] {
  const named = read(PROTOCOL).matchAll(/`(GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) (\/[^`?\s]*)[^`]*`/g)
  return sorted([...named].map(([, method = '', path = '']) => plain(method, path)))
}

async function registered(): Promise<string[]> {
  const found: string[] = []
  const app = fastify()
  app.addHook('onRoute', ({ method, url }) => {
    for (const one of [method].flat()) found.push(plain(one, url))
  })
  const nothing = () => ({})
  const pages = { index: nothing, enter: nothing, leave: nothing, preview: nothing, asset: nothing }
  const asked = { health: nothing, ready: nothing, metrics: nothing, openapi: nothing, docs: nothing }
  const parts = { page: pages, operations: asked, metrics: newMetrics(), pace: TIMING }
  routes(app, parts as unknown as RouteParts)
  await app.ready()
  await app.close()
  return sorted(found)
}

test('every route that is registered is documented, and no other', async () => {
  expect(documented()).toEqual(await registered())
})

test('the OpenAPI document of a running gateway has the same routes', async () => {
  await using rig = await startRig()
  const response = await rig.fetch('/api/openapi.json')
  const { paths } = (await response.json()) as { paths: Record<string, Record<string, unknown>> }
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => plain(method, path)),
  )
  expect(sorted([...described, ...UNDESCRIBED])).toEqual(documented())
})

test('the table of errors is the list of codes', () => {
  const told = table(PROTOCOL, 'code', 'status', 'meaning').map((row) => [
    code(row.code ?? ''),
    Number(row.status),
  ])
  expect(told).toEqual(Object.entries(CODES))
})

test('every code and every failure that the text names is one', () => {
  const { error } = TaskShape.shape
  const types = error.unwrap().shape.type.options
  const text = read(PROTOCOL)
  const named = [...text.matchAll(/\b(?:4\d\d|5\d\d) `([a-z_]+)`/g)].map(([, name]) => name)
  expect(named.length).toBeGreaterThan(10)
  expect(named.filter((name) => !(name && name in CODES))).toEqual([])
  const failures = table(PROTOCOL, 'status', 'what the reader gets last', 'when').flatMap((row) =>
    codes(row['what the reader gets last'] ?? '').filter((name) => /^[A-Z]/.test(name)),
  )
  expect(sorted(failures)).toEqual(sorted(types))
})

test('the table of endings has every status that a task can end with', () => {
  const told = table(PROTOCOL, 'status', 'what the reader gets last', 'when').map((row) =>
    code(row.status ?? ''),
  )
  expect(sorted([...told, 'running'])).toEqual(sorted(TaskShape.shape.status.options))
})

test('the states of readiness are those that can be told', () => {
  const told = table('docs/operations.md', 'part', 'state', 'meaning', 'remedy').map(
    (row) => `${code(row.part ?? '')} ${code(row.state ?? '')}`,
  )
  const { agent, store, voice, log } = ReadinessShape.shape
  const known = Object.entries({ agent, store, voice, log }).flatMap(([part, { shape }]) =>
    shape.state.options.map((state: string) => `${part} ${state}`),
  )
  expect(sorted(told)).toEqual(sorted(known))
})
