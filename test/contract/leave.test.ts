import { expect, test } from 'vitest'
import { KEY, startRig } from '../rig/rig.ts'

const ENDED = /^ghost_page=[^;]*; Path=\/; Max-Age=0; HttpOnly; SameSite=Strict$/

test('who leaves gets the cookie taken back, and needs no key for it', async () => {
  await using rig = await startRig()
  const entered = await rig.stranger(`/?key=${KEY}`)
  const [cookie = ''] = entered.headers.getSetCookie()
  expect(cookie).not.toMatch(ENDED)
  const left = await rig.stranger('/leave', { method: 'POST', redirect: 'manual' })
  expect([left.status, left.headers.get('location')]).toEqual([303, '/'])
  expect(left.headers.getSetCookie()).toEqual([expect.stringMatching(ENDED)])
  expect(left.headers.get('cache-control')).toBe('no-store')
})

test('A19: no page of another origin signs anyone out', async () => {
  await using rig = await startRig()
  const foreign = await rig.stranger('/leave', {
    method: 'POST',
    redirect: 'manual',
    headers: { origin: 'http://elsewhere.example' },
  })
  expect(foreign.status).toBe(403)
  expect(await foreign.json()).toMatchObject({ code: 'origin_refused' })
  expect(foreign.headers.getSetCookie()).toEqual([])
})
