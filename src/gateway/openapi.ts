import { z } from 'zod'
import { CODES, type Code } from './fault.ts'
import type { Doc } from './routes.ts'
import { ErrorShape } from './shapes.ts'

/** A route as it was registered. */
export interface Described {
  readonly method: string
  readonly url: string
  readonly guarded: boolean
  readonly doc: Doc
}

export interface OpenApi {
  readonly openapi: '3.1.0'
  readonly info: { readonly title: string; readonly version: string; readonly description: string }
  readonly paths: Record<string, Record<string, Operation>>
  readonly components: object
}

export interface Operation {
  readonly summary: string
  readonly responses: Record<string, { readonly description: string; readonly content?: object }>
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly description: string }[]
  readonly security: readonly object[]
}

const GUARDED: readonly Code[] = ['unauthorized', 'too_many_attempts', 'too_many_requests']

/** The OpenAPI 3.1 document of the routes, from the shapes that check their bodies. */
export function openapi(routes: readonly Described[]): OpenApi {
  const paths: Record<string, Record<string, Operation>> = {}
  for (const route of routes) {
    const path = route.url.replace(/:(\w+)/g, '{$1}').replace('*', '{path}')
    paths[path] ??= {}
    paths[path][route.method.toLowerCase()] = operation(route, path)
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Ghost Interface',
      version: '0.1.0',
      description: 'The gateway between browsers and an AI agent. docs/protocol.md tells the whole story.',
    },
    paths,
    components: {
      securitySchemes: { key: { type: 'apiKey', in: 'header', name: 'X-Ghost-Key' } },
      schemas: { Error: shapeOf(ErrorShape) },
    },
  }
}

function operation({ url, guarded, doc }: Described, path: string): Operation {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    description: url.includes('*') ? 'path below the workspace' : 'id of the task',
    schema: { type: 'string' },
  }))
  const named = (where: string, given: Readonly<Record<string, string>> = {}) =>
    Object.entries(given).map(([name, description]) => ({
      name,
      in: where,
      description,
      schema: { type: 'string' },
    }))
  return {
    summary: doc.summary,
    security: guarded ? [{ key: [] }] : [],
    parameters: [...inPath, ...named('query', doc.query), ...named('header', doc.headers)],
    ...(doc.body && { requestBody: { required: true, content: bodyOf(doc.body) } }),
    responses: { ...goodAnswers(doc), ...refusals([...(guarded ? GUARDED : []), ...(doc.refusals ?? [])]) },
  }
}

function bodyOf(body: z.ZodType | 'file'): object {
  if (body !== 'file') return { 'application/json': { schema: shapeOf(body) } }
  const file = {
    type: 'object',
    required: ['file'],
    properties: { file: { type: 'string', format: 'binary' } },
  }
  return { 'multipart/form-data': { schema: file } }
}

function goodAnswers(doc: Doc): Operation['responses'] {
  return Object.fromEntries(
    Object.entries(doc.answers).map(([status, answer]) => {
      if (typeof answer !== 'string')
        return [
          status,
          { description: doc.summary, content: { 'application/json': { schema: shapeOf(answer) } } },
        ]
      return [
        status,
        answer.includes('/')
          ? { description: doc.summary, content: { [answer]: {} } }
          : { description: answer },
      ]
    }),
  )
}

function refusals(codes: readonly Code[]): Operation['responses'] {
  const byStatus = new Map<number, Code[]>()
  for (const code of codes) byStatus.set(CODES[code], [...(byStatus.get(CODES[code]) ?? []), code])
  return Object.fromEntries(
    [...byStatus].map(([status, named]) => [
      status,
      {
        description: named.map((code) => `\`${code}\``).join(', '),
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } },
      },
    ]),
  )
}

function shapeOf(shape: z.ZodType): object {
  const { $schema: _, ...schema } = z.toJSONSchema(shape, { io: 'input' })
  return schema
}
