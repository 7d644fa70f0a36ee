import { afterAll, beforeAll, describe } from 'vitest'
import { aftermath, type Baseline, measure } from './aftermath.ts'
import { type Siege, startSiege } from './place.ts'
import { tryCrowds } from './trycrowds.ts'
import { tryDoors } from './trydoors.ts'
import { tryRequests } from './tryrequests.ts'
import { trySockets } from './trysockets.ts'

/** One process stands all of it, and shows at the end that it has. */
let siege: Siege
let before: Baseline
beforeAll(async () => {
  siege = await startSiege()
  await siege.fetch('/metrics')
  before = await measure(siege)
})
afterAll(() => siege[Symbol.asyncDispose]())
const at = () => siege

describe('at the doors', () => tryDoors(at))
describe('requests', () => tryRequests(at))
describe('sockets', () => trySockets(at))
describe('crowds', () => tryCrowds(at))
describe('after all of it', () => aftermath(at, () => before))
