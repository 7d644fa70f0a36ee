import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { type Room, Strangers } from '../../src/gateway/strangers.ts'
import { eventually, within } from '../rig/wait.ts'

/** A server that says nothing, and who comes to it. */
async function house(room: Partial<Room>) {
  const strangers = new Strangers(room)
  const inside: Socket[] = []
  const server = createServer((socket) => void inside.push(socket.on('error', () => {})))
  strangers.watch(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const guests: Socket[] = []
  return {
    strangers,
    /** Comes in from an address of this machine, and is inside when this resolves. */
    async come(localAddress = '127.0.0.1') {
      const guest = connect({ port, host: '127.0.0.1', localAddress }).on('error', () => {})
      guests.push(guest)
      const before = inside.length
      await eventually('the guest to be inside', () => inside.length > before)
      const here = inside.at(-1) as Socket
      return { here, gone: once(guest, 'close'), leave: () => guest.destroy() }
    },
    async [Symbol.asyncDispose]() {
      for (const socket of [...guests, ...inside]) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

test('the one of an address that is here longest makes room for the next, and nobody is turned away', async () => {
  await using at = await house({ each: 2, graceMs: 0 })
  const [first, second] = [await at.come(), await at.come()]
  const third = await at.come()
  await within('the first to be closed', first.gone)
  expect([second, third].map(({ here }) => here.destroyed)).toEqual([false, false])
  expect({ here: at.strangers.here, dropped: at.strangers.dropped }).toEqual({ here: 2, dropped: 1 })
  await at.come()
  await within('the second to be closed', second.gone)
})

test('another address does not pay for that, unless there are too many in all', async () => {
  await using at = await house({ each: 2, all: 3, graceMs: 0 })
  const first = await at.come('127.0.0.2')
  const others = [await at.come(), await at.come()]
  expect(at.strangers.dropped).toBe(0)
  await at.come()
  await within('the first of the crowded address to be closed', others[0]?.gone ?? Promise.reject())
  expect(first.here.destroyed).toBe(false)
  await at.come('127.0.0.3')
  await within('the first of all to be closed', first.gone)
})

test('who has shown the key is no stranger and stays', async () => {
  await using at = await house({ each: 1, graceMs: 0 })
  const known = await at.come()
  at.strangers.know(known.here)
  const first = await at.come()
  await at.come()
  await within('the stranger to be closed', first.gone)
  expect(known.here.destroyed).toBe(false)
  expect(at.strangers.here).toBe(1)
})

test('who has just come has its time to show the key, however many come', async () => {
  await using at = await house({ each: 2, all: 2, graceMs: 60_000 })
  const guests = []
  for (let n = 0; n < 6; n++) guests.push(await at.come())
  expect(guests.some(({ here }) => here.destroyed)).toBe(false)
  expect(at.strangers.here).toBe(6)
})

test('who has gone is forgotten', async () => {
  await using at = await house({ each: 2, graceMs: 0 })
  for (let n = 0; n < 5; n++) {
    const guest = await at.come()
    guest.leave()
    await eventually('the guest to be forgotten', () => at.strangers.here === 0)
  }
  expect(at.strangers.dropped).toBe(0)
})
