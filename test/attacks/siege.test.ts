import { afterAll, beforeAll, describe } from 'vitest'
import { type Siege, startSiege } from './place.ts'
import { tryDoors } from './trydoors.ts'
import { tryRequests } from './tryrequests.ts'
import { trySockets } from './trysockets.ts'

/** One process stands all of it. */
let siege: Siege
beforeAll(async () => {
  siege = await startSiege()
})
afterAll(() => siege[Symbol.asyncDispose]())
const at = () => siege

describe('at the doors', () => tryDoors(at))
describe('requests', () => tryRequests(at))
describe('sockets', () => trySockets(at))
