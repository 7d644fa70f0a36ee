import { expect, test } from 'vitest'
import { KEY, type Rig, startRig } from '../rig/rig.ts'

const LIMIT = 300
const guess = (rig: Rig, path = '/api/chat/tasks') =>
  rig.stranger(path, { headers: { 'x-ghost-key': 'guess' } })

const exhaust = async (rig: Rig) => {
  for (let n = 0; n < LIMIT; n += 1) {
    const response = await guess(rig)
    await response.text()
    expect(response.status).toBe(401)
  }
}

test('A12, A20: more than 300 failed attempts a minute from one address are refused with the time to wait', async () => {
  await using rig = await startRig()
  await exhaust(rig)
  const response = await guess(rig)
  expect(response.status).toBe(429)
  expect(await response.json()).toEqual({ error: expect.stringMatching(/./), code: 'too_many_attempts' })
  const retryAfter = Number(response.headers.get('retry-after'))
  expect(retryAfter).toBeGreaterThanOrEqual(1)
  expect(retryAfter).toBeLessThanOrEqual(60)
})

test('A20: a right key still passes at an address that has failed too often', async () => {
  await using rig = await startRig()
  await exhaust(rig)
  expect((await guess(rig)).status).toBe(429)
  for (let n = 0; n < 20; n += 1) expect((await rig.fetch('/api/chat/tasks')).status).toBe(200)
  expect((await rig.stranger(`/?key=${KEY}`)).status).toBe(200)
  expect((await guess(rig)).status).toBe(429)
})

test('A10, A12, A20, A62: attempts are counted together: by header, by page and by socket, whatever address a header claims', async () => {
  await using rig = await startRig()
  for (let n = 0; n < LIMIT / 3; n += 1) {
    await (await guess(rig)).text()
    await (await rig.stranger(`/?key=guess${n}`)).text()
    const response = await rig.stranger('/%61pi/chat/tasks', {
      headers: { 'x-ghost-key': 'guess', 'x-forwarded-for': `10.0.0.${n}` },
    })
    await response.text()
  }
  expect((await guess(rig)).status).toBe(429)
  expect((await rig.stranger('/?key=guess')).status).toBe(429)
})

test('a client with the key is not counted, however much it asks', async () => {
  await using rig = await startRig()
  for (let n = 0; n < LIMIT + 50; n += 1) {
    const response = await rig.fetch('/api/chat/tasks')
    await response.text()
    expect(response.status).toBe(200)
  }
})
