import { expect } from 'vitest'
import { KEY } from '../rig/rig.ts'

export interface Refusal {
  readonly error: string
  readonly code: string
}

const LEAKS = [KEY, 'node_modules', 'file://', '/src/gateway', '    at ', process.cwd()]

/** The body of an error answer, held to the one shape that all of them have. */
export async function refusal(response: {
  readonly status: number
  json(): Promise<unknown>
  readonly headers: { get(name: string): string | null }
}): Promise<Refusal & { status: number }> {
  expect(response.headers.get('content-type')).toMatch(/^application\/json/)
  const body = (await response.json()) as Refusal
  expect(body).toEqual({
    error: expect.stringMatching(/\S/),
    code: expect.stringMatching(/^[a-z][a-z_]*$/),
  })
  for (const leak of LEAKS) expect(body.error).not.toContain(leak)
  return { ...body, status: response.status }
}
